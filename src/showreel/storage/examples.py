"""Inputs and targets of one split, out of two prepared files whose rows belong together: in parts or in any order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from showreel.storage import prepared
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Split

PART_VALUES = 1 << 23
"""Values of the targets that one part has at most."""

PART_ROWS = 1024
"""Every part but the last is of a multiple of so many rows, or of fewer: whole batches of predictions."""


class Pairs(NamedTuple):
    """Inputs and targets: uint8 (n, h', w', c) and uint8 (n, h, w, c)."""

    degraded: NDArray[np.uint8]
    target: NDArray[np.uint8]


@dataclass(frozen=True)
class PairedSplit:
    """One split of a prepared file of inputs and of one of targets.

    Attributes:
        degraded: the file of inputs.
        clean: the file of targets.
        split: which one.
        count: its images.
        input_shape: (height, width, channels) of an input.
        output_shape: (height, width, channels) of a target.
    """

    degraded: Path
    clean: Path
    split: Split
    count: int
    input_shape: tuple[int, int, int]
    output_shape: tuple[int, int, int]

    @classmethod
    def of(cls, degraded: Path, clean: Path, split: Split) -> Self:
        """Look two files up.

        Raises:
            ShowreelError: one is missing or damaged, or they do not have as many images.
        """
        count = prepared.count(clean, split)
        if prepared.count(degraded, split) != count:
            raise ShowreelError(f"{degraded}: its {split} split does not match {clean}; run its degrade stage again")
        return cls(degraded, clean, split, count, prepared.image_shape(degraded), prepared.image_shape(clean))

    @property
    def image_bytes(self) -> int:
        """Bytes of an input and its target."""
        return int(np.prod(self.input_shape) + np.prod(self.output_shape))

    def read(self, rows: slice = prepared.EVERY_ROW) -> Pairs:
        """Read consecutive rows, or all."""
        return Pairs(*(prepared.read_split(path, self.split, rows).images for path in (self.degraded, self.clean)))

    def read_runs(self, runs: Sequence[slice]) -> Pairs:
        """Read several runs of consecutive rows, one after the other."""
        return Pairs(*(prepared.read_runs(path, self.split, runs) for path in (self.degraded, self.clean)))

    def parts(self) -> Iterator[Pairs]:
        """Yield all rows in order, as many at a time as fit into memory on any machine."""
        rows = max(1, PART_VALUES // int(np.prod(self.output_shape)))
        rows = rows // PART_ROWS * PART_ROWS or rows
        for start in range(0, self.count, rows):
            yield self.read(slice(start, start + rows))
