"""The state of experiments, told from lineage records, params.yaml and the code: cheap, because no data are read.

An output that was edited by hand goes unnoticed here; `showreel verify` finds it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from showreel.params.schema import Params
from showreel.params.text import shown
from showreel.pipeline import graph, paths, provenance
from showreel.pipeline.graph import Stage
from showreel.verification import accounts
from showreel.verification.accounts import LOCK, Account, Accounts
from showreel.verification.values import ABSENT, Change, changes, lookup


class State(StrEnum):
    """What can be said of an experiment; of several, what comes first here."""

    UNKNOWN = "unknown"
    STALE = "stale"
    INCOMPLETE = "incomplete"
    NEVER_RUN = "never run"
    UP_TO_DATE = "up to date"


class Reason(NamedTuple):
    """Why an experiment is not up to date: a stage that its GIF needs, what that one is, and why, in few words."""

    stage: str
    state: State
    text: str


class Condition(NamedTuple):
    """An experiment's state, all reasons for it, the first that counts first, and the records that tell of it."""

    state: State
    reasons: list[Reason]
    records: Mapping[str, Account]

    @property
    def text(self) -> str:
        """The state with its first reason."""
        return str(self.state) if not self.reasons else f"{self.state}: {self.reasons[0].text}"


def conditions(root: Path, declared: Params, experiments: Iterable[str], *, source: Path) -> dict[str, Condition]:
    """Return the conditions of some experiments by name; what several of them need is looked at once.

    Args:
        root: the project's folder.
        declared: its params.yaml.
        experiments: their names.
        source: the folder that holds the package.
    """
    stages = graph.stages(declared)
    before = graph.ancestors(stages)
    last = {name: graph.stage_name(f"render {name}") for name in experiments}
    wanted = set(last.values()).union(*(before[end] for end in last.values()))
    used = {name: stage for name, stage in stages.items() if name in wanted}
    look = _look(root, source, used, declared.model_dump(exclude_unset=True))
    reasons = {name: list(look.reasons(stage)) for name, stage in used.items()}
    return {
        name: _condition(
            name, [stage for key, stage in used.items() if key == end or key in before[end]], reasons, look
        )
        for name, end in last.items()
    }


@dataclass(frozen=True)
class _Look:
    """What the reasons rest on.

    Attributes:
        root: the project's folder.
        makers: output → the stage that writes it.
        told: their lineage records.
        code: package file → its SHA-256 now; "" if it is gone.
        values: params.yaml as plain values.
        pull: the advice for outputs that DVC keeps.
    """

    root: Path
    makers: Mapping[Path, str]
    told: Accounts
    code: Mapping[str, str]
    values: Mapping[str, Any]
    pull: str

    def missing(self, stage: Stage) -> list[Path]:
        """List a stage's outputs that are not here."""
        return [path for path in stage.outputs if not (self.root / path).exists()]

    def reasons(self, stage: Stage) -> Iterator[Reason]:
        """Yield why a stage is not up to date."""
        account, record = self.told.records.get(stage.name), graph.record(stage.command).as_posix()
        missing = self.missing(stage)
        if record in self.told.unreadable:
            yield Reason(stage.name, State.UNKNOWN, f"{record} is damaged")
        elif account:
            yield from (Reason(stage.name, State.STALE, text) for text in self._changes(stage, account))
            if missing:
                yield Reason(stage.name, State.INCOMPLETE, self._absence(missing))
        elif len(missing) == len(stage.outputs):
            yield Reason(stage.name, State.NEVER_RUN, f"{stage.command} has not run")
        else:
            yield Reason(stage.name, State.UNKNOWN, "no record")

    def _changes(self, stage: Stage, account: Account) -> Iterator[str]:
        """Yield what has changed since a stage ran: values, code, and inputs by the records of their makers."""
        for key, value in account.params.items():
            yield from map(_sentence, changes(key, value, lookup(self.values, key)))
        for path, digest in account.code.items():
            if self.code[path] != digest:
                yield f"{path.split('/showreel/')[-1]} {'changed' if self.code[path] else 'is gone'}"
        for place in stage.inputs:
            maker = self.told.records.get(self.makers.get(place, ""))
            if maker:
                read, wrote = _beneath(account.inputs, place), _beneath(maker.outputs, place)
                yield from (f"{path} made again" for path in sorted(dict(read ^ wrote))[:1])

    def _absence(self, missing: list[Path]) -> str:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        advice = "git restore" if all(map(paths.is_in_git, missing)) else self.pull
        return f"{missing[0]}{more} not here{advice and ': '}{advice}"


def _look(root: Path, source: Path, stages: Mapping[str, Stage], values: Mapping[str, Any]) -> _Look:
    paths = (root / graph.record(stage.command) for stage in stages.values())
    told = accounts.records(root, source, (path for path in paths if path.is_file()))
    code = {path for account in told.records.values() for path in account.code}
    return _Look(
        root=root,
        makers={path: name for name, stage in stages.items() for path in stage.outputs},
        told=told,
        code={path: _digest(root / path) for path in code},
        values=values,
        pull="dvc pull --allow-missing" if (root / LOCK).exists() else "",
    )


def _condition(name: str, chain: list[Stage], reasons: Mapping[str, list[Reason]], look: _Look) -> Condition:
    found = sorted(
        (reason for stage in chain for reason in reasons[stage.name]), key=lambda one: [*State].index(one.state)
    )
    records = {stage.name: look.told.records[stage.name] for stage in chain if stage.name in look.told.records}
    own = {stage.name for stage in chain if stage.experiment == name}
    if own <= {reason.stage for reason in found if reason.state is State.NEVER_RUN}:
        return Condition(State.NEVER_RUN, [], records)
    state = found[0].state if found else State.UP_TO_DATE
    return Condition(State.INCOMPLETE if state is State.NEVER_RUN else state, found, records)


def _sentence(change: Change) -> str:
    """Tell a change; a record may come from anybody, so that its text is made harmless."""
    old, new = ("none" if one is ABSENT else shown(json.dumps(one, ensure_ascii=False)) for one in change[1:])
    return f"{shown(change.key)} {old} → {new}"


def _digest(path: Path) -> str:
    return provenance.file_digest(path) if path.is_file() else ""


def _beneath(digests: Mapping[str, str], place: Path) -> set[tuple[str, str]]:
    """Return those of a file, or of the files in a folder."""
    return {item for item in digests.items() if item[0] == str(place) or item[0].startswith(f"{place}/")}
