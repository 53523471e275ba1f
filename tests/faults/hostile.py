"""Runs the command on hostile input: here for what it says, in a process of its own for the memory that it takes."""

import contextlib
import gzip
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
from test_params import GOOD

from showreel.cli import parser

MEGABYTE = 1 << 20
BOUND = 300
"""MiB that a refusal may take in all; Python with the imports of a stage takes about 100 of them."""
MINE = "  mine: {source: folder, path: PATH, size: 8}\n  mnist: {source: mnist}\n  cifar10: {source: cifar10}\n"
MEASURED = """
import logging, sys
from pathlib import Path
from showreel.cli import parser
logging.disable()
code = parser.main(sys.argv[1:])
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)
sys.exit(code)
"""


class Outcome(NamedTuple):
    """What a command in a process of its own came to: exit code, what it said, MiB of memory at its peak."""

    code: int
    said: str
    megabytes: int


def project(folder: Path, path: Path | str = "nowhere") -> Path:
    """Make a project whose data set `mine` lies at `path`."""
    made = folder / "project"
    made.mkdir()
    text = GOOD.replace("inputs:", MINE.replace("PATH", f"'{path}'") + "inputs:")
    (made / "params.yaml").write_text(text)
    return made


def measured(folder: Path, command: str) -> Outcome:
    """Run a command in a project, in a process of its own, for at most a minute."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command.split()],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Outcome(done.returncode, done.stderr, int(done.stdout.splitlines()[-1]))


def refused(folder: Path, command: str, capsys: pytest.CaptureFixture[str], *, code: int = 1) -> str:
    """Run a command in a project, see that it fails with one line and leaves nothing anywhere; return the line."""
    before = files(folder.parent)
    capsys.readouterr()
    with contextlib.chdir(folder):
        assert parser.main(command.split()) == code
    out, error = capsys.readouterr()
    assert files(folder.parent) == before
    assert (out, error.count("\n")) == ("", 1)
    assert error.removesuffix("\n").isprintable()
    assert error.startswith("showreel: error: ")
    return error.removeprefix("showreel: error: ")


def files(folder: Path) -> dict[Path, int]:
    """Return everything that is not a folder, with its size; not the records and locks of the stages that ran."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path: path.lstat().st_size for path in found if {".showreel", "lineage"}.isdisjoint(path.parts)}


def gzip_bomb(path: Path, parts: Iterable[bytes], megabytes: int) -> Path:
    """Write some bytes and then many zeros; a megabyte of them takes a kilobyte."""
    with gzip.open(path, "wb", 1) as file:
        for part in parts:
            file.write(part)
        for _ in range(megabytes):
            file.write(bytes(MEGABYTE))
    return path
