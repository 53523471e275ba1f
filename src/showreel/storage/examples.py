"""What a network is given and what it is to answer, row by row: in parts or in any order.

An input's file holds the fields that its degradation changes; whatever else there is comes from its data set's own
file. Their rows belong together.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from showreel.storage import prepared, slices
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Described, Fields, Rows, Split
from showreel.storage.prepared import EVERY_ROW
from showreel.storage.slices import Size

PART_VALUES = 1 << 23
"""Values of the largest field that one part has at most."""

PART_ROWS = 1024
"""Every part but the last is of a multiple of so many rows, or of fewer: whole batches of predictions."""


class Example(NamedTuple):
    """Some examples: field → rows."""

    inputs: Fields
    targets: Fields


class Place(NamedTuple):
    """Where a field is, and what."""

    path: Path
    described: Described


@dataclass(frozen=True)
class ExampleSplit:
    """One split of an input and of its data set.

    Attributes:
        split: which one.
        count: its examples.
        input_places: field → where it is.
        target_places: field → where it is.
    """

    split: Split
    count: int
    input_places: Mapping[str, Place]
    target_places: Mapping[str, Place]

    @classmethod
    def of(
        cls, input_file: Path, dataset_file: Path, split: Split, inputs: Collection[str], targets: Collection[str]
    ) -> Self:
        """Look the fields up.

        Args:
            input_file: the prepared file of what the network is given; the data set's own where nothing is degraded.
            dataset_file: the data set's own prepared file.
            split: which one.
            inputs: the fields that the network is given.
            targets: the fields that it is to answer; always the data set's own.

        Raises:
            ShowreelError: a file is missing or damaged, they do not have as many rows, or a field is in neither.
        """
        count = prepared.count(dataset_file, split)
        if prepared.count(input_file, split) != count:
            raise ShowreelError(
                f"{input_file}: its {split} split does not match {dataset_file}; run its degrade stage again"
            )
        own = {name: Place(dataset_file, about) for name, about in prepared.described(dataset_file).items()}
        changed = {name: Place(input_file, about) for name, about in prepared.described(input_file).items()}
        for name in (*inputs, *targets):
            if name not in own:
                raise ShowreelError(
                    f"{dataset_file}: has no field {name}, which the task needs; it has {', '.join(own)}"
                )
        given = own | changed
        return cls(split, count, {name: given[name] for name in inputs}, {name: own[name] for name in targets})

    @property
    def inputs(self) -> dict[str, Described]:
        """The fields that the network is given."""
        return {name: place.described for name, place in self.input_places.items()}

    @property
    def targets(self) -> dict[str, Described]:
        """The fields that it is to answer."""
        return {name: place.described for name, place in self.target_places.items()}

    @property
    def row_bytes(self) -> int:
        """Bytes of an example; the mean, where rows differ in length."""
        size = sum(self._row_bytes(place, name) for name, place in self._all())
        return max(1, size)

    @property
    def run_rows(self) -> int:
        """Consecutive rows that the files keep together: of the field with the largest rows."""
        return prepared.chunk_rows(max(self._row_bytes(place, name) for name, place in self._all()))

    def read(self, rows: slice = EVERY_ROW) -> Example:
        """Read consecutive rows, or all."""
        return Example(*(self._read(places, rows) for places in (self.input_places, self.target_places)))

    def read_runs(self, runs: Sequence[slice]) -> Example:
        """Read several runs of consecutive rows, one after the other."""
        return Example(*(self._read(places, runs) for places in (self.input_places, self.target_places)))

    def parts(self, values: int = PART_VALUES) -> Iterator[Example]:
        """Yield all rows in order, as many at a time as fit into memory on any machine."""
        for rows in self.slices(values):
            yield self.read(rows)

    def slices(self, values: int) -> list[slice]:
        """Cut the rows into slices of at most so many values of the largest field, or of one row."""
        sizes = [self._sizes(place, name) for name, place in self._all()]
        return slices.cut(self.count, values, sizes, PART_ROWS)

    def _all(self) -> list[tuple[str, Place]]:
        return [*self.input_places.items(), *self.target_places.items()]

    def _row_bytes(self, place: Place, name: str) -> int:
        return prepared.row_bytes(place.path, self.split, name)

    def _sizes(self, place: Place, name: str) -> Size:
        return prepared.sizes(place.path, self.split, name) // place.described.dtype.itemsize

    def _read(self, places: Mapping[str, Place], rows: slice | Sequence[slice]) -> dict[str, Rows]:
        fields: dict[str, Rows] = {}
        for path in dict.fromkeys(place.path for place in places.values()):
            names = [name for name, place in places.items() if place.path == path]
            if isinstance(rows, slice):
                fields |= prepared.read(path, self.split, rows, names)
            else:
                fields |= prepared.read_runs(path, self.split, rows, names)
        return {name: fields[name] for name in places}


def picked(source: ExampleSplit, rows: "Sequence[int] | np.typing.NDArray[np.int64]") -> Example:
    """Read some single rows, in the order given."""
    examples = [source.read(slice(int(row), int(row) + 1)) for row in rows]
    return Example(
        *({name: prepared.joined([part[name] for part in parts]) for name in parts[0]}
          for parts in zip(*examples, strict=True))
    )  # fmt: skip
