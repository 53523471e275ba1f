"""Prepared, reel and example files: HDF5 that is written whole or not at all, and refused when it is damaged.

Fields come in a fixed order and the oldest layout that fits is used, since newer ones write the time into every group:
so the same content gives the same bytes.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from showreel import atomic
from showreel.block import Block, Split
from showreel.errors import ShowreelError

FORMAT = 1
CHUNK_BYTES = 256 * 1024
BLOCK_BYTES = 16 * 1024 * 1024

UNREADABLE = (
    OSError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    MemoryError,
)
"""What h5py and NumPy raise for files that are not what they claim to be."""

Attributes = Mapping[str, Any]


def write_prepared(path: Path, splits: Iterable[tuple[Split, Iterable[Block]]], attributes: Attributes) -> None:
    """Stream blocks of images into a prepared file; only one block of a split is in memory at a time.

    Args:
        path: where it goes; nothing is there until all of it is.
        splits: split names with their blocks: images uint8 (n, h, w, c), labels int32 (n,).
        attributes: what the file says of itself, in HDF5's own types.

    Raises:
        ShowreelError: a split is empty, or its images differ in size.
    """
    with atomic.writing(path) as temporary, h5py.File(temporary, "w", libver=("earliest", "v110")) as file:
        file.attrs.update({"format": FORMAT, **attributes})
        for split, blocks in splits:
            group = file.create_group(split)
            for block in blocks:
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


def read_split(path: Path, split: Split) -> Block:
    """Read one split into memory: images uint8 (n, h, w, c), labels int32 (n,)."""
    with _opened(path) as file:
        return _read(file[split], slice(None), path)


def stream_split(path: Path, split: Split) -> Iterator[Block]:
    """Yield one split in blocks of about `BLOCK_BYTES`, in order."""
    with _opened(path) as file:
        images = file[split]["images"]
        rows = max(1, BLOCK_BYTES // int(np.prod(images.shape[1:])))
        for start in range(0, len(images), rows):
            yield _read(file[split], slice(start, start + rows), path)


def read_rows(path: Path, split: Split, rows: slice) -> Block:
    """Read some rows of one split, for example every tenth."""
    with _opened(path) as file:
        return _read(file[split], rows, path)


def count(path: Path, split: Split) -> int:
    """Return how many images a split has."""
    with _opened(path) as file:
        return int(file[split].attrs["count"])


@dataclass(frozen=True)
class _Arrays:
    """Named arrays in one HDF5 file, with a JSON text of where they came from."""

    origin: str

    def write(self, path: Path) -> None:
        """Write all fields atomically."""
        with atomic.writing(path) as temporary, h5py.File(temporary, "w", libver=("earliest", "v110")) as file:
            for name, value in asdict(self).items():
                if isinstance(value, np.ndarray):
                    file.create_dataset(name, data=value, fletcher32=True, chunks=True)
                else:
                    file.attrs[name] = value
            file.attrs.update({"format": FORMAT, "complete": True})

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read all fields.

        Raises:
            ShowreelError: the file is missing, damaged or incomplete.
        """
        with _opened(path) as file:
            stored = dict(file.attrs) | {name: file[name][()] for name in file}
            return cls(**{field.name: stored[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class Reel(_Arrays):
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

    indices: NDArray[np.int64]
    degraded: NDArray[np.uint8]
    target: NDArray[np.uint8]
    epochs: NDArray[np.int64]
    predictions: NDArray[np.uint8]
    psnr: NDArray[np.float64]


@dataclass(frozen=True)
class Examples(_Arrays):
    """The strongest baseline's answer to the reel's images.

    Attributes:
        origin: JSON: what made it.
        baseline_name: the strongest baseline on the test split, or "" where the degradation has none.
        baseline: uint8 (n, h, w, c), or (0, h, w, c) where there is none.
    """

    baseline_name: str
    baseline: NDArray[np.uint8]


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """Open a finished file for reading, or say in one line what is wrong with it and what to do."""
    mend = "delete it and run its stage again (`dvc repro` does that)"
    if not path.exists():
        raise ShowreelError(f"{path}: missing; run the stage that makes it (`dvc repro` does that)")
    try:
        with h5py.File(path, "r") as file:
            if reason := foreign(file, path.stat().st_size):
                raise ShowreelError(f"{path}: not a file of showreel's ({reason}); {mend}")
            if file.attrs.get("complete") != 1:
                raise ShowreelError(f"{path}: incomplete; {mend}")
            if file.attrs["format"] != FORMAT:
                raise ShowreelError(f"{path}: format {file.attrs['format']}, but this version reads {FORMAT}; {mend}")
            yield file
    except UNREADABLE as error:
        raise ShowreelError(f"{path}: damaged ({error}); {mend}") from error


def foreign(group: h5py.Group, size: int) -> str:
    """Say what an HDF5 file of `size` bytes holds that none of ours does, or return an empty text.

    What passes leads to no other file, and none of its arrays takes more memory than the file has bytes.
    """
    waiting, known = [group], {h5py.h5o.get_info(group.id).addr}
    while waiting:
        group = waiting.pop()
        for name in group:
            item = group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
            if item is None or h5py.h5o.get_info(item.id).addr in known:
                return f"{name} is a link"
            known.add(h5py.h5o.get_info(item.id).addr)
            if isinstance(item, h5py.Group):
                waiting.append(item)
            elif reason := _strange(item, size):
                return f"{name} {reason}"
    return ""


def _strange(item: h5py.Dataset | h5py.Datatype, size: int) -> str:
    """Say what is strange about an array in a file of `size` bytes, or return an empty text."""
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "iuf" or item.shape is None:
        return "is no array of numbers"
    layout = item.id.get_create_plist()
    filters = {layout.get_filter(number)[0] for number in range(layout.get_nfilters())}
    if item.is_virtual or item.external or filters - {h5py.h5z.FILTER_FLETCHER32}:
        return "is compressed or lies in other files"
    chunk = math.prod(item.chunks or ()) * item.dtype.itemsize if item.size else 0
    if max(item.nbytes, chunk) > size or item.id.get_storage_size() < item.nbytes:
        return "is larger than what the file holds of it"
    return ""


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
    """Read some rows of a split, after a look at whether the split is as long as it says, and of images."""
    mend = "delete it and run its stage again"
    if not len(group["images"]) == len(group["labels"]) == group.attrs["count"]:
        raise ShowreelError(f"{path}: the {group.name} split is shorter than it says; {mend}")
    count, height, width, channels = group["images"].shape
    types = (group["images"].dtype, group["labels"].dtype, group["labels"].shape)
    if types != (np.uint8, np.int32, (count,)) or channels not in (1, 3) or not height * width:
        raise ShowreelError(f"{path}: the {group.name} split holds no images with labels; {mend}")
    return Block(group["images"][rows], group["labels"][rows])
