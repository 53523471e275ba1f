"""Whether the code of a commit and the code here make the same bytes: a tiny portfolio with either, on this machine.

An edit of what decides numbers makes the stages that it can change run again, because they depend on those files. An
edit of anything else must change no byte; this is the proof.
"""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from showreel.pipeline.programs import ask
from showreel.pipeline.revisions import commit
from showreel.storage.errors import ShowreelError
from showreel.verification.compare import Difference, difference
from showreel.verification.digests import files_under

MODULE = "showreel.verification.portfolio"


class Sameness(NamedTuple):
    """What the two portfolios come to.

    Attributes:
        commit: the full name of the other code's commit.
        stages: each stage's name with the differences of its outputs; words on a file's origin are none.
    """

    commit: str
    stages: dict[str, list[Difference]]

    @property
    def differing(self) -> list[str]:
        """The stages whose outputs differ."""
        return [name for name, differences in self.stages.items() if differences]


def same(source: Path, revision: str) -> Sameness:
    """Make the portfolio with a commit's code and with the code here, and compare all outputs.

    Args:
        source: the folder that holds the package, `src` of a checkout.
        revision: what git calls the other code.

    Raises:
        ShowreelError: git knows no such revision, it has no portfolio, or a stage fails.
    """
    name = commit(revision)
    with tempfile.TemporaryDirectory(prefix="showreel-same-") as scratch:
        there, here = Path(scratch, "there"), Path(scratch, "here")
        theirs = _made(_checked_out(name, source, Path(scratch, "code")), there)
        ours = _made(source, here)
        names = dict.fromkeys([*theirs, *ours])
        places = {stage: dict.fromkeys([*theirs.get(stage, ()), *ours.get(stage, ())]) for stage in names}
        return Sameness(name, {stage: _differences(list(places[stage]), there, here) for stage in names})


def _checked_out(name: str, source: Path, folder: Path) -> Path:
    """Write the package of a commit into a folder, and return the folder that holds it."""
    top = Path(ask("git", "-C", str(source), "rev-parse", "--show-toplevel").stdout.strip())
    inside = source.resolve().relative_to(top.resolve()).as_posix()
    packed = subprocess.run(["git", "-C", str(top), "archive", name, inside], capture_output=True)
    if packed.returncode:
        raise ShowreelError(f"{name}: has no {inside} ({packed.stderr.decode().strip()})")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    module = folder / inside / Path(*MODULE.split(".")).with_suffix(".py")
    if not module.is_file():
        raise ShowreelError(f"{name}: is older than the portfolio to compare with; take a later commit")
    return folder / inside


def _made(source: Path, folder: Path) -> dict[str, list[str]]:
    """Make a portfolio with some code in a new folder; return each stage's outputs."""
    folder.mkdir()
    path = os.pathsep.join(filter(None, (str(source.resolve()), os.environ.get("PYTHONPATH", ""))))
    done = subprocess.run(
        [sys.executable, "-m", MODULE], cwd=folder, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE
    )
    if done.returncode:
        raise ShowreelError(f"{source}: its portfolio cannot be made; what failed stands above")
    lines = (line.split("\t") for line in done.stdout.decode().splitlines() if "\t" in line)
    return {stage: outputs for stage, *outputs in lines}


def _differences(outputs: list[str], there: Path, here: Path) -> list[Difference]:
    names = {name for output in outputs for folder in (there, here) for name in files_under(folder, output)}
    found = (difference(name, there / name, here / name) for name in sorted(names))
    return [one for one in found if one and (one.breaks or any(one.figures.values()))]
