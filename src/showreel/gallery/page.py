"""From an entry to what its page says: texts, tables and the data of its charts."""

from collections.abc import Mapping, Sequence
from typing import Any

from showreel.drawing.rows import BASELINE, DIFFERENCE, INPUT, NETWORK
from showreel.gallery import origin, sections, spread
from showreel.gallery.entry import Entry
from showreel.gallery.naming import named, plain, spoken
from showreel.params import registry
from showreel.reporting import scores as score_reader
from showreel.reporting.table import NOT_BETTER
from showreel.scoring.score import Score

STRIP_WIDTH = 1000
"""CSS pixels that a strip of tiles may take on a large screen; tiles are magnified by a whole number."""

LARGEST = 4
GROUPS = ("Best", "Median", "Worst")
PREFIXES = {INPUT: "input_", BASELINE: "baseline_", NETWORK: ""}
"""Kind of row → what its score is called by in metrics.json."""


def page(entry: Entry) -> dict[str, Any]:
    """Return the values of the template `experiment.html.j2`."""
    metrics, reel, score = entry.metrics, entry.sheet["reel"], entry.score
    losses = entry.history["loss"].tolist()
    own = registry.module(registry.TASKS, entry.task, "page")
    shown = sections.prepared(own.sections(entry))
    names = {"dataset": entry.source.dataset, "input": entry.input, "model": entry.model}
    return {
        "label": entry.label,
        "slug": entry.slug,
        "sentence": own.sentence(names),
        "figures": _figures(entry),
        "geometry": geometry(entry),
        "reel": _scored(entry, reel["rows"], {**metrics, entry.first: reel["scores"][-1]}),
        "shown": len(reel["indices"]),
        "epochs": reel["epochs"][-1],
        "legend": _legend(entry),
        "heading": score.heading,
        "quality": f"{named(score)} after each epoch",
        "quality_text": f"{score.heading} of the test set: {score.written(reel['scores'][0])} at first, "
        f"{score.written(reel['scores'][-1])} in the end.",
        "loss": f"Loss{' on a logarithmic scale' if _is_logarithmic(entry) else ''}",
        "loss_text": f"Training loss: {losses[0]:.4g} in the first epoch, {losses[-1]:.4g} in the last.",
        "history": _history(entry),
        "spread": spread.charts(entry),
        "spread_summary": spread.summary(entry),
        "chosen": _scored(entry, entry.sheet["chosen"]["rows"], {}),
        "groups": _groups(entry),
        "scores": [named(each) for each in entry.scores.values()],
        "baselines": _baselines(entry),
        "sections": shown,
        "parameters": origin.parameters(entry),
        "provenance": origin.provenance(entry),
        "commands": origin.commands(entry),
        "data": _data(entry) | {"charts": sections.charts(shown)},
    }


def geometry(entry: Entry) -> str:
    """Return the CSS variables by which tiles are cut out of the sheet."""
    height, width = entry.sheet["tile"]
    return (
        f"--w: {width}; --h: {height}; --sheet-width: {entry.sheet_size[0]}; "
        f"--large: {magnification(entry)}; --small: {max(1, magnification(entry) - 1)};"
    )


