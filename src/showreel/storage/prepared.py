"""Prepared files, reels and their like: what is in them, written in a fixed order and read whole or in parts.

Before each write the room on the disk is proved: where one of its own writes fails, HDF5 takes Python down with it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import h5py
import numpy as np
from numpy.typing import NDArray

from showreel.storage import disk_space, hdf5
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Block, Split

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CHUNK_BYTES = 256 * 1024
BLOCK_BYTES = 16 * 1024 * 1024

EVERY_ROW = slice(None)
Attributes = Mapping[str, Any]


def write_prepared(path: Path, splits: Iterable[tuple[Split, Iterable[Block]]], attributes: Attributes) -> None:
    """Stream blocks of images into a prepared file; only one block of a split is in memory at a time.

    Args:
        path: where it goes: a temporary file that its caller publishes.
        splits: split names with their blocks: images uint8 (n, h, w, c), labels int32 (n,).
        attributes: what the file says of itself, in HDF5's own types.

    Raises:
        ShowreelError: a split is empty, its images differ in size, or the disk is full.
    """
    disk_space.prove(path, 0)
    with hdf5.created(path) as file:
        file.attrs.update(attributes)
        for split, blocks in splits:
            group = file.create_group(split)
            for block in blocks:
                disk_space.prove(path, block.images.nbytes + block.labels.nbytes)
                _append(group, block, path)
            if "images" not in group:
                raise ShowreelError(f"{path}: the {split} split has no images")
            group.attrs["count"] = len(group["images"])


def read_attributes(path: Path) -> dict[str, Any]:
    """Return what a prepared file says of its images: data set, degradation, class names and so on."""
    with hdf5.opened(path) as file:
        return {name: value for name, value in file.attrs.items() if name not in ("format", "complete")}


def image_shape(path: Path) -> tuple[int, int, int]:
    """Return (height, width, channels) of a prepared file's images."""
    with hdf5.opened(path) as file:
        height, width, channels = file["test/images"].shape[1:]
        return int(height), int(width), int(channels)


def read_split(path: Path, split: Split, rows: slice = EVERY_ROW) -> Block:
    """Read one split into memory, or some rows of it: images uint8 (n, h, w, c), labels int32 (n,)."""
    with hdf5.opened(path) as file:
        return _read(file[split], rows, path)


def read_runs(path: Path, split: Split, runs: Sequence[slice]) -> NDArray[np.uint8]:
    """Read several runs of consecutive rows of a split into one array, one after the other: uint8 (n, h, w, c).

    It reads past HDF5, twice as fast, and past its checksums: for files whose digests were compared before.

    Raises:
        ShowreelError: the file is damaged, or keeps images in pieces.
    """
    with hdf5.opened(path) as file, path.open("rb", buffering=0) as raw:
        _check(file[split], path)
        stored = file[split]["images"]
        images = np.empty((sum(run.stop - run.start for run in runs), *stored.shape[1:]), np.uint8)
        end = 0
        for place, rows in _pieces(stored, runs):
            start, end = end, end + rows
            if os.preadv(raw.fileno(), [images[start:end].data], place) != images[start:end].nbytes:
                raise OSError("it ends early")
        return images


