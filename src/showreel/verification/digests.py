"""MD5 (DVC's) and SHA-256 (the lineage records') of many files, each read once, and DVC's digest of a folder."""

import fnmatch
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

BLOCK_BYTES = 1 << 20
FOLDER = ".dir"
"""What DVC appends to the digest of a folder."""


class Digests(NamedTuple):
    """A file's digests in hexadecimal, both "" if it could not be read, and its size in bytes."""

    md5: str
    sha256: str
    size: int


def of_files(root: Path, paths: Iterable[str]) -> dict[str, Digests]:
    """Digest files in parallel: hashlib lets go of Python's lock, so threads use all cores.

    Args:
        root: the folder that paths are relative to.
        paths: of files that exist.
    """
    listed = sorted(set(paths))
    total = sum((root / path).stat().st_size for path in listed)
    bar = tqdm(desc="verify", total=total, unit="B", unit_scale=True, disable=None)
    found = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool, bar:
        for path, digests in zip(listed, pool.map(of_file, (root / path for path in listed)), strict=True):
            found[path] = digests
            bar.update(digests.size)
    return found


def of_file(path: Path) -> Digests:
    """Digest one file; a file that cannot be read has digests that nothing equals."""
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                md5.update(block)
                sha256.update(block)
                size += len(block)
    except OSError:
        return Digests("", "", size)
    return Digests(md5.hexdigest(), sha256.hexdigest(), size)


def of_folder(files: Mapping[str, str]) -> str:
    """Return DVC's digest of a folder from its files: path inside the folder → MD5."""
    listing = [{"md5": files[path], "relpath": path} for path in sorted(files)]
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + FOLDER


def ignored_names(root: Path) -> list[str]:
    """Read the names in .dvcignore; lines with a slash or an exclamation mark are beyond this reader."""
    path = root / ".dvcignore"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [line.strip() for line in lines if line.strip() and not set("#!/").intersection(line)]


def files_under(root: Path, path: str, ignored: Iterable[str] = ()) -> Iterator[str]:
    """Yield a file, or all files of a folder whose names DVC does not ignore, named as the path is."""
    place = root / path
    if place.is_file():
        yield path
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if not _matches(name, ignored)]
        for name in names:
            file = Path(folder, name)
            if not _matches(name, ignored) and file.is_file():  # a pipe would never end
                yield f"{path}/{file.relative_to(place).as_posix()}"


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
