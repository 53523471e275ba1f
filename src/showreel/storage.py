"""Prepared, reel and example files: HDF5 that gives the same bytes for the same content, and is refused when damaged.

Fields come in a fixed order and the oldest layout that fits is used, since newer ones write the time into every group.
Before each write the room on the disk is proved: where one of its own writes fails, HDF5 takes Python down with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np
from numpy.typing import NDArray

from showreel import room
from showreel.block import SPLITS, Block, Split
from showreel.errors import ShowreelError

FORMAT = 1
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
    room.prove(path, 0)
    with _created(path) as file:
        file.attrs.update({"format": FORMAT, **attributes})
        for split, blocks in splits:
            group = file.create_group(split)
            for block in blocks:
                room.prove(path, block.images.nbytes + block.labels.nbytes)
                _append(group, block, path)
            if "images" not in group:
                raise ShowreelError(f"{path}: the {split} split has no images")
            group.attrs["count"] = len(group["images"])
        file.attrs["complete"] = True


def read_attributes(path: Path) -> dict[str, Any]:
    """Return what a prepared file says of its images: data set, degradation, class names and so on."""
    with _opened(path) as file:
        return {name: value for name, value in file.attrs.items() if name not in ("format", "complete")}


def image_shape(path: Path) -> tuple[int, int, int]:
    """Return (height, width, channels) of a prepared file's images."""
    with _opened(path) as file:
        height, width, channels = file["test/images"].shape[1:]
        return int(height), int(width), int(channels)


def read_split(path: Path, split: Split, rows: slice = EVERY_ROW) -> Block:
    """Read one split into memory, or some rows of it: images uint8 (n, h, w, c), labels int32 (n,)."""
    with _opened(path) as file:
        return _read(file[split], rows, path)


def stream_split(path: Path, split: Split) -> Iterator[Block]:
    """Yield one split in blocks of about `BLOCK_BYTES`, in order."""
    with _opened(path) as file:
        images = file[split]["images"]
        rows = max(1, BLOCK_BYTES // int(np.prod(images.shape[1:])))
        for start in range(0, len(images), rows):
            yield _read(file[split], slice(start, start + rows), path)


def count(path: Path, split: Split) -> int:
    """Return how many images a split has."""
    with _opened(path) as file:
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


@dataclass(frozen=True)
class Examples:
    """The strongest baseline's answer to the reel's images.

    Attributes:
        origin: JSON: what made it.
        baseline_name: the strongest baseline on the test split, or "" where the degradation has none.
        baseline: uint8 (n, h, w, c), or (0, h, w, c) where there is none.
    """

    origin: str
    baseline_name: str
    baseline: NDArray[np.uint8]


Kept = TypeVar("Kept", Reel, Examples)


def write(path: Path, kept: Reel | Examples) -> None:
    """Write all fields of a reel or of examples into one file: arrays as data sets, texts as attributes.

    Raises:
        ShowreelError: the disk is full.
    """
    values = asdict(kept)
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    room.prove(path, sum(array.nbytes for array in arrays.values()))
    with _created(path) as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, fletcher32=True, chunks=True)
        file.attrs.update({name: value for name, value in values.items() if name not in arrays})
        file.attrs.update({"format": FORMAT, "complete": True})


def read(path: Path, kind: type[Kept]) -> Kept:
    """Read all fields of a reel or of examples.

    Raises:
        ShowreelError: the file is missing, damaged, incomplete or not of that kind.
    """
    with _opened(path) as file:
        stored = dict(file.attrs) | {name: file[name][()] for name in file}
        return kind(**{field.name: stored[field.name] for field in fields(kind)})


def _created(path: Path) -> h5py.File:
    return h5py.File(path, "w", libver=("earliest", "v110"))


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """Open a finished file for reading, or say in one line what is wrong with it and what to do."""
    mend = "delete it and run its stage again (`dvc repro` does that)"
    if not path.exists():
        raise ShowreelError(f"{path}: missing; run the stage that makes it (`dvc repro` does that)")
    try:
        with h5py.File(path, "r") as file:
            if not file.attrs.get("complete", False):
                raise ShowreelError(f"{path}: incomplete; {mend}")
            if file.attrs["format"] != FORMAT:
                raise ShowreelError(f"{path}: format {file.attrs['format']}, but this version reads {FORMAT}; {mend}")
            yield file
    except (OSError, KeyError) as error:
        raise ShowreelError(f"{path}: damaged ({error}); {mend}") from error


def _append(group: h5py.Group, block: Block, path: Path) -> None:
    """Lengthen a split's two datasets by one block; the first block fixes the images' shape."""
    if "images" not in group:
        shape = block.images.shape[1:]
        rows = max(1, CHUNK_BYTES // int(np.prod(shape)))
        group.create_dataset(
            "images", (0, *shape), np.uint8, maxshape=(None, *shape), chunks=(rows, *shape), fletcher32=True
        )
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
    """Read some rows of a split, after a look at whether the split is as long as it says."""
    if not len(group["images"]) == len(group["labels"]) == group.attrs["count"]:
        raise ShowreelError(
            f"{path}: the {group.name} split is shorter than it says; delete it and run its stage again"
        )
    return Block(group["images"][rows], group["labels"][rows])


def check(path: Path) -> None:
    """Read all of a prepared, reel or example file, one chunk at a time: every checksum, and every count.

    Raises:
        ShowreelError: the file is missing, damaged or incomplete.
    """
    with _opened(path) as file:
        splits = [item for item in file.values() if isinstance(item, h5py.Group)]
        for group in splits:
            _read(group, slice(0), path)
        for array in (item for group in (file, *splits) for item in group.values() if isinstance(item, h5py.Dataset)):
            for chunk in array.iter_chunks() if array.size else ():  # h5py refuses to list none
                array[chunk]
        lengths = {len(file[name]) for name in ("epochs", "predictions", "psnr") if name in file}
        if len(splits) not in (0, len(SPLITS)) or len(lengths) > 1:
            raise ShowreelError(f"{path}: a part of it is missing; delete it and run its stage again")
