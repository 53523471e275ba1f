"""The experiments with their scores, as a table for the terminal."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from showreel import summary

SCORES = {
    "input": ("input_psnr", "{:.2f} dB"),
    "baseline": ("baseline_psnr", "{:.2f} dB"),
    "network": ("psnr", "{:.2f} dB"),
    "gain": ("gain_db", "{:+.2f} dB"),
    "SSIM": ("ssim", "{:.3f}"),
}
"""Heading → the number of metrics.json that stands under it, and how it is written."""
HEADINGS = ("experiment", *SCORES, "GIF")


class Entry(NamedTuple):
    """One experiment: its name, and where its scores and its animation are once they are made."""

    experiment: str
    metrics: Path
    gif: Path


def table(entries: Iterable[Entry]) -> str:
    """Return one line an experiment: PSNR in dB of input, strongest baseline and network on the test split, and so on.

    An experiment without results says so.

    Raises:
        ShowreelError: a file of scores is damaged.
    """
    rows = [HEADINGS, *(_row(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def scores(metrics: Path) -> dict[str, str]:
    """Return an experiment's scores by heading; a dash for what it does not have.

    Raises:
        ShowreelError: the file is damaged.
    """
    known = summary.read(metrics)
    return {heading: form.format(known[name]) if name in known else "–" for heading, (name, form) in SCORES.items()}


def _row(entry: Entry) -> tuple[str, ...]:
    if not entry.metrics.exists():
        return (entry.experiment, *("–" for _ in SCORES), "not run yet")
    state = str(entry.gif) if entry.gif.exists() else "not rendered yet"
    return (entry.experiment, *scores(entry.metrics).values(), state)
