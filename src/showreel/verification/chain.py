"""Holds records to the disk, to params.yaml, to the code and to each other: link by link, from raw files to the GIF."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from showreel.params.text import shown
from showreel.pipeline import changes, paths
from showreel.pipeline.changes import ABSENT, Change, CodeDigests
from showreel.pipeline.graph import Stage
from showreel.pipeline.records import Record
from showreel.verification.digests import Digest
from showreel.verification.findings import Finding, Kind, Mend
from showreel.verification.mending import RESTORE, Commands


@dataclass(frozen=True)
class Project:
    """All that a check looks at; files are named relative to the project's folder.

    Attributes:
        stages: the declared stages by name.
        records: those of declared stages, by stage.
        malformed: the stages whose records are none.
        files: file → digest, of those that are there.
        values: params.yaml as plain values.
        code: the digests of the present code.
        revisions: the present ones.
        commands: what mends.
        strict: whether results of other code are a fault.
    """

    stages: Mapping[str, Stage]
    records: Mapping[str, Record]
    malformed: frozenset[str]
    files: Mapping[str, Digest]
    values: Mapping[str, Any]
    code: CodeDigests
    revisions: Mapping[str, int]
    commands: Commands
    strict: bool

    @cached_property
    def makers(self) -> dict[str, Record]:
        """Each output → the record of its making."""
        return {path: record for record in self.records.values() for path in record.outputs}

    @cached_property
    def writers(self) -> dict[Path, str]:
        """Each output and record → the declared stage that writes it."""
        return {path: name for name, stage in self.stages.items() for path in (*stage.outputs, stage.record)}

    def writer(self, path: str) -> str:
        """Return the declared stage that writes a file; "" for one from outside the pipeline."""
        places = (Path(path), *Path(path).parents)
        return next((self.writers[place] for place in places if place in self.writers), "")

    def digest(self, path: str) -> str:
        """Return a file's SHA-256; "" if it is not there."""
        return self.files[path].sha256 if path in self.files else ""


def findings(project: Project) -> Iterator[Finding]:
    """Yield what is wrong with the runs that records tell of; one thing may come up more than once."""
    for record in project.records.values():
        yield from _outputs(project, record)
        stale = [*_values(project, record), *_revision(project, record), *_inputs(project, record)]
        yield from stale
        yield from _code(project, record, is_published=bool(record.publication) and not stale)


def _stale(project: Project, record: Record, path: str, detail: str) -> Finding:
    return Finding(Kind.STALE, path, record.stage, detail, project.commands.run(record.stage))


def _outputs(project: Project, record: Record) -> Iterator[Finding]:
    """Hold each output to the digest that its run wrote."""
    for path, digest in record.outputs.items():
        if path not in project.files:
            kind, detail = Kind.MISSING, "not on the disk"
        elif project.digest(path) != digest:
            kind, detail = Kind.DAMAGED, f"is not what {record.stage} wrote, by the digest in {record.path}"
        else:
            continue
        yield Finding(kind, path, record.stage, detail, *project.commands.restore(path, record.stage))


def _values(project: Project, record: Record) -> Iterator[Finding]:
    for change in changes.in_values(record, project.values):
        yield _stale(project, record, paths.PARAMS.name, _sentence(change))


def _sentence(change: Change) -> str:
    key, old, new = shown(change.key), *(value if value is ABSENT else shown(repr(value)) for value in change[1:])
    if old is ABSENT:
        return f"has {key} = {new}, which was not there"
    return f"no longer has {key}, which was {old}" if new is ABSENT else f"has {key} = {new}, which was {old}"


def _revision(project: Project, record: Record) -> Iterator[Finding]:
    stage = project.stages[record.stage]
    if changes.in_revision(record, stage, project.revisions):
        detail = f"has {stage.kind}: {project.revisions.get(stage.kind, 0)}, which was {record.revision}"
        yield _stale(project, record, paths.REVISIONS.as_posix(), detail)


def _code(project: Project, record: Record, *, is_published: bool) -> Iterator[Finding]:
    """Tell which code is another one; of nothing but that, results are published."""
    kind, fault = (Kind.PUBLISHED, project.strict) if is_published else (Kind.STALE, True)
    for path in changes.in_code(record, project.stages[record.stage], project.code):
        detail = "has changed since it ran" if project.code[path] else "is gone since it ran"
        mend = project.commands.run(record.stage)
        yield Finding(kind, path.as_posix(), record.stage, detail, mend, fault=fault)


def _inputs(project: Project, record: Record) -> Iterator[Finding]:
    """Hold each input to what its maker wrote and to what is here."""
    for path, digest in record.inputs.items():
        maker, writer, present = project.makers.get(path), project.writer(path), project.digest(path)
        if maker:
            yield from _made(project, record, path, maker)
        elif Path(path) in project.writers and Path(path) == project.stages[writer].record:
            if writer in project.records and present != digest:
                yield _stale(project, record, path, "has been made again since it was read")
        elif writer and writer not in project.malformed:
            detail = f"was read, but nothing tells how {writer} made it"
            yield Finding(Kind.BROKEN_CHAIN, path, record.stage, detail, project.commands.run(writer))
        elif not writer and present != digest:
            detail = f"{'has changed' if present else 'is gone'} since it was read"
            run = project.commands.run(record.stage)
            yield Finding(Kind.STALE, path, record.stage, detail, Mend(RESTORE, (path,)), run)
    for path in _new_inputs(project, record):
        yield _stale(project, record, path, "was not there when it ran")


def _made(project: Project, record: Record, path: str, maker: Record) -> Iterator[Finding]:
    """Hold an input to the record of its making."""
    read, wrote, present = record.inputs[path], maker.outputs[path], project.digest(path)
    if read == wrote:
        return
    if read == present:
        detail = f"is what {record.stage} read, but not what {maker.stage} wrote"
        yield Finding(Kind.BROKEN_CHAIN, path, record.stage, detail, project.commands.run(maker.stage))
    else:
        yield _stale(project, record, path, "has been made again since it was read")


def _new_inputs(project: Project, record: Record) -> list[str]:
    """List the files that have come into the folders that a stage reads, by the records of their makers."""
    folders = [f"{place}/" for place in project.stages[record.stage].inputs]
    return [path for path in project.makers if path not in record.inputs and path.startswith(tuple(folders))]