def stream_split(path: Path, split: Split) -> Iterator[Block]:
    """Yield one split in blocks of about `BLOCK_BYTES`, in order."""
    with hdf5.opened(path) as file:
        images = file[split]["images"]
        rows = max(1, BLOCK_BYTES // int(np.prod(images.shape[1:])))
        for start in range(0, len(images), rows):
            yield _read(file[split], slice(start, start + rows), path)


def chunk_rows(shape: tuple[int, ...]) -> int:
    """Return how many images of a shape (h, w, c) a prepared file keeps in one piece."""
    return max(1, CHUNK_BYTES // int(np.prod(shape)))


def count(path: Path, split: Split) -> int:
    """Return how many images a split has."""
    with hdf5.opened(path) as file:
        return int(file[split].attrs["count"])


@dataclass(frozen=True)
class Reel:
    """What a network made of the same few test images after every epoch; n images, e epochs.

    Attributes:
        origin: JSON: what made it.
        indices: int64 (n,), the images' places in the test split.
        degraded: uint8 (n, h', w', c), the network's input.
        target: uint8 (n, h, w, c).
        epochs: int64 (e,); 0 is the untrained network.
        predictions: uint8 (e, n, h, w, c).
        psnr: float64 (e,), mean PSNR in dB over the complete test split after that epoch.
    """

    origin: str
    indices: NDArray[np.int64]
    degraded: NDArray[np.uint8]
    target: NDArray[np.uint8]
    epochs: NDArray[np.int64]
    predictions: NDArray[np.uint8]
    psnr: NDArray[np.float64]


Kept = TypeVar("Kept", bound="DataclassInstance")


def write(path: Path, kept: "DataclassInstance") -> None:
    """Write all fields of a reel, or of a dataclass like it, into one file: arrays as data sets, texts as attributes.

    Raises:
        ShowreelError: the disk is full.
    """
    values = asdict(kept)
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    disk_space.prove(path, sum(array.nbytes for array in arrays.values()))
    with hdf5.created(path) as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, fletcher32=True, chunks=True)
        file.attrs.update({name: value for name, value in values.items() if name not in arrays})


def read(path: Path, kind: type[Kept]) -> Kept:
    """Read all fields of a reel, or of a dataclass like it.

    Raises:
        ShowreelError: the file is missing, damaged, incomplete or not of that kind.
    """
    with hdf5.opened(path) as file:
        stored = dict(file.attrs) | {name: file[name][()] for name in file}
        return kind(**{field.name: stored[field.name] for field in fields(kind)})


def _append(group: h5py.Group, block: Block, path: Path) -> None:
    """Lengthen a split's two datasets by one block; the first block fixes the images' shape."""
    if "images" not in group:
        shape = block.images.shape[1:]
        chunks = (chunk_rows(shape), *shape)
        group.create_dataset("images", (0, *shape), np.uint8, maxshape=(None, *shape), chunks=chunks, fletcher32=True)
        group.create_dataset("labels", (0,), np.int32, maxshape=(None,), chunks=(16384,), fletcher32=True)
    images, labels = group["images"], group["labels"]
    if block.images.shape[1:] != images.shape[1:]:
        raise ShowreelError(f"{path}: images of {block.images.shape[1:]} after images of {images.shape[1:]}")
    start, end = len(images), len(images) + len(block.images)
    images.resize(end, axis=0)
    labels.resize(end, axis=0)
    images[start:end] = block.images
    labels[start:end] = block.labels


def _read(group: h5py.Group, rows: slice, path: Path) -> Block:
    """Read some rows of a split."""
    _check(group, path)
    return Block(group["images"][rows], group["labels"][rows])


def _pieces(stored: h5py.Dataset, runs: Sequence[slice]) -> Iterator[tuple[int, int]]:
    """Yield where in the file the runs' parts lie that are in one chunk each, in bytes, and how many rows they have."""
    image_bytes = int(np.prod(stored.shape[1:]))
    if not stored.chunks or stored.chunks[1:] != stored.shape[1:]:
        raise ValueError("its images are not kept whole")
    for run in runs:
        start = run.start
        while start < run.stop:
            within = start % stored.chunks[0]
            rows = min(run.stop - start, stored.chunks[0] - within)
            chunk = stored.id.get_chunk_info_by_coord((start - within, 0, 0, 0))
            yield chunk.byte_offset + within * image_bytes, rows
            start += rows


def _check(group: h5py.Group, path: Path) -> None:
    """Refuse a split that is not as long as it says, or not of images."""
    mend = "delete it and run its stage again"
    if not len(group["images"]) == len(group["labels"]) == group.attrs["count"]:
        raise ShowreelError(f"{path}: the {group.name} split is shorter than it says; {mend}")
    count, height, width, channels = group["images"].shape
    types = (group["images"].dtype, group["labels"].dtype, group["labels"].shape)
    if types != (np.uint8, np.int32, (count,)) or channels not in (1, 3) or not height * width:
        raise ShowreelError(f"{path}: the {group.name} split holds no images with labels; {mend}")
