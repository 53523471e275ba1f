"""Matrices of which `make test` runs one example of each kind, and `make test-faults` the rest, marked `faults`."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import pytest


def sample(cases: Mapping[str, Any] | Iterable[str], *always: str) -> list[Any]:
    """Return a parameter for each of some named values, or for each name, marked unless the name is in `always`."""
    values = cases if isinstance(cases, Mapping) else {name: name for name in cases}
    assert values.keys() >= set(always), f"not among the cases: {set(always) - values.keys()}"
    return [_param((value,), name, name in always) for name, value in values.items()]


def one_of_each(rows: Iterable[Sequence[Any]], kind: Callable[..., Hashable]) -> list[Any]:
    """Return a parameter for each row of arguments, marked if an earlier row is of the same kind."""
    seen: set[Hashable] = set()
    params = []
    for row in rows:
        params.append(_param(row, None, (of := kind(*row)) not in seen))
        seen.add(of)
    return params


def paired(first: Iterable[str], second: Iterable[str]) -> list[Any]:
    """Return a parameter for each pair of names, marked but for a few pairs, in which each name stands."""
    ours, theirs = list(first), list(second)
    fewer = min(len(ours), len(theirs))
    return [
        _param((one, other), f"{one}-{other}", number % fewer == place % fewer)
        for number, one in enumerate(ours)
        for place, other in enumerate(theirs)
    ]


def _param(values: Sequence[Any], name: str | None, is_quick: bool) -> Any:
    return pytest.param(*values, id=name, marks=() if is_quick else pytest.mark.faults)
