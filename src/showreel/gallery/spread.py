"""How the scores of the test examples are spread: in words, and as histograms."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from showreel.gallery.entry import Entry
from showreel.gallery.naming import named
from showreel.scoring.score import Score

BINS = 40


def charts(entry: Entry) -> list[dict[str, Any]]:
    """Return a histogram for each score that every example has: its place in the page, what it shows, and its data."""
    return [
        {
            "id": f"spread-{name}",
            "caption": f"Test examples by their {named(score)}",
            "text": f"Histogram of the test examples: the network's middle 90 % reach {_reach(entry, name, score)}.",
            **_histogram(entry, name),
        }
        for name, score in entry.measured.items()
    ]


def summary(entry: Entry) -> str:
    """Return means and ranges of the network's scores in words."""
    parts = []
    for name, score in entry.measured.items():
        mean = score.written(float(entry.column(name).mean()))
        parts.append(f"{score.heading} {mean} ({_reach(entry, name, score)})")
    return f"Mean and middle 90 %: {', '.join(parts)}."


def _reach(entry: Entry, name: str, score: Score) -> str:
    low, high = np.quantile(entry.column(name), [0.05, 0.95])
    return f"{low:{score.form}} to {score.written(high)}"


def _sides(entry: Entry, name: str) -> Mapping[str, tuple[str, str]]:
    """Return whose scores the table of examples has: column → name, and colour."""
    sides = {name: ("network", "network")}
    if entry.baselines:
        sides[f"{entry.baselines[0]['baseline']}_{name}"] = (entry.strongest, "baseline")
    sides[f"input_{name}"] = ("input", "input")
    return {column: side for column, side in sides.items() if column in entry.examples}


def _histogram(entry: Entry, name: str) -> dict[str, Any]:
    """Count the examples by a score, in the same bins for the network and the others."""
    columns = {column: entry.column(column) for column in _sides(entry, name)}
    bins = np.histogram_bin_edges(np.concatenate([*columns.values()]), BINS)
    series = [
        {"label": label, "colour": colour, "data": np.histogram(columns[column], bins)[0].tolist()}
        for column, (label, colour) in _sides(entry, name).items()
    ]
    return {"bins": [float(f"{edge:.6g}") for edge in bins], "series": series}
