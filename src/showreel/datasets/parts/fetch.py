"""Verified downloads: a file appears under its name only when its SHA-256 is right.

Sources are asked in order, mirrors first. What arrived before a connection broke is kept and continued, by the same
source or by the next one. A source that answers with something else is passed over.
"""

import http.client
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from showreel.pipeline import locks
from showreel.pipeline.provenance import file_digest
from showreel.storage import atomic
from showreel.storage.errors import ShowreelError

BLOCK_BYTES = 1 << 18
MAX_BYTES = 1 << 32
"""No data set's file is longer; a server that sends more is cut off."""
LONGEST_LENGTH = 20
"""Digits of a `Content-Length` that is taken seriously."""
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
RANGE_NOT_SATISFIABLE = 416


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set.

    Attributes:
        name: its name in the raw folder and at a mirror.
        sha256: of its bytes, in hexadecimal.
        urls: where it is, the official address first.
    """

    name: str
    sha256: str
    urls: tuple[str, ...]


class _PassOverError(Exception):
    """This source does not have the file; the text says why."""


class _InterruptedError(Exception):
    """This source may yet have the file: the connection broke or the server is busy."""


def fetch(
    file: RemoteFile,
    destination: Path,
    *,
    partial: Path,
    mirrors: Sequence[str] = (),
    timeout: float = 30.0,
    pauses: Sequence[float] = (1.0, 3.0),
) -> None:
    """Bring a file to `destination`, unless the right one is there already.

    Args:
        file: what to bring.
        destination: its final path; nothing is there until all of it is, and verified.
        partial: folder that keeps `<sha256>.part` between attempts.
        mirrors: folders or URL prefixes that are asked for `<mirror>/<name>` before the file's own URLs.
        timeout: seconds without a byte after which a connection counts as broken.
        pauses: seconds to wait before each further attempt at a source that gave nothing new.

    Raises:
        ShowreelError: no source has the file; the message gives each one's reason.
    """
    if destination.is_file() and file_digest(destination) == file.sha256:
        return
    partial.mkdir(parents=True, exist_ok=True)
    part = partial / f"{file.sha256}.part"
    reasons = []
    with locks.alone(part.with_suffix(".lock"), f"the download of {file.name}"):
        for source in (*(f"{mirror.rstrip('/')}/{file.name}" for mirror in mirrors), *file.urls):
            try:
                if "://" in source:
                    _download(source, file, part, timeout=timeout, pauses=pauses)
                _place(part if "://" in source else Path(source).expanduser(), destination, file.sha256)
            except _PassOverError as error:
                reasons.append(f"{source}: {error}")
            else:
                part.unlink(missing_ok=True)
                return
    raise ShowreelError(
        f"{file.name}: no source has it ({'; '.join(reasons) or 'none is known'}); try again later, or put the file "
        "into a folder and set SHOWREEL_MIRROR to that folder or to a URL prefix"
    )


def _download(url: str, file: RemoteFile, part: Path, *, timeout: float, pauses: Sequence[float]) -> None:
    """Fill `part` until its digest is right; attempts that bring nothing new are counted against `pauses`."""
    if part.exists() and file_digest(part) == file.sha256:
        return
    longest, waits = 0, iter(pauses)
    while True:
        try:
            resumed = _receive(url, part, timeout)
        except _InterruptedError as error:
            length = part.stat().st_size if part.exists() else 0
            if length > longest:
                longest, waits = length, iter(pauses)
            pause = next(waits, None)
            if pause is None:
                remark = f" ({length:,} bytes are kept)" if length else ""
                raise _PassOverError(f"{error}{remark}") from error
            time.sleep(pause)
            continue
        digest = file_digest(part)
        if digest == file.sha256:
            return
        part.unlink()
        if not resumed:
            raise _PassOverError(f"other bytes, SHA-256 {digest[:12]}… instead of {file.sha256[:12]}…")


def _receive(url: str, part: Path, timeout: float) -> bool:
    """Append the bytes that `part` lacks, or start it anew; return whether it was continued."""
    size = part.stat().st_size if part.exists() else 0
    with _response(url, size, timeout) as response:
        resumed = size > 0 and (response.headers.get("Content-Range") or "").startswith(f"bytes {size}-")
        start = size if resumed else 0
        stated = response.headers.get("Content-Length") or ""
        total = start + int(stated) if stated.isdecimal() and len(stated) < LONGEST_LENGTH else None
        bar = tqdm(desc=url.rsplit("/", 1)[-1], total=total, initial=start, unit="B", unit_scale=True, disable=None)
        with part.open("ab" if resumed else "wb") as output, bar:
            for block in _blocks(response):
                output.write(block)
                bar.update(len(block))
                if output.tell() > MAX_BYTES:
                    part.unlink()
                    raise _PassOverError(f"more than {MAX_BYTES:,} bytes")
            if total is not None and output.tell() < total:
                raise _InterruptedError(f"cut short after {output.tell():,} of {total:,} bytes")
    return resumed


@contextmanager
def _response(url: str, start: int, timeout: float) -> Iterator[http.client.HTTPResponse]:
    """Open a URL from byte `start` on."""
    headers = {"User-Agent": "showreel", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == RANGE_NOT_SATISFIABLE and start:
            with _response(url, 0, timeout) as whole:
                yield whole
            return
        reason = f"HTTP {error.code} {error.reason}"
        raise (_InterruptedError if error.code in WORTH_ANOTHER_TRY else _PassOverError)(reason) from error
    except (OSError, http.client.HTTPException) as error:
        raise _InterruptedError(_reason(error)) from error
    except ValueError as error:
        raise _PassOverError(f"an address that cannot be ({error})") from error
    with response:
        if response.headers.get_content_type() == "text/html":
            raise _PassOverError("a web page instead of the file")
        yield response


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield a body; only what the network does is caught here, a full disk is not."""
    while True:
        try:
            block = response.read(BLOCK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _InterruptedError(_reason(error)) from error
        if not block:
            return
        yield block


def _reason(error: Exception) -> str:
    """Say in a few words why a connection failed."""
    return str(getattr(error, "reason", error)) or type(error).__name__


def _place(source: Path, destination: Path, sha256: str) -> None:
    """Copy a file to its final name if the copy has the right digest."""
    if source.exists() and not source.is_file():
        raise _PassOverError("not a file")
    try:
        opened = source.open("rb")
    except OSError as error:
        raise _PassOverError(error.strerror or str(error)) from error
    with opened, atomic.writing(destination) as (temporary,):
        with temporary.open("wb") as copy:
            shutil.copyfileobj(opened, copy)
        digest = file_digest(temporary)
        if digest != sha256:
            raise _PassOverError(f"other bytes, SHA-256 {digest[:12]}… instead of {sha256[:12]}…")
