"""CIFAR's binary version: a gzipped tar of records, each of label bytes and 3×32×32 planar pixels.

The archive is read as it is: nothing is extracted to disk, nothing is unpickled. The last tenth of the training images
(5,000 of 50,000) is the validation split. Format: https://www.cs.toronto.edu/~kriz/cifar.html
"""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from showreel.datasets.parts import tars
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Field, Rows, Split

SIDE = 32
PIXEL_BYTES = 3 * SIDE * SIDE
BLOCK_IMAGES = 1024
LONGEST_LIST = 1 << 16
MOST_CLASSES = 256
MOST_MEMBERS = 100
"""The official archives have about ten."""


@dataclass(frozen=True)
class Version:
    """How one of the two archives is laid out.

    Attributes:
        archive: file name in the raw folder.
        train: members with the training images, in order.
        test: the member with the test images.
        names: the member with one class name a line.
        label_bytes: how many bytes stand before the pixels; the last of them is the label.
    """

    archive: str
    train: tuple[str, ...]
    test: str
    names: str
    label_bytes: int


def class_names(folder: Path, version: Version) -> tuple[str, ...]:
    """Return the class names that the archive itself lists.

    Raises:
        ShowreelError: the archive is missing or damaged, or it lists none or odd ones.
    """
    with _opened(folder / version.archive) as archive, _member(archive, folder, version, version.names)[0] as file:
        names = file.read(LONGEST_LIST).decode("ascii", "replace").split("\n\n")[0].split()
    if not 0 < len(names) <= MOST_CLASSES or not all(name.isascii() and name.isprintable() for name in names):
        raise ShowreelError(f"{folder / version.archive}: {version.names} is no list of ASCII names of classes")
    return tuple(names)


def fields(folder: Path, version: Version) -> dict[str, Field]:
    """Return what the numbers of each field mean; labels are the classes that the archive itself lists."""
    return {"image": Field("image"), "label": Field("label", class_names(folder, version))}


def blocks(folder: Path, version: Version, split: Split) -> Iterator[dict[str, Rows]]:
    """Yield one split in order: `image` uint8 (n, 32, 32, 3) RGB, `label` int32 (n,).

    Raises:
        ShowreelError: the archive is missing, damaged, or lacks a member.
    """
    path = folder / version.archive
    highest = len(class_names(folder, version)) - 1
    names = (version.test,) if split == "test" else version.train
    with _opened(path) as archive:
        counts = [_count(archive, folder, version, name) for name in names]
        wanted = _rows(split, sum(counts))
        for position, (name, count) in enumerate(zip(names, counts, strict=True)):
            first = sum(counts[:position])
            rows = range(max(wanted.start - first, 0), max(min(wanted.stop - first, count), 0))
            if rows:
                yield from _records(archive, folder, version, name, rows, highest)


def _rows(split: Split, count: int) -> range:
    """Return the rows, over all members, that belong to a split."""
    first_for_validation = count - count // 10
    if split == "test":
        return range(count)
    return range(first_for_validation) if split == "train" else range(first_for_validation, count)


def _count(archive: tarfile.TarFile, folder: Path, version: Version, name: str) -> int:
    """Return the number of records of a member."""
    file, size = _member(archive, folder, version, name)
    file.close()
    count, rest = divmod(size, version.label_bytes + PIXEL_BYTES)
    if rest or not count:
        raise ShowreelError(f"{folder / version.archive}: {name} has {size} bytes, which are no whole records")
    return count


def _records(
    archive: tarfile.TarFile, folder: Path, version: Version, name: str, rows: range, highest: int
) -> Iterator[dict[str, Rows]]:
    """Yield some consecutive records of a member in blocks."""
    record = version.label_bytes + PIXEL_BYTES
    with _member(archive, folder, version, name)[0] as file:
        file.seek(rows.start * record)
        for start in range(rows.start, rows.stop, BLOCK_IMAGES):
            size = min(BLOCK_IMAGES, rows.stop - start)
            records = np.frombuffer(file.read(size * record), np.uint8).reshape(size, record)
            labels = records[:, version.label_bytes - 1].astype(np.int32)
            if labels.max() > highest:
                raise ShowreelError(f"{folder / version.archive}: {name} has label {labels.max()}, above {highest}")
            planes = records[:, version.label_bytes :].reshape(size, 3, SIDE, SIDE)
            yield {"image": np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), "label": labels}


def _member(archive: tarfile.TarFile, folder: Path, version: Version, name: str) -> tuple[IO[bytes], int]:
    """Open a regular member of the archive; return it and its size in bytes."""
    try:
        member = archive.getmember(name)
    except KeyError as error:
        raise ShowreelError(f"{folder / version.archive}: has no {name}; it is not CIFAR's binary version") from error
    file = archive.extractfile(member) if tars.is_plain(member) else None
    if file is None:
        raise ShowreelError(f"{folder / version.archive}: {name} is not a regular file")
    return file, member.size


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive, or say in one line what is wrong with it and what to do."""
    if not path.exists():
        raise ShowreelError(f"{path}: missing; run `showreel download {path.parent.name}`")
    mend = f"delete it and run `showreel download {path.parent.name}`"
    try:
        with tars.opened(path) as archive:
            members = list(islice(tars.members(archive), MOST_MEMBERS + 1))
            if len(members) > MOST_MEMBERS:
                raise ShowreelError(f"{path}: more than {MOST_MEMBERS} members, so not CIFAR's binary version; {mend}")
            archive.members.extend(members)  # type: ignore[attr-defined]
            yield archive
    except tarfile.TarError as error:
        raise ShowreelError(f"{path}: damaged ({error}); {mend}") from error
