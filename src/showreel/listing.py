"""The experiments with their scores, as a table for the terminal."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from showreel import summary

HEADINGS = ("experiment", "input", "baseline", "network", "gain", "SSIM", "GIF")


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


def _row(entry: Entry) -> tuple[str, ...]:
    if not entry.metrics.exists():
        return (entry.experiment, "–", "–", "–", "–", "–", "not run yet")
    scores = summary.read(entry.metrics)
    decibels = [_number(scores.get(f"{name}psnr"), "{:.2f} dB") for name in ("input_", "baseline_", "")]
    gain, ssim = _number(scores.get("gain_db"), "{:+.2f} dB"), _number(scores.get("ssim"), "{:.3f}")
    return (entry.experiment, *decibels, gain, ssim, str(entry.gif) if entry.gif.exists() else "not rendered yet")


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
