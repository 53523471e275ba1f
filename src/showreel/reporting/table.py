"""Experiments with their states and scores: one line each as a table, or plain values."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.text import Text

from showreel.pipeline import paths
from showreel.reporting import metrics
from showreel.reporting.state import Condition, State
from showreel.scoring.score import FIGURES

SCORES = ("input_psnr", "baseline_psnr", "psnr", "gain_db", "ssim")
"""The numbers of metrics.json that the table has."""

COLOURS = {
    State.UP_TO_DATE: "green",
    State.UNKNOWN: "magenta",
    State.STALE: "yellow",
    State.INCOMPLETE: "cyan",
    State.NEVER_RUN: "bright_black",
}

GAP = "  "
"""Between columns."""


class Entry(NamedTuple):
    """One experiment.

    Attributes:
        experiment: its name.
        condition: its state, with reasons.
        scores: metrics.json; empty before it is written.
        gif: the path of its animation; None before it is made.
    """

    experiment: str
    condition: Condition
    scores: Mapping[str, float]
    gif: str | None


def entry(root: Path, experiment: str, condition: Condition) -> Entry:
    """Look up an experiment's scores and animation in a project's folder.

    Raises:
        ShowreelError: the file of scores is damaged.
    """
    summary, gif = paths.metrics(experiment), paths.gif(experiment)
    known = metrics.read(root / summary) if (root / summary).exists() else {}
    return Entry(experiment, condition, known, str(gif) if (root / gif).exists() else None)


def plain(entry: Entry) -> dict[str, Any]:
    """Return an entry in JSON's types."""
    state, reasons, _ = entry.condition
    return {
        "experiment": entry.experiment,
        "state": state,
        "reasons": [reason._asdict() for reason in reasons],
        "scores": dict(entry.scores),
        "gif": entry.gif,
    }


def table(entries: Iterable[Entry]) -> Text:
    """Return one line an experiment: its state, PSNR of input, strongest baseline and network, and so on.

    Plain lines, and no table of rich's: that would take `showreel list` a tenth of its time.
    """
    rows = [[Text(heading, "bold") for heading in ("experiment", "state", *scores({}), "GIF")]]
    for one in entries:
        state = Text(one.condition.text, COLOURS[one.condition.state])
        texts = (*scores(one.scores).values(), one.gif or "–")
        rows.append([Text(one.experiment), state, *map(Text, texts)])
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        for cell, width in zip(row, widths, strict=True):
            cell.pad_right(width - cell.cell_len)
    return Text("\n").join(Text(GAP).join(row) for row in rows)


def scores(known: Mapping[str, float]) -> dict[str, str]:
    """Return scores by heading; a dash for those that an experiment does not have."""
    return {FIGURES[name].heading: FIGURES[name].written(known[name]) if name in known else "–" for name in SCORES}
