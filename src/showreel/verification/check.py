"""The whole check: every file that records or params.yaml name is digested once, and held to what is said of it."""

import os
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from showreel.params.schema import RANDOM, Params
from showreel.pipeline import changes, graph, paths, provenance, records
from showreel.pipeline.graph import Stage
from showreel.pipeline.records import LOCK, Records
from showreel.verification import chain, contents, digests
from showreel.verification.chain import Project
from showreel.verification.findings import NO_COMMAND, Finding, Kind
from showreel.verification.mending import Commands

RESULTS = (
    *(path("*") for path in (paths.raw, paths.prepared, paths.model, paths.reel, paths.chosen)),
    *paths.results("*").values(),
    *paths.study_results("*").values(),
    paths.GALLERY,
)
"""Patterns of all that stages ever write."""


class Check(NamedTuple):
    """What a check came to.

    Attributes:
        findings: in the order of their kinds, then of the pipeline; one a path, stage and kind.
        runs: how many stages' runs have a record.
        files: how many files were read.
        size: their bytes.
    """

    findings: list[Finding]
    runs: int
    files: int
    size: int


def check(root: Path, declared: Params, *, experiments: Collection[str] | None = None, strict: bool = False) -> Check:
    """Check what lies in a project's folder against the lineage records, params.yaml and the code.

    Args:
        root: the project's folder.
        declared: its params.yaml.
        experiments: check these and what they stand on; None for all that there is.
        strict: whether results of other code are a fault.
    """
    stages = _stages(declared, experiments)
    places = [stage.record for stage in stages.values() if (root / stage.record).is_file()]
    read = records.read(root, places if experiments is not None else records.listed(root))
    project = _project(root, declared, stages, read, strict=strict, everything=experiments is None)
    found = [*_malformed(project, read), *chain.findings(project)]
    found += [*_unknown(project, read), *_never_run(project, fault=experiments is not None), *_orphaned(project, read)]
    damaged = {finding.path for finding in found if finding.kind is Kind.DAMAGED}
    found += _unreadable(root, project, damaged)
    size = sum(digest.size for digest in project.files.values())
    return Check(_sorted(found, [*stages]), len(project.records), len(project.files), size)


def _stages(declared: Params, experiments: Collection[str] | None) -> dict[str, Stage]:
    """List the stages to check, each after those whose outputs it reads."""
    stages = graph.stages(declared)
    if experiments is None:
        return stages
    wanted = {stage for name in experiments for stage in graph.needed(name, declared)}
    return {name: stage for name, stage in stages.items() if name in wanted}


def _project(
    root: Path, declared: Params, stages: dict[str, Stage], read: Records, *, strict: bool, everything: bool
) -> Project:
    """Look at the project: digest all files that records and stages name, and whatever lies where stages write."""
    own = {name: read.stages[name] for name in stages if name in read.stages}
    names = {str(path) for stage in stages.values() for path in (*stage.outputs, stage.record)}
    names |= {path for record in own.values() for path in (*record.inputs, *record.outputs)}
    if everything:
        visible = (path for pattern in RESULTS for path in root.glob(str(pattern)) if not path.name.startswith("."))
        names |= {path.relative_to(root).as_posix() for path in visible}
    return Project(
        stages=stages,
        records=own,
        malformed=frozenset(name for name, stage in stages.items() if stage.record in read.malformed),
        files=digests.of_files(root, (file for name in names for file in digests.files_under(root, name))),
        values=declared.model_dump(exclude_unset=True),
        code=changes.code_digests(stages.values()),
        revisions=provenance.revisions(),
        commands=Commands(stages, (root / LOCK).exists()),
        strict=strict,
    )


def _malformed(project: Project, read: Records) -> Iterator[Finding]:
    for path, reason in read.malformed.items():
        name = project.writers.get(path, "")
        mends = project.commands.restore(str(path), name) if name else (NO_COMMAND,)
        yield Finding(Kind.DAMAGED, str(path), name, reason, *mends)


def _unknown(project: Project, read: Records) -> Iterator[Finding]:
    """Find results of which no record tells; where one cannot be read, that is said of it and not of them."""
    recorded = {path for record in read.stages.values() for path in record.outputs}
    for path in sorted(filter(_is_result, project.files.keys() - recorded)):
        name = project.writer(path)
        if name not in project.malformed:
            detail, mend = "is in no record: nobody knows how it was made", project.commands.rerun(name)
            yield Finding(Kind.UNKNOWN_ORIGIN, path, name, detail, mend)


def _is_result(path: str) -> bool:
    """Tell whether stages write such a file, or a folder that it lies in."""
    places = (Path(path), *Path(path).parents)
    is_there = any(
        len(place.parts) == len(pattern.parts) and place.match(str(pattern)) for place in places for pattern in RESULTS
    )
    return is_there and path != paths.model(RANDOM).as_posix()


def _never_run(project: Project, *, fault: bool) -> Iterator[Finding]:
    """Find stages without a record and without results; a fault if they were asked for."""
    results = {project.writer(path) for path in project.files}
    for name in project.stages:
        if name not in {*project.records, *project.malformed, *results}:
            detail, mend = "declares it, but it has not run", project.commands.run(name)
            yield Finding(Kind.NEVER_RUN, paths.PARAMS.name, name, detail, mend, fault=fault)


def _orphaned(project: Project, read: Records) -> Iterator[Finding]:
    for name, record in read.stages.items():
        if name not in project.stages:
            detail = f"is about a stage that {paths.PARAMS} no longer declares"
            yield Finding(Kind.ORPHANED, str(record.path), name, detail, NO_COMMAND, fault=False)


def _unreadable(root: Path, project: Project, damaged: Collection[str]) -> Iterator[Finding]:
    """Read every result to its end, but for those with a wrong digest: a damaged HDF5 can crash its library."""
    listed = [path for path in project.files if _is_result(path) and path not in damaged]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, reason in zip(listed, pool.map(contents.fault, (root / path for path in listed)), strict=True):
            if reason:
                name, detail = project.writer(path), f"cannot be read: {reason}"
                yield Finding(Kind.DAMAGED, path, name, detail, project.commands.rerun(name))


def _sorted(found: Iterable[Finding], stages: list[str]) -> list[Finding]:
    """Drop what is said twice of one file, and order the rest."""
    once: dict[tuple[str, ...], Finding] = {}
    for finding in found:
        sentence = finding.detail if finding.kind is Kind.STALE else ""
        once.setdefault((finding.kind, finding.path, finding.stage, sentence), finding)
    broken = {finding.path for finding in once.values() if finding.kind is Kind.BROKEN_CHAIN}
    rest = [finding for finding in once.values() if finding.kind is not Kind.DAMAGED or finding.path not in broken]
    kinds, places = list(Kind), {name: place for place, name in enumerate(stages)}
    return sorted(rest, key=lambda one: (kinds.index(one.kind), places.get(one.stage, len(places)), one.path))
