"""Folder: your own images, from a folder, a zip or a tar of PNG, JPEG, TIFF or WebP files.

In params.yaml: `mine: {source: folder, path: ~/Pictures, size: 64}`. What may lie in `path`, and how splits are drawn
where it has none, stands in `arrangement.py`; how a picture is decoded and fitted, in `pictures.py`. The images of a
split come mixed by a hash of their paths. Files that cannot be used are skipped and listed on the log.

Source, licence and citation: yours. The download stage takes a snapshot; after a change to `path`'s content, run it
again (`dvc repro --force --single-item download@mine`, `snakemake --forcerun download`).
"""

import logging
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from showreel.datasets.parts import packing, pictures
from showreel.datasets.parts.arrangement import Picture, arrange, is_picture
from showreel.datasets.parts.fetch import RemoteFile
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.fields import SPLITS, Field, Rows, Split

FIELDS = ("image", "label")
FILES: tuple[RemoteFile, ...] = ()
ARCHIVE = "images.zip"
SMALLEST_SIZE, LARGEST_SIZE = 8, 1024
BLOCK_BYTES = 4 << 20
LISTED = 20
LISTED_NAME = 100
MOST_CLASSES = 4000
"""Their names are an attribute of an HDF5 file, which takes 64 KiB."""
LINK = 0o120000
ENCRYPTED, PATCHED, STRONGLY_ENCRYPTED = 1 << 0, 1 << 5, 1 << 6
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Python unpacks the others, bzip2 and LZMA, without a limit to the memory that a bomb may take."""

log = logging.getLogger(__name__)


def gather(
    folder: Path,
    *,
    path: str,
    size: int,
    fit: Literal["crop", "tile", "refuse"] = "crop",
    mode: Literal["rgb", "grey"] = "rgb",
) -> None:
    """Take a snapshot of the images at `path`: one zip in the raw folder.

    Raises:
        ParamsError: `size` is below 8 or above 1024.
        ShowreelError: `path` is missing or damaged, or a split would have no image.
    """
    _check_size(size)
    skipped: list[str] = []
    source = Path(path).expanduser()
    packing.pack(source, folder / ARCHIVE, skipped)
    try:
        skipped += _checked(folder, source)
    except ShowreelError:
        (folder / ARCHIVE).unlink()
        raise
    finally:
        _report(source, skipped)


def fields(
    folder: Path,
    *,
    path: str,
    size: int,
    fit: Literal["crop", "tile", "refuse"] = "crop",
    mode: Literal["rgb", "grey"] = "rgb",
) -> dict[str, Field]:
    """Return what the numbers of each field mean.

    Labels are the class folders in alphabetical order; `images` where there are none.
    """
    return {"image": Field("image"), "label": Field("label", _classes(_arranged(folder, Path(path))[0]))}


def read(
    folder: Path,
    split: Split,
    *,
    path: str,
    size: int,
    fit: Literal["crop", "tile", "refuse"] = "crop",
    mode: Literal["rgb", "grey"] = "rgb",
) -> Iterator[dict[str, Rows]]:
    """Yield one split in blocks: `image` uint8 (n, size, size, 3 or 1 in grey), `label` int32 (n,).

    Args:
        folder: the raw folder with the snapshot.
        split: which part.
        path: a folder, zip or tar; used by `gather`.
        size: of the images' sides, in pixels.
        fit: what to do with pictures of another size: see `pictures.squares`.
        mode: `rgb` or `grey`.

    Raises:
        ParamsError: `size` is below 8 or above 1024.
        ShowreelError: the snapshot is missing or damaged, no picture of the split is usable, or one is of another size
            and `fit` is `refuse`.
    """
    _check_size(size)
    arranged, _ = _arranged(folder, Path(path))
    labels = {name: label for label, name in enumerate(_classes(arranged))}
    skipped: list[str] = []
    images: list[NDArray[np.uint8]] = []
    numbers: list[int] = []
    count = 0
    with packing.opened(folder / ARCHIVE) as archive:
        for picture in (picture for picture in arranged if picture.split == split):
            for square in _squares(archive, picture.name, size, fit, mode, skipped):
                images.append(square.copy())
                numbers.append(labels[picture.category])
                count += 1
                if len(images) * square.nbytes >= BLOCK_BYTES:
                    yield {"image": np.stack(images), "label": np.array(numbers, np.int32)}
                    images, numbers = [], []
    if images:
        yield {"image": np.stack(images), "label": np.array(numbers, np.int32)}
    _report(folder / ARCHIVE, skipped)
    if not count:
        reason = f"; the first: {skipped[0]}" if skipped else ""
        raise ShowreelError(f"{path}: no usable image for the {split} split ({len(skipped)} skipped{reason})")


def _check_size(size: int) -> None:
    if not SMALLEST_SIZE <= size <= LARGEST_SIZE:
        raise ParamsError(f"folder: size is {size}; it must lie between {SMALLEST_SIZE} and {LARGEST_SIZE} pixels")


def _checked(folder: Path, source: Path) -> list[str]:
    """Refuse a snapshot in which a split has no picture; return a line for each picture that has no place."""
    arranged, left_out = _arranged(folder, source)
    for split in SPLITS:
        if not any(picture.split == split for picture in arranged):
            raise ShowreelError(
                f"{source}: no image for the {split} split ({len(arranged)} PNG, JPEG, TIFF or WebP files in all); "
                "add images, or sort them into train/, validation/ and test/"
            )
    return left_out


def _arranged(folder: Path, source: Path) -> tuple[list[Picture], list[str]]:
    """List the pictures of the snapshot, and a line for each that has no place; `source` is what to complain about."""
    with packing.opened(folder / ARCHIVE) as archive:
        names = [name for name in archive.namelist() if is_picture(name)]
    odd = [f"{name[:LISTED_NAME]!a}: {packing.oddness(name)}" for name in names if packing.oddness(name)]
    try:
        arranged, outside = arrange(name for name in names if not packing.oddness(name))
    except ShowreelError as error:
        raise ShowreelError(f"{source}: {error}") from error
    if len(_classes(arranged)) > MOST_CLASSES:
        raise ShowreelError(f"{source}: {len(_classes(arranged))} class folders, more than {MOST_CLASSES}; join some")
    return arranged, odd + [f"{name}: lies beside train/, validation/ and test/" for name in outside]


def _classes(arranged: Sequence[Picture]) -> tuple[str, ...]:
    return tuple(sorted({picture.category for picture in arranged}))


def _squares(
    archive: zipfile.ZipFile, name: str, size: int, fit: pictures.Fit, mode: pictures.Mode, skipped: list[str]
) -> Iterator[NDArray[np.uint8]]:
    """Yield what one picture gives; a line in `skipped` if that is nothing."""
    try:
        yield from pictures.squares(pictures.decode(_content(archive, name), mode), size, fit)
    except pictures.UnusableError as error:
        skipped.append(f"{name}: {error}")
    except pictures.WrongSizeError as error:
        raise ShowreelError(f"{name}: {error}; set `fit` to crop or tile, or remove the file") from error


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read a regular member of a zip."""
    member = archive.getinfo(name)
    if (member.external_attr >> 16) & 0o170000 == LINK:
        raise pictures.UnusableError("a link, not a file")
    if member.flag_bits & (ENCRYPTED | STRONGLY_ENCRYPTED):
        raise pictures.UnusableError("encrypted")
    if member.flag_bits & PATCHED or member.compress_type not in METHODS:
        raise pictures.UnusableError("packed by another method than deflate")
    if member.file_size > packing.LARGEST_FILE:
        raise pictures.UnusableError("larger than 512 MiB")
    try:
        with archive.open(member) as file:
            return file.read(member.file_size)  # without the limit, all that is packed would be unpacked
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise pictures.UnusableError(str(error)) from error


def _report(source: Path, skipped: Sequence[str]) -> None:
    """Log the first skipped files one by one, then how many there were."""
    for line in skipped[:LISTED]:
        log.warning("skipped %s", line)
    if skipped:
        log.warning("%s: skipped %d in all", source, len(skipped))