def magnification(entry: Entry) -> int:
    """Return how many CSS pixels wide a tile's pixel is on a large screen."""
    tiles, width = len(entry.sheet["reel"]["indices"]), int(entry.sheet["tile"][1])
    return max(1, min(LARGEST, STRIP_WIDTH // (tiles * width)))


def is_beaten(entry: Entry) -> bool:
    """Tell whether the network is not better than the strongest baseline."""
    return score_reader.is_beaten(entry.task, entry.metrics)


def gain(entry: Entry) -> str:
    """Write how much better than the strongest baseline the network is, and if it is not; "" where there is none."""
    if "gain" not in entry.metrics:
        return ""
    return entry.score.change(entry.metrics["gain"]) + (f", {NOT_BETTER}" if is_beaten(entry) else "")


def _figures(entry: Entry) -> list[tuple[str, str, str]]:
    """List name, number and note of what stands in large letters."""
    metrics, first = entry.metrics, entry.first
    figures = [(f"Network: {entry.score.heading}", _written(entry, first), _interval(entry, first))]
    if entry.baselines:
        figures.append((f"Best baseline: {entry.strongest}", _written(entry, first, "baseline_"), ""))
    if "gain" in metrics:
        close = is_beaten(entry) and metrics["gain"] > 0
        note = f"{NOT_BETTER}: the interval reaches the baseline" if close else ""
        figures.append(("Gain over it", entry.score.change(metrics["gain"]), note))
    if f"input_{first}" in metrics:
        figures.append(("Input", _written(entry, first, "input_"), ""))
    figures += [
        (score.heading, _written(entry, name), _interval(entry, name))
        for name, score in entry.scores.items()
        if name != first
    ]
    size = f"{metrics['parameters']:,.0f} parameters" if "parameters" in metrics else ""
    return [*figures, ("Test examples", f"{len(entry.examples):,}", size)]


def _written(entry: Entry, name: str, prefix: str = "") -> str:
    return score_reader.written(entry.task, entry.metrics, name, prefix)


def _interval(entry: Entry, name: str) -> str:
    low, high = (entry.metrics.get(f"{name}_{end}") for end in ("low", "high"))
    form = entry.scores[name].form
    return "" if low is None or high is None else f"95 %: {low:{form}} to {high:{form}}"


def _legend(entry: Entry) -> str:
    """Say what the numbers beside the rows of the reel are."""
    kinds = [row["kind"] for row in entry.sheet["reel"]["rows"]]
    difference = "; the difference is black for none" if DIFFERENCE in kinds else ""
    return (
        f"Beside the rows stands the {entry.score.heading} over the complete test set, the network's after the epoch "
        f"shown{difference}."
    )


def _scored(entry: Entry, rows: Sequence[Mapping[str, Any]], values: Mapping[str, float]) -> list[dict[str, Any]]:
    """Add each row's score over the complete test set, where it has one."""
    names = {kind: f"{prefix}{entry.first}" for kind, prefix in PREFIXES.items()}
    return [
        dict(row)
        | {"score": entry.score.written(values[name]) if (name := names.get(row["kind"], "")) in values else ""}
        for row in rows
    ]


def _history(entry: Entry) -> list[list[str]]:
    reached = dict(zip(entry.sheet["reel"]["epochs"], entry.sheet["reel"]["scores"], strict=True))
    columns = entry.history[["epoch", "loss", "validation_loss", "validation_score"]].to_numpy().tolist()
    form = entry.score.form
    return [
        [f"{epoch:.0f}", f"{loss:.5f}", f"{validation:.5f}", f"{score:{form}}", f"{reached[epoch]:{form}}"]
        for epoch, loss, validation, score in columns
    ]


def _groups(entry: Entry) -> list[dict[str, Any]]:
    """Return the groups of chosen examples, each example with its score, and its class where it has one."""
    places = entry.sheet["chosen"]["indices"]
    each = len(places) // len(GROUPS)
    return [
        {
            "name": name,
            "first": number * each,
            "captions": [
                {"score": entry.score.written(entry.examples["score"][place]), "what": class_name(entry, place)}
                for place in places[number * each : (number + 1) * each]
            ],
        }
        for number, name in enumerate(GROUPS)
    ]


def class_name(entry: Entry, place: int) -> str:
    """Return what the label of a test example means; "" where it has none."""
    classes = entry.evaluation.get("classes", ())
    label = int(entry.examples["label"][place]) if "label" in entry.examples else -1
    return str(classes[label]) if 0 <= label < len(classes) else ""


def _baselines(entry: Entry) -> list[dict[str, Any]]:
    """Return the rows of the table of baselines, the network's first; none where there is nothing to compare."""
    if not entry.baselines:
        return []
    own = dict(entry.metrics) | {"baseline": "network", "kind": "", "options": {}}
    return [
        {
            "name": spoken(row["baseline"]),
            "own": row is own,
            "kind": row["kind"],
            "options": ", ".join(f"{name} {value}" for name, value in row["options"].items()),
            "scores": [_bounded(row, name, score) for name, score in entry.scores.items()],
        }
        for row in (own, *entry.baselines)
    ]


def _bounded(row: Mapping[str, Any], name: str, score: Score) -> tuple[str, str]:
    """Return a score and its interval."""
    low, high = (row.get(f"{name}_{end}") for end in ("low", "high"))
    interval = "" if low is None or high is None else f"{low:{score.form}} to {high:{score.form}}"
    return score.written(row[name]), interval


def _is_logarithmic(entry: Entry) -> bool:
    """Tell whether all losses are above 0, so that they fit on a logarithmic scale."""
    return bool((entry.history[["loss", "validation_loss"]] > 0).all(axis=None))


def _data(entry: Entry) -> dict[str, Any]:
    """Return what the page's script needs."""
    reel, level = entry.sheet["reel"], entry.metrics.get(f"baseline_{entry.first}")
    baseline = {"name": entry.strongest, "value": level} if entry.baselines and level is not None else None
    return {
        "epochs": reel["epochs"],
        "score": plain(entry.score),
        "scores": reel["scores"],
        "best": entry.best_epoch,
        "rows": reel["rows"],
        "baseline": baseline,
        "history": {str(name): entry.history[name].tolist() for name in entry.history},
        "logarithmic": _is_logarithmic(entry),
        "spread": spread.charts(entry),
    }
