"""The picture of a cross study: a heat map of scores and of the gain on the strongest baseline, a column a strength."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from showreel.drawing import lettering
from showreel.drawing.colours import BACKGROUND, BASELINE, MUTED, NETWORK, TEXT, Colour, difference_map
from showreel.scoring.score import Score

CELL_WIDTH, CELL_HEIGHT, GAP = 76, 44, 4
MARGIN, LABELS, HEADER, FOOTER = 20, 150, 84, 46
TITLE, BODY, NOTE = 22, 15, 12
DARK: Colour = (20, 23, 29)
MIDDLE = 0.55
"""Share of the map of colours from which on a cell is light, and its number is written dark."""


def heat_map(name: str, cells: pd.DataFrame, *, score: Score, over: str, trained: float | None) -> NDArray[np.uint8]:
    """Draw the map: uint8 (h, w, 3).

    Args:
        name: of the study, the title.
        cells: one row a strength, as in cells.csv.
        score: how THE score is written.
        over: the column of the strengths.
        trained: the strength that the network was trained with; None on another data set.
    """
    first = _first(cells)
    rows = [("network", first), ("strongest baseline", f"baseline_{first}"), ("input", f"input_{first}")]
    rows = [(label, column) for label, column in rows if column in cells]
    gains = [("gain", "gain")] if "gain" in cells else []
    width = 2 * MARGIN + LABELS + len(cells) * (CELL_WIDTH + GAP)
    canvas = np.full(
        (HEADER + (len(rows) + len(gains)) * (CELL_HEIGHT + GAP) + FOOTER, max(width, 480), 3), 0, np.uint8
    )
    canvas[:] = BACKGROUND
    lettering.write(canvas, name, left=MARGIN, baseline=34, size=TITLE, colour=TEXT)
    caption = f"{score.heading}{f' in {score.unit}' if score.unit else ''}, complete test set; columns: {over}"
    lettering.write(canvas, caption, left=MARGIN, baseline=56, size=NOTE, colour=MUTED)
    _columns(canvas, cells[over].to_numpy(float), trained)
    values = np.concatenate([cells[column].to_numpy(float) for _, column in rows])
    for place, (label, column) in enumerate(rows):
        shares = _shares(cells[column].to_numpy(float), values, score)
        _row(canvas, place, label, cells[column].to_numpy(float), _mapped(shares), shares > MIDDLE, score.form)
    for label, column in gains:
        gain = cells[column].to_numpy(float)
        colours = _signed(gain)
        _row(canvas, len(rows), label, gain, colours, np.abs(gain) > MIDDLE * np.abs(gain).max(), f"+{score.form}")
        _names(canvas, len(rows), cells["baseline"].tolist())
    return canvas


def _first(cells: pd.DataFrame) -> str:
    """Return THE score: the first column whose interval follows it."""
    return next(str(column) for column in cells if f"{column}_low" in cells and not str(column).startswith("gain"))


def _left(column: int) -> int:
    return MARGIN + LABELS + column * (CELL_WIDTH + GAP)


def _top(row: int) -> int:
    return HEADER + row * (CELL_HEIGHT + GAP)


def _columns(canvas: NDArray[np.uint8], strengths: NDArray[np.float64], trained: float | None) -> None:
    """Write the strengths above the columns, that of the training in the network's colour."""
    for column, strength in enumerate(strengths):
        own = trained is not None and np.isclose(strength, trained)
        text = f"{strength:g}{' trained' if own else ''}"
        _centred(canvas, text, _left(column), HEADER - 8, NOTE, NETWORK if own else TEXT)


def _row(
    canvas: NDArray[np.uint8], row: int, label: str, values: NDArray[np.float64], colours: NDArray[np.uint8],
    light: NDArray[np.bool_], form: str,
) -> None:  # fmt: skip
    top = _top(row)
    lettering.write(canvas, label, left=MARGIN, baseline=top + CELL_HEIGHT // 2 + 5, size=BODY, colour=TEXT)
    for column, (value, colour) in enumerate(zip(values, colours, strict=True)):
        left = _left(column)
        canvas[top : top + CELL_HEIGHT, left : left + CELL_WIDTH] = colour
        written = DARK if light[column] else TEXT
        _centred(canvas, f"{value:{form}}", left, top + CELL_HEIGHT // 2 + 5, BODY, written)


def _names(canvas: NDArray[np.uint8], row: int, names: list[str]) -> None:
    """Write which baseline is the strongest below each column."""
    for column, name in enumerate(names):
        text, size = lettering.fitting(name.replace("_", " "), room=CELL_WIDTH, largest=NOTE, smallest=9)
        _centred(canvas, text, _left(column), _top(row) + CELL_HEIGHT + 16, size, MUTED)


def _centred(canvas: NDArray[np.uint8], text: str, left: int, baseline: int, size: int, colour: Colour) -> None:
    place = left + (CELL_WIDTH - lettering.width(text, size)) // 2
    lettering.write(canvas, text, left=place, baseline=baseline, size=size, colour=colour)


def _shares(values: NDArray[np.float64], everything: NDArray[np.float64], score: Score) -> NDArray[np.float64]:
    """Return how good values are among all: 0 for the worst, 1 for the best."""
    shares = np.asarray((values - everything.min()) / (np.ptp(everything) or 1), np.float64)
    return shares if score.better == "higher" else 1 - shares


def _mapped(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    colours = difference_map()
    return np.asarray(colours[np.rint(shares * (len(colours) - 1)).astype(int)])


def _signed(gains: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the network's colour where it is better, the baseline's where that is; the fuller the more."""
    full = np.where(gains[:, np.newaxis] > 0, NETWORK, BASELINE)
    share = (np.abs(gains) / (np.abs(gains).max() or 1))[:, np.newaxis]
    return np.rint(np.array(BACKGROUND) * (1 - share) + full * share).astype(np.uint8)
