"""The state of experiments by their lineage records, params.yaml and the code: cheap, because no data are read.

An output that was edited by hand goes unnoticed here; `showreel verify` finds it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from showreel.params.schema import Params
from showreel.params.text import shown
from showreel.pipeline import changes, graph, paths, provenance, records
from showreel.pipeline.changes import ABSENT, Change, CodeDigests
from showreel.pipeline.graph import Stage
from showreel.pipeline.records import LOCK, Record, Records


class State(StrEnum):
    """What can be said of an experiment; of several, what comes first here."""

    UNKNOWN = "unknown"
    STALE = "stale"
    INCOMPLETE = "incomplete"
    NEVER_RUN = "never run"
    PUBLISHED = "published"
    UP_TO_DATE = "up to date"


class Reason(NamedTuple):
    """Why an experiment is not up to date: a stage that its GIF needs, what that one is, and why, in few words."""

    stage: str
    state: State
    text: str


class Condition(NamedTuple):
    """An experiment's state, all reasons for it, the first that counts first, and the records of its stages."""

    state: State
    reasons: list[Reason]
    records: Mapping[str, Record]

    @property
    def text(self) -> str:
        """The state with its first reason; of a published result the commit whose code ran."""
        if not self.reasons:
            return str(self.state)
        first = self.reasons[0]
        if self.state is State.PUBLISHED:
            return f"{self.state} {self.records[first.stage].publication}"
        return f"{self.state}: {first.text}"


def conditions(root: Path, declared: Params, experiments: Iterable[str]) -> dict[str, Condition]:
    """Return the conditions of some experiments or studies by name; what several of them need is looked at once.

    Args:
        root: the project's folder.
        declared: its params.yaml.
        experiments: their names.
    """
    needed = graph.chains(experiments, declared)
    stages = {key: stage for chain in needed.values() for key, stage in chain.items()}
    look = _look(root, stages, declared.model_dump(exclude_unset=True))
    reasons = {key: list(look.reasons(stage)) for key, stage in stages.items()}
    return {name: _condition(name, chain, reasons, look.records) for name, chain in needed.items()}


@dataclass(frozen=True)
class _Look:
    """What the reasons rest on.

    Attributes:
        root: the project's folder.
        makers: output → the stage that writes it.
        records: those of the stages.
        code: the digests of the present code.
        revisions: the present ones.
        values: params.yaml as plain values.
        pull: the advice for outputs that DVC keeps.
    """

    root: Path
    makers: Mapping[Path, str]
    records: Records
    code: CodeDigests
    revisions: Mapping[str, int]
    values: Mapping[str, Any]
    pull: str

    @cached_property
    def intact(self) -> set[Path]:
        """The places of the records: what some stages read of what another one did."""
        return {record.path for record in self.records.stages.values()}

    def reasons(self, stage: Stage) -> Iterator[Reason]:
        """Yield why a stage is not up to date."""
        record = self.records.stages.get(stage.name)
        missing = [path for path in stage.outputs if not (self.root / path).exists()]
        if stage.record in self.records.malformed:
            yield Reason(stage.name, State.UNKNOWN, f"{stage.record} is damaged")
        elif record:
            yield from self._changes(stage, record)
            if missing:
                yield Reason(stage.name, State.INCOMPLETE, self._absence(missing))
        elif len(missing) == len(stage.outputs):
            yield Reason(stage.name, State.NEVER_RUN, f"{stage.command} has not run")
        else:
            yield Reason(stage.name, State.UNKNOWN, "no record")

    def _changes(self, stage: Stage, record: Record) -> Iterator[Reason]:
        """Yield what has changed since a stage ran; of nothing but its code, its results are published."""
        stale = [*map(_sentence, changes.in_values(record, self.values)), *self._made_again(stage, record)]
        if changes.in_revision(record, stage, self.revisions):
            stale.append(f"revision of {stage.kind} {record.revision} → {self.revisions.get(stage.kind, 0)}")
        yield from (Reason(stage.name, State.STALE, text) for text in stale)
        state = State.PUBLISHED if record.publication and not stale else State.STALE
        for path in changes.in_code(record, stage, self.code):
            text = f"{path.relative_to('src/showreel')} {'changed' if self.code[path] else 'is gone'}"
            yield Reason(stage.name, state, text)

    def _made_again(self, stage: Stage, record: Record) -> Iterator[str]:
        """Yield a file for each input that is not what was read: by its maker's record, or that record itself."""
        for place in stage.inputs:
            if maker := self.records.stages.get(self.makers.get(place, "")):
                read, wrote = _beneath(record.inputs, place), _beneath(maker.outputs, place)
                yield from (f"{path} made again" for path in sorted(dict(read ^ wrote))[:1])
            elif place in self.intact and record.inputs.get(str(place)) != provenance.file_digest(self.root / place):
                yield f"{place} made again"

    def _absence(self, missing: list[Path]) -> str:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        advice = "git restore" if all(map(paths.is_in_git, missing)) else self.pull
        return f"{missing[0]}{more} not here{advice and ': '}{advice}"


def _look(root: Path, stages: Mapping[str, Stage], values: Mapping[str, Any]) -> _Look:
    return _Look(
        root=root,
        makers={path: name for name, stage in stages.items() for path in stage.outputs},
        records=records.read(root, [stage.record for stage in stages.values() if (root / stage.record).is_file()]),
        code=changes.code_digests(stages.values()),
        revisions=provenance.revisions(),
        values=values,
        pull="dvc pull --allow-missing" if (root / LOCK).exists() else "",
    )


def _condition(name: str, chain: Mapping[str, Stage], reasons: Mapping[str, list[Reason]], read: Records) -> Condition:
    states = [*State]
    found = sorted((reason for key in chain for reason in reasons[key]), key=lambda reason: states.index(reason.state))
    own_records = {key: read.stages[key] for key in chain if key in read.stages}
    own = {key for key, stage in chain.items() if stage.experiment == name}
    if own <= {reason.stage for reason in found if reason.state is State.NEVER_RUN}:
        return Condition(State.NEVER_RUN, [], own_records)
    state = found[0].state if found else State.UP_TO_DATE
    return Condition(State.INCOMPLETE if state is State.NEVER_RUN else state, found, own_records)


def _sentence(change: Change) -> str:
    """Put a change into words; a record may come from anybody, so that its text is made harmless."""
    old, new = ("none" if value is ABSENT else shown(json.dumps(value, ensure_ascii=False)) for value in change[1:])
    return f"{shown(change.key)} {old} → {new}"


def _beneath(digests: Mapping[str, str], place: Path) -> set[tuple[str, str]]:
    """Return those of a file, or of the files in a folder."""
    return {item for item in digests.items() if item[0] == str(place) or item[0].startswith(f"{place}/")}
