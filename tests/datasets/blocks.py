"""Data set modules by their paths, and blocks of their fields: joined, compared, held to what `fields()` says."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from showreel.storage import fields, prepared
from showreel.storage.fields import DTYPES, Described, Field, Fields, Ragged, Rows

IGNORED = 255
"""What masks say of pixels that have no class."""


def loaded(path: Path) -> ModuleType:
    """Import a data set that lies outside the package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def joined(blocks: Iterable[Fields]) -> dict[str, Rows]:
    """Put the blocks of a split together."""
    every = list(blocks)
    return {name: prepared.joined([block[name] for block in every]) for name in every[0]}


def arrays(blocks: Iterable[Fields]) -> dict[str, NDArray[Any]]:
    """Put the blocks of a split without ragged fields together."""
    split = joined(blocks)
    for rows in split.values():
        assert not isinstance(rows, Ragged)
    return {name: np.asarray(rows) for name, rows in split.items()}


def same(first: Fields, second: Fields) -> bool:
    """Say whether two blocks have the same fields with the same rows."""
    return first.keys() == second.keys() and all(
        len(parts) == len(others) and all(map(np.array_equal, parts, others))
        for parts, others in ((_parts(first[name]), _parts(second[name])) for name in first)
    )


def check(block: Fields, described: dict[str, Field]) -> dict[str, Described]:
    """Hold a block to what its data set says of its fields, and return them with the shapes of their rows."""
    assert block.keys() == described.keys()
    (count,) = {fields.count(rows) for rows in block.values()}
    assert count > 0
    return {name: _checked(block[name], field) for name, field in described.items()}


def _checked(rows: Rows, field: Field) -> Described:
    """Hold the rows of one field to its kind: type, axes, lengths and the numbers that there may be."""
    assert isinstance(rows, Ragged) is field.ragged
    values = rows.values if isinstance(rows, Ragged) else rows
    if isinstance(rows, Ragged):
        assert (rows.lengths.dtype.name, rows.lengths.ndim) == ("int64", 1)
        assert rows.lengths.min() >= 0
        assert rows.lengths.sum() == len(values)
    assert values.dtype == DTYPES[field.kind]
    shape = Described(field, values.shape[1:])
    assert not fields.oddness(shape)
    if field.kind in ("label", "mask"):
        assert field.classes
    if field.kind == "mask":
        assert len(field.colours) == len(field.classes)
        assert all(0 <= value <= 255 for colour in field.colours for value in colour)
    if field.classes:
        assert len(set(field.classes)) == len(field.classes)
        numbers = values[values != IGNORED] if field.kind == "mask" else values
        assert np.all((numbers >= 0) & (numbers < len(field.classes)))
    return shape


def _parts(rows: Rows) -> tuple[NDArray[Any], ...]:
    return tuple(rows) if isinstance(rows, Ragged) else (rows,)
