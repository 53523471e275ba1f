"""The files of an evaluation: summary scores with their intervals, a row a baseline, a row a test example."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from showreel.scoring.intervals import bounds
from showreel.scoring.score import Columns
from showreel.scoring.tuning import Tuned


def metrics(sides: Mapping[str, Columns], baseline: Columns | None, scores: Any) -> dict[str, float]:
    """Return summary scores with their intervals, and the network's gain on the strongest baseline.

    Args:
        sides: "" for the network and `input`, where that is an answer, → columns.
        baseline: the strongest one's columns.
        scores: the task's module `scores`: a `tasks.contract.Scores`.
    """
    numbers: dict[str, float] = {}
    for name, columns in sides.items():
        numbers |= _bounded(f"{name}_" if name else "", columns, scores)
    if baseline is not None:
        numbers |= _bounded("baseline_", baseline, scores)
        first, score = next(iter(scores.SCORES.items()))
        own, theirs = (scores.summary(columns)[first] for columns in (sides[""], baseline))
        numbers["gain"] = _rounded(score.gain(own, theirs))
    return numbers


def scores_csv(each: NDArray[np.float64], sides: Mapping[str, Columns], labels: NDArray[np.int32] | None) -> str:
    """Return one row a test example: its score, its label, if it has one, and all columns of the network and others.

    Args:
        each: (n,), the network's score of each example.
        sides: "" for the network, `input`, and each baseline → columns.
        labels: int32 (n,).
    """
    columns: dict[str, NDArray[Any]] = {"index": np.arange(len(each)), "score": each}
    if labels is not None:
        columns["label"] = labels
    for side, values in sides.items():
        prefix = f"{side}_" if side else ""
        columns |= {prefix + name: column for name, column in _flat(values).items()}
    return _csv(pd.DataFrame(columns))


def baselines_csv(methods: Mapping[str, Tuned], columns: Mapping[str, Columns], scores: Any) -> str:
    """Return one row a baseline, the best by THE score first: kind, options as JSON, scores with their intervals."""
    rows = [
        {
            "baseline": name,
            "kind": method.baseline.kind,
            "options": json.dumps(dict(method.options)),
            **_bounded("", columns[name], scores),
        }
        for name, method in methods.items()
    ]
    first, score = next(iter(scores.SCORES.items()))
    names = [f"{name}{end}" for name in scores.SCORES for end in ("", "_low", "_high")]
    table = pd.DataFrame(rows, columns=["baseline", "kind", "options", *names])
    return _csv(table.sort_values(first, ascending=score.better == "lower", kind="stable"))


def _bounded(prefix: str, columns: Columns, scores: Any) -> dict[str, float]:
    return {
        f"{prefix}{name}{end}": _rounded(value)
        for name, values in bounds(columns, scores.summary).items()
        for end, value in zip(("", "_low", "_high"), values, strict=True)
    }


def _flat(columns: Columns) -> dict[str, NDArray[Any]]:
    """Return columns of counts (n, k) as k columns."""
    flat: dict[str, NDArray[Any]] = {}
    for name, column in columns.items():
        if column.ndim == 1:
            flat[name] = column
        else:
            flat |= {f"{name}_{number}": part for number, part in enumerate(column.T)}
    return flat


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def _rounded(value: float) -> float:
    """Keep six significant digits."""
    return float(f"{value:.6g}")
