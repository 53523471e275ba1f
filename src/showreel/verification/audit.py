"""The whole check: everything that the accounts name is digested once, and then judged."""

import os
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from showreel.params.schema import Params
from showreel.pipeline import graph, paths
from showreel.pipeline.graph import Stage
from showreel.verification import accounts, contents, disk
from showreel.verification.accounts import LOCK, Account, Accounts
from showreel.verification.findings import NO_COMMAND, Finding, Kind, Mend
from showreel.verification.judgement import Case, judge
from showreel.verification.mending import Mender


class Audit(NamedTuple):
    """What a check came to.

    Attributes:
        findings: in the order of their kinds, then of the pipeline; one a path, stage and kind.
        runs: how many stages' runs some account tells of.
        files: how many files were read, and their bytes.
        size: in bytes.
        stages: the declared stages that were checked, by name.
    """

    findings: list[Finding]
    runs: int
    files: int
    size: int
    stages: dict[str, Stage]


def audit(root: Path, declared: Params, *, source: Path, experiments: Collection[str] | None = None) -> Audit:
    """Check what lies in a project's folder against dvc.lock, the lineage records and params.yaml.

    Args:
        root: the project's folder.
        declared: its params.yaml.
        source: the folder that holds the package.
        experiments: check these and what they stand on; None for all that there is.
    """
    stages = graph.stages(declared)
    told = accounts.read(root, source)
    if experiments is not None:
        stages = {name: stage for one in experiments for name, stage in graph.needed(one, declared).items()}
        told = _only(told, stages)
    lock, records, _ = told
    everything = [*lock.values(), *records.values()]
    named = {path for account in everything for path in (*account.inputs, *account.outputs, *account.code)}
    named |= {str(path) for stage in stages.values() for path in stage.outputs} | {*told.unreadable} | _sources(records)
    present = disk.survey(root, named, disk.RESULTS if experiments is None else ())
    case = Case(present, stages, declared.model_dump(exclude_unset=True), Mender(root, stages, lock))
    found = [*_unreadable(case, told), *judge(case, _declared_of(told, case))]
    found += _unvouched(case, everything, strict=experiments is not None)
    found += _orphaned(case, told)
    condemned = {finding.path for finding in found if finding.kind is Kind.DAMAGED}
    found += _inner_faults(root, case, everything, condemned)
    size = sum(digests.size for digests in present.files.values())
    runs = len({account.stage for account in everything})
    return Audit(_sorted(found, [*stages]), runs, len(present.files), size, stages)


def _only(told: Accounts, names: Collection[str]) -> Accounts:
    lock, records = ({name: one[name] for name in one if name in names} for one in (told.lock, told.records))
    kept = {path: why for path, why in told.unreadable.items() if path == LOCK or _stage_of(path) in names}
    return Accounts(lock, records, kept)


def _sources(records: dict[str, Account]) -> set[str]:
    return {record.source for record in records.values()}


def _stage_of(record: str) -> str:
    """Return the stage that a record's path speaks of; "" for dvc.lock."""
    parts = Path(record).with_suffix("").parts[len(paths.LINEAGE.parts) :]
    return graph.stage_name(" ".join(parts)) if parts else ""


def _unreadable(case: Case, told: Accounts) -> Iterator[Finding]:
    for path, reason in told.unreadable.items():
        name = _stage_of(path)
        mend = Mend("git restore", (path,))
        if name in told.lock:
            mend = case.mender.restore(path, told.lock[name])
        elif name in case.stages:
            mend = case.mender.rerun(name)
        yield Finding(Kind.DAMAGED, path, name, reason, mend)


def _is_orphan(case: Case, name: str) -> bool:
    """Tell whether a stage is of a kind that params.yaml declares, but is not declared."""
    verbs = {stage.split("@")[0] for stage in case.stages}
    return name not in case.stages and name.split("@")[0] in verbs


