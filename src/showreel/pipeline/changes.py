"""What has changed since a stage ran: values of params.yaml, the code that decides its results, its revision."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from showreel.pipeline import paths, provenance
from showreel.pipeline.graph import Stage
from showreel.pipeline.records import Record

ABSENT = object()
"""Stands for a value that one side does not have."""

CodeDigests = Mapping[Path, str]
"""File or folder of the package, as `Stage.code` names it → digest; "" where it is gone."""


class Change(NamedTuple):
    """A value that differs: its full dotted key, the run's value and that of params.yaml; either may be `ABSENT`."""

    key: str
    old: Any
    new: Any


def in_values(record: Record, values: Mapping[str, Any]) -> list[Change]:
    """List the values that differ from those of a run, down to the innermost keys.

    Args:
        record: of the run.
        values: params.yaml as plain values.
    """
    return [change for key, value in record.params.items() for change in _changes(key, value, _lookup(values, key))]


def in_code(record: Record, stage: Stage, digests: CodeDigests) -> list[Path]:
    """List the files and folders of the package that are not as they were when a stage ran."""
    return [path for path in stage.code if record.code.get(path.relative_to("src").as_posix(), "") != digests[path]]


def in_revision(record: Record, stage: Stage, revisions: Mapping[str, int]) -> bool:
    """Tell whether a stage's revision is another one than when it ran."""
    return record.revision != revisions.get(stage.kind, 0)


def code_digests(stages: Iterable[Stage]) -> CodeDigests:
    """Digest the code that decides the results of some stages, each file and folder once."""
    places = dict.fromkeys(path for stage in stages for path in stage.code)
    return {path: provenance.code_digest(paths.package_file(path)) for path in places}


def _changes(key: str, old: Any, new: Any) -> Iterator[Change]:
    """Yield each value that differs, down to the innermost keys."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from _changes(f"{key}.{name}", old.get(name, ABSENT), new.get(name, ABSENT))
    elif old != new:
        yield Change(key, old, new)


def _lookup(values: Any, key: str) -> Any:
    """Return what nested values hold at a dotted key, or `ABSENT`."""
    for part in key.split("."):
        if not isinstance(values, dict) or part not in values:
            return ABSENT
        values = values[part]
    return values
