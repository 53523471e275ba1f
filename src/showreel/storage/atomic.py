"""Files that appear whole or not at all: written beside their place under a unique name, flushed, then renamed."""

import ctypes
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RANDOM_CHARACTERS = 8
"""How many `tempfile` puts into a name."""

WORKING_FOLDER, EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of Linux's renameat2."""


@contextmanager
def writing(*paths: Path) -> Iterator[list[Path]]:
    """Yield a temporary path beside each path; on success flush and rename all of them, on failure remove them.

    A temporary name ends as its path does (imageio, h5py and Keras choose a format by the suffix) and starts with a
    dot. All files are on the disk before the first is renamed, and they are renamed in the order given. Two processes
    that write the same path do not meet: the last rename wins, each of them whole.
    """
    temporaries: list[Path] = []
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
            os.close(handle)
            temporaries.append(Path(name))
        yield temporaries
        for temporary in temporaries:
            temporary.chmod(0o666 & ~_umask())
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        for temporary, path in zip(temporaries, paths, strict=True):
            temporary.replace(path)
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside a folder; on success it takes its place, on failure it is removed.

    Where `folder` is a link, what it leads to is replaced. The new files are on the disk before that. Old and new
    change places in one step, so that there is a whole folder at every moment; on file systems that cannot do so, the
    old one is first renamed.
    """
    folder = Path(os.path.realpath(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        for path in temporary.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        if not folder.exists():
            temporary.replace(folder)
        elif not _exchanged(temporary, folder):
            aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
            try:
                folder.replace(aside)
                temporary.replace(folder)
            except OSError:
                aside.rmdir() if folder.exists() else aside.replace(folder)
                raise
            shutil.rmtree(aside)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with writing(path) as (temporary,):
        temporary.write_text(text, encoding="utf-8")


def remove_leftovers(path: Path) -> None:
    """Remove what killed processes left beside a path; for one who knows that no other process writes `path` now."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.{'?' * RANDOM_CHARACTERS}{path.suffix}"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)


def _umask() -> int:
    """Return the process's umask: mkstemp ignores it and makes files that only their owner can read."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _exchanged(first: Path, second: Path) -> bool:
    """Let two paths change their names in one step; tell whether the system and the file system can."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    names = os.fsencode(first), os.fsencode(second)
    return rename is not None and rename(WORKING_FOLDER, names[0], WORKING_FOLDER, names[1], EXCHANGE) == 0
