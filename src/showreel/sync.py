"""Lets either engine take over what the other one made, once the maker itself says that all of it is up to date.

Both engines accept anything when they are told to, so the maker's own dry run comes first, and a dry run of the other
one comes after. The engines are run as commands; this module imports neither.
"""

import json
import subprocess
from collections.abc import Sequence

from showreel.errors import ShowreelError

NOTHING_TO_DO = "Nothing to be done"
WITHOUT_RECORD = "missing provenance/metadata"


def sync(experiments: Sequence[str]) -> str:
    """Make both engines take the results of some experiments for up to date, and return what was done in a sentence.

    Raises:
        ShowreelError: an engine fails, neither has the results up to date, or one does not accept the other's.
    """
    dvc, snakemake = _dvc_is_clean(experiments), _snakemake_is_clean(experiments)
    if dvc and snakemake:
        return "both engines are up to date"
    if dvc:
        _run("snakemake", "--touch", "--forceall", "--cores", "1", *experiments)
        accepted, sentence = _snakemake_is_clean(experiments), "Snakemake has taken over what DVC made"
    elif snakemake:
        _run("dvc", "commit", "--force", "--with-deps", *_stages(experiments))
        accepted, sentence = _dvc_is_clean(experiments), "DVC has taken over what Snakemake made"
    else:
        raise ShowreelError("neither engine has these experiments up to date; run `dvc repro` or `snakemake` first")
    if not accepted:
        raise ShowreelError(f"{sentence}, but still wants to run something; see `dvc status` and `snakemake -n`")
    return sentence


def _dvc_is_clean(experiments: Sequence[str]) -> bool:
    return bool(json.loads(_run("dvc", "status", "--json", "--with-deps", *_stages(experiments))) == {})


def _snakemake_is_clean(experiments: Sequence[str]) -> bool:
    """Ask for a dry run; a job without Snakemake's own record of parameters and code does not count as up to date."""
    answer = _run("snakemake", "--dry-run", "--cores", "1", *experiments)
    return NOTHING_TO_DO in answer and WITHOUT_RECORD not in answer


def _stages(experiments: Sequence[str]) -> list[str]:
    return [f"render@{experiment}" for experiment in experiments]


def _run(*command: str) -> str:
    """Run a command and return what it printed: all of it, or the standard output of DVC, whose JSON stands alone."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ShowreelError(
            f"`{' '.join(command[:2])}` failed: {done.stderr.strip()[-500:] or done.stdout.strip()[-500:]}"
        )
    return done.stdout if command[0] == "dvc" else done.stdout + done.stderr
