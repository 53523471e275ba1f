"""Lets either engine take over what the other one made, once the maker itself says that all of it is up to date.

Both engines accept anything when they are told to. So the maker's own dry run comes first, then the proof that every
file is what its lineage record says, and dry runs of both come after. The engines are run as commands; this module
imports neither.
"""

import json
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from showreel.params import registry
from showreel.params.schema import Params
from showreel.pipeline import paths, provenance
from showreel.pipeline.programs import ask
from showreel.storage.errors import ShowreelError
from showreel.verification.check import check
from showreel.verification.findings import Finding

NOTHING_TO_DO = "Nothing to be done"
WITHOUT_RECORD = "missing provenance/metadata"

CAUSE = re.compile(r"^\w*(Error|ERROR|Exception)\b.*(\n(?!\s*\n).+)*", re.MULTILINE)
"""What an engine says of an error: from the line that names it to the next empty one."""
LONGEST_CAUSE = 1000
"""Characters that a message shows."""


class Target(NamedTuple):
    """What each engine calls the last stage of an experiment, or of a study."""

    stage: str
    file: str


def targets(experiments: Iterable[str], declared: Params) -> list[Target]:
    """Return those of some experiments, and of the studies of their networks that have results.

    A study that is left out would be older than its network once that is touched.
    """
    names = set(experiments)
    last = [Target(f"render@{name}", str(paths.gif(name))) for name in experiments]
    return last + [
        Target(f"{kind}@{name}", str(paths.poster(name)))
        for kind, studies in declared.studies.items()
        for name, study in studies.items()
        if study.of in names and all(path.exists() for path in paths.study_results(name).values())
    ]


def sync(experiments: Sequence[str], declared: Params, *, root: Path) -> str:
    """Make both engines take the results of some experiments for up to date, and return what was done in a sentence.

    The studies of their networks, where they have results, are taken over with them.

    Args:
        experiments: their names.
        declared: the project's params.yaml.
        root: the project's folder, the current one.

    Raises:
        ShowreelError: an engine fails, neither has the results up to date, they are not what their lineage records say,
            or an engine still wants to run something afterwards.
    """
    last = targets(experiments, declared)
    dvc, snakemake = _dvc_is_clean(last), _snakemake_is_clean(last)
    if dvc and snakemake:
        return "both engines are up to date"
    if not (dvc or snakemake):
        raise ShowreelError("neither engine has these experiments up to date; run `dvc repro` or `snakemake` first")
    names = [target.stage.partition("@")[2] for target in last]
    _prove(check(root, declared, experiments=names).findings)
    if dvc:
        _bring_into_the_present(provenance.sources(registry.PACKAGE))
        _run("snakemake", "--touch", "--forceall", "--cores", "1", *(target.file for target in last))
    else:
        _run("dvc", "commit", "--force", "--with-deps", *(target.stage for target in last))
    sentence = "Snakemake has taken over what DVC made" if dvc else "DVC has taken over what Snakemake made"
    if not (_dvc_is_clean(last) and _snakemake_is_clean(last)):
        raise ShowreelError(f"{sentence}, but still wants to run something; see `dvc status` and `snakemake -n`")
    return sentence


def _prove(findings: Iterable[Finding]) -> None:
    """Refuse results with a fault."""
    faults = [finding for finding in findings if finding.fault]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise ShowreelError(f"{faults[0].path}: {faults[0].detail}{more}; see `showreel verify`")


def _bring_into_the_present(code: Sequence[Path]) -> None:
    """Touch code with a time to come: Snakemake would find its outputs older than that, fail, and delete them."""
    now = time.time()
    for path in {*code, *(path.parent for path in code)}:
        if path.stat().st_mtime > now:
            path.touch()


def _dvc_is_clean(last: Sequence[Target]) -> bool:
    return bool(json.loads(_run("dvc", "status", "--json", "--with-deps", *(target.stage for target in last))) == {})


def _snakemake_is_clean(last: Sequence[Target]) -> bool:
    """Ask for a dry run; a job without Snakemake's own record of parameters and code does not count as up to date."""
    answer = _run("snakemake", "--dry-run", "--cores", "1", *(target.file for target in last))
    return NOTHING_TO_DO in answer and WITHOUT_RECORD not in answer


def _run(*command: str) -> str:
    """Run a command and return what it printed: all of it, or the standard output of DVC, whose JSON stands alone."""
    done = ask(*command)
    if done.returncode:
        raise ShowreelError(f"`{' '.join(command[:2])}` failed: {cause(done.stdout + done.stderr)}")
    return done.stdout if command[0] == "dvc" else done.stdout + done.stderr


def cause(printed: str) -> str:
    """Return what an engine printed of the error that ended it, in one line: the end, where it names none."""
    named = [" ".join(found.group().split()) for found in CAUSE.finditer(printed)]
    text = "; ".join(named)[:LONGEST_CAUSE] or " ".join(printed.split())[-LONGEST_CAUSE:]
    return text or "it does not say why"
