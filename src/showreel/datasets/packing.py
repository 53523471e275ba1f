"""A snapshot of somebody's images as one zip: a zip is copied as it is, a folder or a tar is packed, uncompressed.

Nothing is ever extracted to disk. Names are sorted (in a tar: as they come) and dates fixed, so the same pictures give
the same bytes.
"""

import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from showreel import atomic
from showreel.datasets.arrangement import is_picture
from showreel.errors import ShowreelError

LARGEST_FILE = 1 << 29
"""Bytes; a picture file beyond it is skipped."""

Member = tuple[str, int, IO[bytes]]
"""A name with slashes, the size in bytes, and the open file."""


def pack(source: Path, destination: Path, skipped: list[str]) -> None:
    """Write a folder, zip or tar of images as a zip.

    Args:
        source: what the user has.
        destination: the zip; nothing is there until all of it is.
        skipped: gains a line for each picture file that was left out, with the reason.

    Raises:
        ShowreelError: `source` is missing, damaged, or none of the three.
    """
    if source.is_dir():
        _write_zip(_from_folder(source, skipped), destination, skipped)
    elif not source.exists():
        raise ShowreelError(f"{source}: there is no such folder or archive; mend `path` in params.yaml")
    elif zipfile.is_zipfile(source):
        with atomic.writing(destination) as (temporary,):
            shutil.copyfile(source, temporary)
            with opened(temporary, source):
                pass
    elif tarfile.is_tarfile(source):
        try:
            _write_zip(_from_tar(source, skipped), destination, skipped)
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise ShowreelError(f"{source}: damaged tar ({error}); replace it and download again") from error
    else:
        raise ShowreelError(f"{source}: neither a folder nor a zip or tar; give one of these as `path` in params.yaml")


@contextmanager
def opened(path: Path, shown: Path | None = None) -> Iterator[zipfile.ZipFile]:
    """Open a zip, or say in one line what is wrong with it; `shown` is the name to complain about."""
    if not path.exists():
        raise ShowreelError(f"{path}: missing; run `showreel download {path.parent.name}`")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ShowreelError(f"{shown or path}: damaged zip ({error}); replace it and download again") from error
    with archive:
        yield archive


def _write_zip(members: Iterator[Member], destination: Path, skipped: list[str]) -> None:
    names: set[str] = set()
    with atomic.writing(destination) as (temporary,), zipfile.ZipFile(temporary, "w") as archive:
        for name, size, file in members:
            reason = "larger than 512 MiB" if size > LARGEST_FILE else "there are two of this name"
            if size > LARGEST_FILE or name in names:
                skipped.append(f"{name}: {reason}")
                continue
            names.add(name)
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            with archive.open(entry, "w") as packed:
                shutil.copyfileobj(file, packed)


def _from_folder(source: Path, skipped: list[str]) -> Iterator[Member]:
    """Yield the picture files beneath a folder in order of their names; links to folders are not followed."""
    found = [Path(folder) / name for folder, _, names in os.walk(source) for name in names]
    for name, path in sorted((path.relative_to(source).as_posix(), path) for path in found):
        if not is_picture(name):
            continue
        if not path.is_file() or not name.isprintable():
            skipped.append(f"{name!a}: {'its name has odd characters' if path.is_file() else 'not a file'}")
            continue
        try:
            file = path.open("rb")
        except OSError as error:
            skipped.append(f"{name}: {error.strerror}")
            continue
        with file:
            yield name, os.fstat(file.fileno()).st_size, file


def _from_tar(source: Path, skipped: list[str]) -> Iterator[Member]:
    """Yield the regular picture files of a tar as they come; links and devices are left out."""
    with tarfile.open(source, "r|*") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() and is_picture(member.name) else None
            if file and member.name.isprintable():
                yield member.name, member.size, file
            elif is_picture(member.name):
                skipped.append(f"{member.name!a}: {'odd characters in its name' if file else 'not a file'}")
