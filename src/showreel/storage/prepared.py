"""Prepared files: named fields of three splits, written in a fixed order and read whole or in parts.

Each split is a group with an array a field, a row an example. The rows of a ragged field lie end to end, and
`<field>.offsets` says where each begins. Before each write the room on the disk is proved: where one of its own writes
fails, HDF5 takes Python down with it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from showreel.storage import disk_space, fields, hdf5, past_hdf5, slices
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import DTYPES, Described, Field, Fields, Ragged, Rows, Split
from showreel.storage.slices import Size

CHUNK_BYTES = 256 * 1024
BLOCK_BYTES = 16 * 1024 * 1024

EVERY_ROW = slice(None)
OFFSETS = ".offsets"
"""What ends the name of the array that says where the rows of a ragged field begin: int64 (n + 1,)."""
ABOUT = "field."
"""What begins the name of the attribute that describes a field."""
OFFSETS_CHUNK = 16384

MEND = "delete it and run its stage again"


def write(
    path: Path,
    splits: Iterable[tuple[Split, Iterable[Fields]]],
    described: Mapping[str, Field],
    attributes: Mapping[str, Any],
) -> None:
    """Stream blocks of fields into a prepared file; only one block of a split is in memory at a time.

    Args:
        path: where it goes: a temporary file that its caller publishes.
        splits: split names with their blocks: field → rows, all of one number.
        described: field → what its numbers mean; the blocks hold these fields and no others.
        attributes: what the file says of itself, in HDF5's own types.

    Raises:
        ShowreelError: a split is empty, its rows differ in shape or are not what the fields say, or the disk is full.
    """
    disk_space.prove(path, 0)
    with hdf5.created(path) as file:
        file.attrs.update(attributes)
        for name, field in described.items():
            file.attrs[ABOUT + name] = fields.to_json(field)
        for split, blocks in splits:
            group, count = file.create_group(split), 0
            for block in blocks:
                disk_space.prove(path, sum(map(_size, block.values())))
                _check_block(block, described, path)
                for name, field in described.items():
                    _append(group, name, field, block[name], path)
                count += fields.count(next(iter(block.values())))
            if not count:
                raise ShowreelError(f"{path}: the {split} split has no examples")
            group.attrs["count"] = count


def attributes(path: Path) -> dict[str, Any]:
    """Return what a prepared file says of itself: data set, degradation and so on."""
    with hdf5.opened(path) as file:
        own = ("format", "complete")
        return {name: value for name, value in file.attrs.items() if name not in own and not name.startswith(ABOUT)}


def described(path: Path) -> dict[str, Described]:
    """Return the fields of a prepared file by name.

    Raises:
        ShowreelError: the file is damaged, or is none of ours.
    """
    with hdf5.opened(path) as file:
        names = [name.removeprefix(ABOUT) for name in file.attrs if name.startswith(ABOUT)]
        return {name: _described(file, "test", name, path) for name in names}


def count(path: Path, split: Split) -> int:
    """Return how many examples a split has."""
    with hdf5.opened(path) as file:
        return int(file[split].attrs["count"])


def read(path: Path, split: Split, rows: slice = EVERY_ROW, names: Collection[str] | None = None) -> dict[str, Rows]:
    """Read some rows of a split into memory; of all fields, or of those that are named."""
    with hdf5.opened(path) as file:
        return {name: _read(file, split, name, rows, path) for name in _chosen(file, names)}


def read_runs(path: Path, split: Split, runs: Sequence[slice], names: Collection[str] | None = None) -> dict[str, Rows]:
    """Read several runs of consecutive rows of a split, one after the other.

    Rows of one size are read past HDF5, twice as fast, and past its checksums: for files whose digests were compared
    before.

    Raises:
        ShowreelError: the file is damaged, or keeps rows in pieces.
    """
    with hdf5.opened(path) as file, path.open("rb", buffering=0) as raw:
        rows: dict[str, Rows] = {}
        for name in _chosen(file, names):
            if _described(file, split, name, path).field.ragged:
                rows[name] = joined([_read(file, split, name, run, path) for run in runs])
            else:
                rows[name] = past_hdf5.read(file[split][name], runs, raw.fileno())
        return rows


def stream(path: Path, split: Split, names: Collection[str] | None = None) -> Iterator[dict[str, Rows]]:
    """Yield one split in blocks of at most `BLOCK_BYTES`, or of one row, in order."""
    with hdf5.opened(path) as file:
        chosen, total = _chosen(file, names), int(file[split].attrs["count"])
        size = slices.together([_sizes(file, split, name, path) for name in chosen], total)
        for rows in slices.cut(total, BLOCK_BYTES, [size]):
            yield {name: _read(file, split, name, rows, path) for name in chosen}


def row_bytes(path: Path, split: Split, name: str) -> int:
    """Return the bytes of a field's row; the mean, where rows differ in length."""
    with hdf5.opened(path) as file:
        return _row_bytes(file, split, name, path)


def sizes(path: Path, split: Split, name: str) -> Size:
    """Return the bytes of a field's rows: of each, or, where they differ, where each begins and the last one ends."""
    with hdf5.opened(path) as file:
        return _sizes(file, split, name, path)


def joined(parts: Sequence[Rows]) -> Rows:
    """Put consecutive rows of one field together."""
    if isinstance(parts[0], Ragged):
        values, lengths = zip(*parts, strict=True)
        return Ragged(np.concatenate(values), np.concatenate(lengths))
    return np.concatenate(parts)


