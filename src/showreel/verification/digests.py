"""The files of a project and their SHA-256, each read once, on all cores."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from showreel.pipeline import provenance


class Digest(NamedTuple):
    """A file's SHA-256 in hexadecimal, "" if it cannot be read, and its size in bytes."""

    sha256: str
    size: int


def of_files(root: Path, names: Iterable[str]) -> dict[str, Digest]:
    """Digest files in parallel: hashlib lets go of Python's lock, so threads use all cores.

    Args:
        root: the folder that names are relative to.
        names: of files that exist.
    """
    listed = sorted(set(names))
    total = sum((root / name).stat().st_size for name in listed)
    bar = tqdm(desc="verify", total=total, unit="B", unit_scale=True, disable=None)
    digests = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool, bar:
        for name, digest in zip(listed, pool.map(of_file, (root / name for name in listed)), strict=True):
            digests[name] = digest
            bar.update(digest.size)
    return digests


def of_file(path: Path) -> Digest:
    """Digest one file; a file that cannot be read has a digest that nothing equals."""
    try:
        return Digest(provenance.file_digest(path), path.stat().st_size)
    except OSError:
        return Digest("", 0)


def files_under(root: Path, name: str) -> Iterator[str]:
    """Yield a file, or all files of a folder, named as it is; in a folder, hidden ones and Python's own are no data."""
    place = root / name
    if place.is_file():
        yield name
    for folder, folders, files in os.walk(place):
        folders[:] = [inside for inside in folders if inside != "__pycache__"]
        paths = (Path(folder, file) for file in files if not file.startswith("."))
        yield from (
            f"{name}/{path.relative_to(place).as_posix()}" for path in paths if path.is_file()
        )  # pipes never end