def _declared_of(told: Accounts, case: Case) -> Accounts:
    """Leave out what params.yaml no longer declares; stages of the user's own in dvc.lock stay."""
    lock, records = (
        {name: one[name] for name in one if not _is_orphan(case, name)} for one in (told.lock, told.records)
    )
    return Accounts(lock, records, told.unreadable)


def _orphaned(case: Case, told: Accounts) -> Iterator[Finding]:
    for name, account in (told.records | told.lock).items():
        if _is_orphan(case, name):
            detail = f"tells of a stage that {paths.PARAMS} no longer declares"
            yield Finding(Kind.ORPHANED, account.source, name, detail, NO_COMMAND, fault=False)


def _unvouched(case: Case, told: list[Account], *, strict: bool) -> Iterator[Finding]:
    """Find results that nobody tells of, and stages that have none; those are a fault if they were asked for."""
    known = {account.stage for account in told}
    outputs = {path for account in told for path in account.outputs}
    makers = {str(path): stage.name for stage in case.stages.values() for path in stage.outputs}
    unknown = [path for path in case.disk.files if _is_result(path) and not _is_within(path, outputs)]
    for path in unknown:
        name = next((makers[place] for place in _places(path) if place in makers), "")
        detail = "was made nobody knows how: no account tells of it"
        yield Finding(Kind.UNKNOWN_ORIGIN, path, name, detail, case.mender.rerun(name) if name else NO_COMMAND)
    for name, stage in case.stages.items():
        if name not in known and not any(case.disk.under(str(path)) for path in stage.outputs):
            yield Finding(
                Kind.NEVER_RUN,
                str(paths.PARAMS),
                name,
                "declares it, but it has not run",
                case.mender.run(name),
                strict,
            )


def _is_result(path: str) -> bool:
    return any(_fits(Path(place), Path(pattern)) for place in _places(path) for pattern in disk.RESULTS)


def _fits(path: Path, pattern: Path) -> bool:
    """Tell whether a whole path fits a pattern; `match` alone is content with its end."""
    return len(path.parts) == len(pattern.parts) and path.match(str(pattern))


def _places(path: str) -> list[str]:
    """List a path and the folders that it lies in."""
    return [path, *(str(folder) for folder in Path(path).parents)]


def _is_within(path: str, outputs: Collection[str]) -> bool:
    return any(place in outputs for place in _places(path))


def _inner_faults(root: Path, case: Case, told: Iterable[Account], condemned: set[str]) -> Iterator[Finding]:
    """Read every result to its end, but for those with a wrong digest: a damaged HDF5 can crash its library."""
    makers = {path: account.stage for account in told for path in account.outputs}
    listed = [path for path in case.disk.files if _is_result(path) and not condemned.intersection(_places(path))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, reason in zip(listed, pool.map(contents.fault, (root / path for path in listed)), strict=True):
            if reason:
                name = makers.get(path, "")
                yield Finding(Kind.DAMAGED, path, name, f"cannot be read: {reason}", case.mender.rerun(name))


def _sorted(found: Iterable[Finding], stages: list[str]) -> list[Finding]:
    """Drop what is told twice, by lock and record, of a folder and of a file in it, and order the rest."""
    once: dict[tuple[str, str, str, str], Finding] = {}
    for finding in found:
        sentence = finding.detail if finding.kind is Kind.STALE else ""
        once.setdefault((finding.kind, finding.path, finding.stage, sentence), finding)
    broken = {one.path for one in once.values() if one.kind is Kind.BROKEN_CHAIN}
    inside = {folder for one in once.values() if one.kind is Kind.DAMAGED for folder in _places(one.path)[1:]}
    kept = [one for one in once.values() if not (one.kind is Kind.DAMAGED and one.path in broken | inside)]
    kinds, places = list(Kind), {name: place for place, name in enumerate(stages)}
    return sorted(kept, key=lambda one: (kinds.index(one.kind), places.get(one.stage, len(places)), one.path))
