"""Files of the project as they were at a git revision: small ones out of git, the others as DVC has them."""

import re
import subprocess
from pathlib import Path

from showreel.errors import ShowreelError


def commit(revision: str) -> str:
    """Return the full name of a commit: it can be handed on without being taken for an option, a file or a range.

    Args:
        revision: what git calls it: `HEAD~1`, a branch, a tag, the beginning of a commit's name.

    Raises:
        ShowreelError: git knows no such revision.
    """
    found = _run("git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").stdout.strip()
    if not re.fullmatch("[0-9a-f]{40,64}", found):
        shown = revision if revision.isprintable() and revision else repr(revision)
        raise ShowreelError(f"{shown}: git knows no such revision; `git log --oneline` lists some")
    return found


def bring(path: Path, revision: str, folder: Path) -> Path:
    """Copy a file or folder, as it was at a revision, into a folder, and return where it is.

    Args:
        path: relative to the project's folder, which is the current one.
        revision: the full name of a commit.
        folder: where it goes, under its own path.

    Raises:
        ShowreelError: DVC has no such file.
    """
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    done = _run("dvc", "get", ".", str(path), "--rev", revision, "--out", str(place), "--force", "--quiet")
    if done.returncode:
        reason = " ".join(done.stderr.split()) or "DVC does not say why"
        raise ShowreelError(f"{path}: cannot be had as it was at {revision} ({reason}); try `dvc fetch --all-commits`")
    return place


def bring_record(path: Path, revision: str, folder: Path) -> Path:
    """Copy a lineage record, which older revisions may lack, and return where it is or would be."""
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    shown = _run("git", "show", f"{revision}:./{path.as_posix()}")
    if shown.returncode == 0:
        place.write_text(shown.stdout, encoding="utf-8")
    return place


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True)
