"""Files of the project as they were at a git revision: small ones out of git, the others as DVC has them."""

import re
from pathlib import Path

from showreel.pipeline.programs import ask
from showreel.storage.errors import ShowreelError

COMMIT = re.compile("[0-9a-f]{40,64}")
EXPERIMENT = re.compile("[A-Za-z0-9_][A-Za-z0-9._-]*")
"""The names of `dvc exp` that are looked for: none of them is a pattern or a path to git."""


def bring(path: Path, revision: str, folder: Path) -> Path:
    """Copy a file or folder, as it was at a revision, into a folder, and return where it is.

    Args:
        path: relative to the project's folder, which is the current one.
        revision: see `commit`.
        folder: where it goes, under its own path.

    Raises:
        ShowreelError: git knows no such revision, or DVC has no such file.
    """
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    done = ask("dvc", "get", ".", str(path), "--rev", commit(revision), "--out", str(place), "--force", "--quiet")
    if done.returncode:
        reason = " ".join(done.stderr.split()) or "DVC does not say why"
        raise ShowreelError(f"{path}: cannot be had as it was at {revision} ({reason}); try `dvc fetch --all-commits`")
    return place


def bring_record(path: Path, revision: str, folder: Path) -> Path:
    """Copy a lineage record, which older revisions may lack, and return where it is or would be."""
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    shown = ask("git", "show", f"{commit(revision)}:./{path.as_posix()}")
    if shown.returncode == 0:
        place.write_text(shown.stdout, encoding="utf-8")
    return place


def commit(revision: str) -> str:
    """Return the full name of a commit: nobody takes that for an option, a range or a pattern.

    Args:
        revision: what git calls it: `HEAD~1`, a branch, a tag, the beginning of its name; or a name of `dvc exp`.

    Raises:
        ShowreelError: there is no such commit, or there are several.
    """
    known = ask("git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").stdout.split()
    if not known and EXPERIMENT.fullmatch(revision):
        known = ask("git", "for-each-ref", "--format=%(objectname)", f"refs/exps/*/*/{revision}").stdout.split()
        if len(known) > 1:
            raise ShowreelError(f"{revision}: {len(known)} experiments of DVC have this name; name a commit instead")
    if len(known) != 1 or not COMMIT.fullmatch(known[0]):
        shown = revision if revision and revision.isprintable() else ascii(revision)
        raise ShowreelError(f"{shown}: git knows no such revision; `git log --oneline` or `dvc exp list` lists some")
    return known[0]
