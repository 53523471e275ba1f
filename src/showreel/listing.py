"""Experiments with their states and scores: one line each as a table, or plain values."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from showreel import layout, summary
from showreel.state import Condition, State

SCORES = {
    "input": ("input_psnr", "{:.2f} dB"),
    "baseline": ("baseline_psnr", "{:.2f} dB"),
    "network": ("psnr", "{:.2f} dB"),
    "gain": ("gain_db", "{:+.2f} dB"),
    "SSIM": ("ssim", "{:.3f}"),
}
"""Heading → the number of metrics.json that stands under it, and how it is written."""

COLOURS = {
    State.UP_TO_DATE: "green",
    State.UNKNOWN: "magenta",
    State.STALE: "yellow",
    State.INCOMPLETE: "cyan",
    State.NEVER_RUN: "bright_black",
}


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
    metrics, gif = layout.metrics(experiment), layout.gif(experiment)
    known = summary.read(root / metrics) if (root / metrics).exists() else {}
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


def table(entries: Iterable[Entry]) -> Table:
    """Return one line an experiment: its state, PSNR of input, strongest baseline and network, and so on."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("experiment", "state", *SCORES, "GIF"):
        drawn.add_column(heading, no_wrap=True)
    for one in entries:
        state = Text(one.condition.text, COLOURS[one.condition.state])
        drawn.add_row(one.experiment, state, *scores(one.scores).values(), one.gif or "–")
    return drawn


def scores(known: Mapping[str, float]) -> dict[str, str]:
    """Return scores by heading; a dash for those that an experiment does not have."""
    return {heading: form.format(known[name]) if name in known else "–" for heading, (name, form) in SCORES.items()}
