"""A snapshot of somebody's images as one zip: a zip is copied as it is, a folder or a tar is packed, uncompressed.

Nothing is ever extracted to disk. Names are sorted (in a tar: as they come) and dates fixed, so the same pictures give
the same bytes. A tar is read so that no bomb and no lying header in it takes more than some megabytes of memory.
"""

import bz2
import gzip
import io
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from showreel import atomic
from showreel.datasets.arrangement import is_picture
from showreel.errors import ShowreelError

LARGEST_FILE = 1 << 29
"""Bytes; a picture file beyond it is skipped."""

LONGEST_NAME = 4096
"""Characters, as in Linux's paths; a picture with a longer name is skipped."""

HEADER_BYTES = 1 << 16
"""What may stand before one member of a tar: its header, and those with long names, dates and so on."""

XZ_MEMORY = 1 << 28
"""Bytes that unpacking .xz may take; what `xz -9` packs needs a quarter of it."""

PIECE_BYTES = 1 << 18

UNREADABLE = (OSError, EOFError, ValueError, OverflowError, zlib.error, lzma.LZMAError)
"""What reading and seeking in a compressed file raises where it is not what it claims to be."""

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


@contextmanager
def tar(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a tar, compressed or not, for `members`; whatever is wrong with its bytes is a `tarfile.TarError`."""
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        start = file.read(6)
        file.seek(0)
        unpacked: IO[bytes] = file
        if start.startswith(b"\x1f\x8b"):
            unpacked = stack.enter_context(cast(IO[bytes], gzip.GzipFile(fileobj=file)))
        elif start.startswith(b"BZh"):
            unpacked = stack.enter_context(bz2.open(file))
        elif start.startswith((b"\xfd7zXZ", b"\x5d\0\0\x80")):
            unpacked = io.BufferedReader(_Xz(file), PIECE_BYTES)
        yield stack.enter_context(tarfile.open(fileobj=_Guarded(unpacked), mode="r:"))  # type: ignore[call-overload]


def members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members of a tar from `tar` and forget each: a list of millions would pile up.

    Raises:
        tarfile.TarError: the tar is damaged or cut off, or a member's headers are too long or lie about its size.
    """
    guarded: _Guarded = archive.fileobj  # type: ignore[assignment]
    while True:
        guarded.left = HEADER_BYTES
        try:
            member = archive.next()
        except RecursionError as error:
            raise tarfile.ReadError("too many headers for one member") from error
        guarded.left = None
        if member is None:
            break
        if member.size < 0:
            raise tarfile.ReadError(f"{member.size} bytes in a member")
        archive.members.clear()  # type: ignore[attr-defined]
        yield member
    if guarded.last.strip(b"\0") or not guarded.last:
        raise tarfile.ReadError("a damaged header, or the end is missing")


def is_plain(member: tarfile.TarInfo) -> bool:
    """Say whether a member of a tar is a file as one expects: no link, no device, no sparse file."""
    return member.isreg() and not member.issparse()


class _Guarded:
    """The file beneath a tar; `left` bytes may be read of it, or any number."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.position, self.last = file, 0, b""
        self.left: int | None = HEADER_BYTES

    def read(self, size: int) -> bytes:
        if self.left is not None:
            self.left -= size
            if size < 0 or self.left < 0:
                raise tarfile.ReadError(f"more than {HEADER_BYTES:,} bytes of headers for one member")
        try:
            self.last = self.file.read(size)
        except UNREADABLE as error:
            raise tarfile.ReadError(str(error)) from error
        self.position += len(self.last)
        return self.last

    def tell(self) -> int:
        return self.position

    def seekable(self) -> bool:
        return True

    def seek(self, position: int) -> None:
        if position < 0:
            raise tarfile.ReadError("a header leads to before the start")
        try:
            if self.file.seekable():
                self.position = self.file.seek(position)
            while self.position < position and (piece := self.file.read(min(position - self.position, PIECE_BYTES))):
                self.position += len(piece)
        except UNREADABLE as error:
            raise tarfile.ReadError(str(error)) from error


class _Xz(io.RawIOBase):
    """What an .xz file holds; unlike `lzma.open` with a limit to the memory that the file may ask for."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.decompressor = file, lzma.LZMADecompressor(memlimit=XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = b""
        while not piece and not self.decompressor.eof:
            packed = self.file.read(PIECE_BYTES) if self.decompressor.needs_input else b""
            if self.decompressor.needs_input and not packed:
                raise EOFError("cut off before its end")
            piece = self.decompressor.decompress(packed, len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _unusable(path: Path) -> str:
    """Say why something is neither a zip nor a tar, or return an empty text."""
    if not path.is_file():
        return "not even a file"
    try:
        if not zipfile.is_zipfile(path):
            with tar(path):
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
    with tar(source) as archive:
        for member in members(archive):
            if not is_picture(member.name):
                continue
            file = archive.extractfile(member) if is_plain(member) else None
            if file and not oddness(member.name):
                yield member.name, member.size, file
            else:
                skipped.append(f"{member.name[:100]!a}: {oddness(member.name) if file else 'not a file'}")
