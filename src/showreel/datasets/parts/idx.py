"""IDX, the format of MNIST: a big-endian header of magic, count and sides, then bytes, all of it gzipped.

The four files have MNIST's names. The last twelfth of the training images (5,000 of 60,000) is the validation split.
Format: http://yann.lecun.com/exdb/mnist/
"""

import gzip
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from showreel.datasets.parts.fetch import RemoteFile
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Rows, Split

IMAGES_MAGIC = 0x803
LABELS_MAGIC = 0x801
NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
LARGEST_SIDE = 4096
BLOCK_BYTES = 4 << 20


def files(digests: tuple[str, str, str, str], prefixes: tuple[str, ...]) -> tuple[RemoteFile, ...]:
    """Return the four files, given their SHA-256 in the order of `NAMES` and the URL folders that hold them."""
    return tuple(
        RemoteFile(name, sha256, tuple(f"{prefix}/{name}" for prefix in prefixes))
        for name, sha256 in zip(NAMES, digests, strict=True)
    )


def blocks(folder: Path, split: Split, classes: int) -> Iterator[dict[str, Rows]]:
    """Yield one split in file order: `image` uint8 (n, h, w, 1), `label` int32 (n,) below `classes`.

    Raises:
        ShowreelError: a file is missing, damaged, or not what its header says.
    """
    images_path, labels_path = (folder / name for name in (NAMES[2:] if split == "test" else NAMES[:2]))
    with _opened(images_path) as images, _opened(labels_path) as labels:
        count, height, width = _header(images, images_path, IMAGES_MAGIC, 3)
        (label_count,) = _header(labels, labels_path, LABELS_MAGIC, 1)
        if count != label_count:
            raise ShowreelError(f"{images_path}: {count} images, but {labels_path.name} has {label_count} labels")
        if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
            raise ShowreelError(f"{images_path}: its header says images of {height}×{width} pixels")
        wanted = _rows(split, count)
        rows = max(1, BLOCK_BYTES // (height * width))
        for start in range(0, count, rows):
            size = min(rows, count - start)
            pixels = _exactly(images, size * height * width, images_path).reshape(size, height, width, 1)
            numbers = _exactly(labels, size, labels_path)
            if numbers.max() >= classes:
                raise ShowreelError(f"{labels_path}: label {numbers.max()}, but there are {classes} classes")
            chosen = slice(max(wanted.start - start, 0), max(wanted.stop - start, 0))
            if len(numbers[chosen]):
                yield {"image": pixels[chosen], "label": numbers[chosen].astype(np.int32)}
        for file, path in ((images, images_path), (labels, labels_path)):
            if _at_most(file, 1, path):
                raise ShowreelError(f"{path}: goes on after the {count} entries that its header says")


def _rows(split: Split, count: int) -> range:
    """Return the rows of a file that belong to a split."""
    first_for_validation = count - count // 12
    if split == "test":
        return range(count)
    return range(first_for_validation) if split == "train" else range(first_for_validation, count)


def _opened(path: Path) -> gzip.GzipFile:
    """Open a gzipped file."""
    if not path.exists():
        raise ShowreelError(f"{path}: missing; run `showreel download {path.parent.name}`")
    return gzip.open(path, "rb")


def _header(file: gzip.GzipFile, path: Path, magic: int, sides: int) -> tuple[int, ...]:
    """Read a header and return its counts."""
    first, *counts = struct.unpack(f">{1 + sides}I", _exactly(file, 4 + 4 * sides, path).tobytes())
    if first != magic:
        raise ShowreelError(f"{path}: no IDX file of {'images' if sides == 3 else 'labels'} (magic {first:#x})")
    return tuple(counts)


def _exactly(file: gzip.GzipFile, size: int, path: Path) -> NDArray[np.uint8]:
    """Read `size` bytes, not fewer."""
    data = _at_most(file, size, path)
    if len(data) < size:
        raise ShowreelError(f"{path}: shorter than its header says; {_mend(path)}")
    return np.frombuffer(data, np.uint8)


def _at_most(file: gzip.GzipFile, size: int, path: Path) -> bytes:
    """Read up to `size` bytes, or say in one line what is wrong with the file and what to do."""
    try:
        return file.read(size)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ShowreelError(f"{path}: damaged ({error}); {_mend(path)}") from error


def _mend(path: Path) -> str:
    return f"delete it and run `showreel download {path.parent.name}`"
