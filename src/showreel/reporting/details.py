"""All that is known of one experiment, in JSON's types."""

import csv
import json
from pathlib import Path
from typing import Any

from showreel.gallery.naming import rebuilding
from showreel.params.schema import CLEAN, Params
from showreel.pipeline import paths, provenance
from showreel.reporting import table
from showreel.reporting.table import Entry
from showreel.storage.errors import ShowreelError

FILES = {
    "GIF": paths.gif,
    "poster": paths.poster,
    "card": paths.card,
    "model": paths.model,
    "reel": paths.reel,
    "examples": paths.examples,
    "metrics": paths.metrics,
    "baselines": paths.baselines,
    "scores": paths.scores,
    "history": paths.history,
    "seconds": paths.timing,
}


def details(root: Path, declared: Params, entry: Entry) -> dict[str, Any]:
    """Return an experiment's entry of the list and much more; `showreel show --help` names the keys.

    Raises:
        ShowreelError: the table of baselines is damaged.
    """
    name = entry.experiment
    experiment = declared.experiments[name]
    dataset = declared.datasets[experiment.dataset]
    seen_through = {} if experiment.input == CLEAN else declared.degradations[experiment.input]
    paths = {what: path(name) for what, path in FILES.items()}
    return {
        **table.plain(entry),
        "dataset": {"name": experiment.dataset, "source": dataset.source, **dataset.options},
        "input": {"name": experiment.input, **seen_through},
        "model": {"name": experiment.model, **declared.models[experiment.model]},
        "training": declared.recipe(name),
        "baselines": _baselines(root, name),
        "files": {what: {"path": str(path), "here": (root / path).exists()} for what, path in paths.items()},
        "provenance": _provenance(entry),
        "rebuild": rebuilding(name),
    }


def _baselines(root: Path, experiment: str) -> list[dict[str, Any]]:
    path = paths.baselines(experiment)
    if not (root / path).exists():
        return []
    try:
        with (root / path).open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            if not {"baseline", "options", "psnr"} <= {*(table.fieldnames or ())}:
                raise ValueError("columns are missing")
            return [_baseline(row) for row in table]
    except (csv.Error, ValueError, TypeError, RecursionError) as error:
        raise ShowreelError(f"{path}: damaged ({error}); delete it and evaluate again") from error


def _baseline(row: dict[str, str]) -> dict[str, Any]:
    """Return a row with its options and its numbers read."""
    numbers = {name: float(text) for name, text in row.items() if name not in ("baseline", "options")}
    return {"baseline": row["baseline"], "options": dict(json.loads(row["options"])), **numbers}


def _provenance(entry: Entry) -> dict[str, Any] | None:
    """Return what the record of the training tells."""
    record = entry.condition.records.get(f"train@{entry.experiment}")
    if record is None:
        return None
    code = {path.split("src/")[-1]: digest for path, digest in record.code.items()}
    return {**record.facts, "code": provenance.value_digest(code), "data": dict(record.inputs)}