def chunk_rows(row_bytes: int) -> int:
    """Return how many rows of so many bytes a prepared file keeps in one piece."""
    return max(1, CHUNK_BYTES // row_bytes)


def _chosen(file: h5py.File, names: Collection[str] | None) -> list[str]:
    everything = [name.removeprefix(ABOUT) for name in file.attrs if name.startswith(ABOUT)]
    return [name for name in everything if names is None or name in names]


def _size(rows: Rows) -> int:
    return int(rows.values.nbytes + rows.lengths.nbytes) if isinstance(rows, Ragged) else int(rows.nbytes)


def _row_bytes(file: h5py.File, split: Split, name: str, path: Path) -> int:
    """Return the bytes of a field's row; the mean of a ragged one."""
    about = _described(file, split, name, path)
    if not about.field.ragged:
        return about.row_bytes
    return max(1, about.row_bytes * len(file[split][name]) // int(file[split].attrs["count"]))


def _sizes(file: h5py.File, split: Split, name: str, path: Path) -> Size:
    about = _described(file, split, name, path)
    if not about.field.ragged:
        return about.row_bytes
    return np.asarray(file[split][name + OFFSETS], np.int64) * about.row_bytes


def _check_block(block: Fields, described: Mapping[str, Field], path: Path) -> None:
    """Refuse a block whose fields are not those of the file, or differ in their number of rows."""
    if block.keys() != described.keys():
        raise ShowreelError(f"{path}: a block of {', '.join(block)} instead of {', '.join(described)}")
    if len({fields.count(rows) for rows in block.values()}) > 1:
        raise ShowreelError(f"{path}: the fields of a block differ in their number of rows")


def _append(group: h5py.Group, name: str, field: Field, rows: Rows, path: Path) -> None:
    """Lengthen a field of a split by one block; the first block fixes the shape of a row."""
    if isinstance(rows, Ragged) != field.ragged:
        raise ShowreelError(f"{path}: {name} comes {'in' if field.ragged else 'not in'} rows of one length")
    values = rows.values if isinstance(rows, Ragged) else rows
    if reason := fields.oddness(Described(field, values.shape[1:])):
        raise ShowreelError(f"{path}: {name} is no {field.kind}: {reason}")
    if name not in group:
        _create(group, name, field, values)
    stored = group[name]
    if values.shape[1:] != stored.shape[1:] or values.dtype != stored.dtype:
        raise ShowreelError(
            f"{path}: {name} has rows of {values.dtype} {values.shape[1:]} after rows of {stored.dtype} "
            f"{stored.shape[1:]}"
        )
    start = len(stored)
    if isinstance(rows, Ragged):
        _lengthen(group[name + OFFSETS], start + np.cumsum(rows.lengths))
    _lengthen(stored, values)


def _create(group: h5py.Group, name: str, field: Field, values: NDArray[Any]) -> None:
    shape, dtype = values.shape[1:], DTYPES[field.kind]
    rows = chunk_rows(int(np.prod(shape, dtype=np.int64)) * dtype.itemsize)
    chunks = (rows, *shape)
    group.create_dataset(name, (0, *shape), dtype, maxshape=(None, *shape), chunks=chunks, fletcher32=True)
    if field.ragged:
        starts = group.create_dataset(
            name + OFFSETS, (1,), np.int64, maxshape=(None,), chunks=(OFFSETS_CHUNK,), fletcher32=True
        )
        starts[0] = 0


def _lengthen(stored: h5py.Dataset, values: NDArray[Any]) -> None:
    start = len(stored)
    stored.resize(start + len(values), axis=0)
    stored[start:] = values


def _described(file: h5py.File, split: Split, name: str, path: Path) -> Described:
    """Return a field as a split has it, or refuse a split that is not as long as it says, or not of such a field."""
    field = fields.from_json(file.attrs[ABOUT + name])
    group = file[split]
    stored, expected = group[name], int(group.attrs["count"])
    rows = len(group[name + OFFSETS]) - 1 if field.ragged else len(stored)
    if rows != expected:
        raise ShowreelError(f"{path}: the {split} split is shorter than it says; {MEND}")
    about = Described(field, tuple(map(int, stored.shape[1:])))
    is_odd = field.ragged and (group[name + OFFSETS].dtype != np.int64 or group[name + OFFSETS].ndim != 1)
    if is_odd or stored.dtype != DTYPES[field.kind] or fields.oddness(about):
        raise ShowreelError(f"{path}: the {split} split holds no {field.kind} as {name}; {MEND}")
    return about


def _read(file: h5py.File, split: Split, name: str, rows: slice, path: Path) -> Rows:
    """Read some rows of a field; those of a ragged one have to be consecutive."""
    about = _described(file, split, name, path)
    stored = file[split][name]
    if not about.field.ragged:
        return np.asarray(stored[rows])
    start, stop, step = rows.indices(int(file[split].attrs["count"]))
    if step != 1:
        return joined([_read(file, split, name, slice(row, row + 1), path) for row in range(start, stop, step)])
    offsets = file[split][name + OFFSETS][start : max(start, stop) + 1]
    if (np.diff(offsets) < 0).any() or offsets[0] < 0 or offsets[-1] > len(stored):
        raise ShowreelError(f"{path}: the rows of {name} in the {split} split overlap or end beyond it; {MEND}")
    return Ragged(np.asarray(stored[offsets[0] : offsets[-1]]), np.diff(offsets))
