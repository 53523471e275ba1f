"""All that is known of one experiment, in JSON's types."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from showreel.params.schema import Params
from showreel.pipeline import paths, provenance
from showreel.reporting import rebuilding, scores, table
from showreel.reporting.table import Entry
from showreel.storage.errors import ShowreelError

FILES = {
    "GIF": paths.gif,
    "poster": paths.poster,
    "card": paths.card,
    "model": paths.model,
    "reel": paths.reel,
    "chosen": paths.chosen,
    "metrics": paths.metrics,
    "baselines": paths.baselines,
    "scores": paths.scores,
    "history": paths.history,
    "seconds": paths.timing,
}

TEXTS = ("baseline", "kind")
"""The columns of baselines.csv that hold neither numbers nor JSON."""


def details(root: Path, declared: Params, entry: Entry) -> dict[str, Any]:
    """Return an experiment's entry of the list and much more; `showreel show --help` names the keys.

    Raises:
        ShowreelError: the table of baselines is damaged.
    """
    name = entry.experiment
    experiment = declared.experiments[name]
    dataset, source = declared.datasets[experiment.dataset], declared.inputs.get(experiment.input)
    degradation = {"degradation": source.degradation, **source.options} if source else {}
    files = {what: path(name) for what, path in FILES.items()}
    return {
        **table.plain(entry),
        "dataset": {"name": experiment.dataset, "source": dataset.source, **dataset.options},
        "input": {"name": experiment.input, **degradation},
        "model": {"name": experiment.model, **declared.network(name)},
        "weights": experiment.weights,
        "training": declared.recipe(name),
        "baselines": _baselines(root, name, entry.task),
        "files": {what: {"path": str(path), "here": (root / path).exists()} for what, path in files.items()},
        "provenance": _provenance(entry),
        "rebuild": rebuilding.commands(name),
    }


def _baselines(root: Path, experiment: str, task: str) -> list[dict[str, Any]]:
    path = paths.baselines(experiment)
    if not (root / path).exists():
        return []
    try:
        with (root / path).open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if not {*TEXTS, "options", scores.first(task)[0]} <= {*(rows.fieldnames or ())}:
                raise ValueError("columns are missing")
            return [_baseline(row) for row in rows]
    except (csv.Error, ValueError, TypeError, RecursionError) as error:
        raise ShowreelError(f"{path}: damaged ({error}); delete it and evaluate again") from error


def _baseline(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a row with its options and its numbers read."""
    texts = {name: row[name] for name in TEXTS}
    numbers = {name: float(text) for name, text in row.items() if name not in (*TEXTS, "options")}
    return {**texts, "options": dict(json.loads(row["options"])), **numbers}


def _provenance(entry: Entry) -> dict[str, Any] | None:
    """Return what the record of the training says."""
    record = entry.condition.records.get(f"train@{entry.experiment}")
    if record is None:
        return None
    code = {"commit": record.commit, "code": provenance.value_digest(dict(record.code))}
    return {**record.facts, "versions": dict(record.versions), **code, "data": dict(record.inputs)}
