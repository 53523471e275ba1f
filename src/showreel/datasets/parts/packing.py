"""A snapshot of somebody's images as one zip: a zip is copied as it is, a folder or a tar is packed, uncompressed.

Nothing is ever extracted to disk. Names are sorted (in a tar: as they come) and dates fixed, so the same pictures give
the same bytes.
"""

import os
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from showreel.datasets.parts import tars
from showreel.datasets.parts.arrangement import is_picture
from showreel.storage import atomic
from showreel.storage.errors import ShowreelError

LARGEST_FILE = 1 << 29
"""Bytes; a picture file beyond it is skipped."""

LONGEST_NAME = 4096
"""Characters, as in Linux's paths; a picture with a longer name is skipped."""

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
    elif reason := _unusable(source):
        raise ShowreelError(
            f"{source}: neither a folder nor a zip or tar ({reason}); give one of these as `path` in params.yaml"
        )
    elif zipfile.is_zipfile(source):
        with atomic.writing(destination) as (temporary,):
            shutil.copyfile(source, temporary)
            with opened(temporary, source):
                pass
    else:
        try:
            _write_zip(_from_tar(source, skipped), destination, skipped)
        except tarfile.TarError as error:
            raise ShowreelError(f"{source}: damaged tar ({error}); replace it and download again") from error


@contextmanager
def opened(path: Path, shown: Path | None = None) -> Iterator[zipfile.ZipFile]:
    """Open a zip, or say in one line what is wrong with it; `shown` is the name to complain about."""
    if not path.exists():
        raise ShowreelError(f"{path}: missing; run `showreel download {path.parent.name}`")
    mend = "replace it and download again"
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ShowreelError(f"{shown or path}: damaged zip ({error}); {mend}") from error
    with archive:
        if sum(member.compress_size for member in archive.infolist()) > path.stat().st_size:
            raise ShowreelError(f"{shown or path}: damaged zip (its members overlap); {mend}")
        yield archive


def oddness(name: str) -> str:
    """Say what forbids to use a member's name, or return an empty text; odd names can mislead a terminal."""
    if len(name) > LONGEST_NAME:
        return f"its name is longer than {LONGEST_NAME} characters"
    return "" if name.isprintable() else "its name has odd characters"


def _unusable(path: Path) -> str:
    """Say why something is neither a zip nor a tar, or return an empty text."""
    if not path.is_file():
        return "not even a file"
    try:
        if not zipfile.is_zipfile(path):
            with tars.opened(path):
                pass
    except tarfile.TarError as error:
        return str(error)
    return ""


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
        if not path.is_file() or oddness(name):
            skipped.append(f"{name!a}: {oddness(name) if path.is_file() else 'not a file'}")
            continue
        try:
            file = path.open("rb")
        except OSError as error:
            skipped.append(f"{name}: {error.strerror}")
            continue
        with file:
            yield name, os.fstat(file.fileno()).st_size, file


def _from_tar(source: Path, skipped: list[str]) -> Iterator[Member]:
    """Yield the regular picture files of a tar as they come; links, devices and sparse files are left out."""
    with tars.opened(source) as archive:
        for member in tars.members(archive):
            if not is_picture(member.name):
                continue
            file = archive.extractfile(member) if tars.is_plain(member) else None
            if file and not oddness(member.name):
                yield member.name, member.size, file
            else:
                skipped.append(f"{member.name[:100]!a}: {oddness(member.name) if file else 'not a file'}")
