"""A tar, read so that no bomb and no lying header in it takes more than some megabytes of memory."""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

HEADER_BYTES = 1 << 16
"""What may stand before one member of a tar: its header, and those with long names, dates and so on."""

XZ_MEMORY = 1 << 28
"""Bytes that unpacking .xz may take; what `xz -9` packs needs a quarter of it."""

PIECE_BYTES = 1 << 18

UNREADABLE = (OSError, EOFError, ValueError, OverflowError, zlib.error, lzma.LZMAError)
"""What reading and seeking in a compressed file raises where it is not what it claims to be."""


@contextmanager
def opened(path: Path) -> Iterator[tarfile.TarFile]:
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
    """Yield the members of a tar from `opened` and forget each: a list of millions would pile up.

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
