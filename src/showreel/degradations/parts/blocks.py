"""Blocks of a data set, degraded: the randomness of an example depends on seed, split and index alone."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from showreel.storage import fields, prepared
from showreel.storage.fields import SPLITS, Fields, Split


def degraded(module: Any, clean: Path, split: Split, *, seed: int, options: Mapping[str, Any]) -> Iterator[Fields]:
    """Yield a split in blocks of the fields that a degradation changes, in order.

    Args:
        module: a file of `degradations/`.
        clean: the prepared file of the data set.
        split: which one.
        seed: of all randomness, 0 … 2⁶³ - 1.
        options: the degradation's.
    """
    start = 0
    for block in prepared.stream(clean, split, module.FIELDS):
        count = fields.count(next(iter(block.values())))
        yield {
            field: module.degrade(rows, image_generators(seed, split, start, count), **options)
            for field, rows in block.items()
        }
        start += count


def image_generators(seed: int, split: Split, start: int, count: int) -> Iterator[np.random.Generator]:
    """Yield one random generator an image: Philox with the seed as its key and (split, index) as its counter.

    It is one object that is set anew for each image, so draw all of an image's numbers before the next image.
    """
    bits = np.random.Philox(key=seed, counter=[0, 0, start, SPLITS.index(split)])
    generator = np.random.Generator(bits)
    state = _in_lists(bits.state)
    counter = state["state"]["counter"]
    for index in range(start, start + count):
        counter[2] = index
        bits.state = state
        yield generator


def _in_lists(state: Any) -> Any:
    """Return a generator's state with lists for arrays: setting it takes a quarter of the time."""
    if isinstance(state, dict):
        return {name: _in_lists(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state
