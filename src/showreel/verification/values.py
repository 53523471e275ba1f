"""Which values of params.yaml differ from those that a run used."""

from collections.abc import Iterator
from typing import Any, NamedTuple

ABSENT = object()
"""Stands for a value that one side does not have."""


class Change(NamedTuple):
    """A value that differs: its full dotted key, the run's value and that of params.yaml; either may be `ABSENT`."""

    key: str
    old: Any
    new: Any


def changes(key: str, old: Any, new: Any) -> Iterator[Change]:
    """Yield each value that differs, down to the innermost keys."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from changes(f"{key}.{name}", old.get(name, ABSENT), new.get(name, ABSENT))
    elif old != new:
        yield Change(key, old, new)


def lookup(values: Any, key: str) -> Any:
    """Return what nested values hold at a dotted key, or `ABSENT`."""
    for part in key.split("."):
        if not isinstance(values, dict) or part not in values:
            return ABSENT
        values = values[part]
    return values
