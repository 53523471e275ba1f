"""The frames of a reel: rows of tiles below a title and a growing curve."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from showreel.drawing import curve, lettering, tiles
from showreel.drawing.colours import BACKGROUND, MUTED, NETWORK, TEXT, Colour
from showreel.drawing.colours import BASELINE as BASELINE_COLOUR
from showreel.drawing.layout import LABEL_GAP, LABEL_SIZE, MARGIN, Layout, arrange
from showreel.drawing.rows import BASELINE, INPUT, Key, Legend, Row
from showreel.drawing.rows import NETWORK as NETWORK_ROW
from showreel.scoring.score import Score

Canvas = NDArray[np.uint8]

TITLE, BODY, NOTE, SMALLEST = 22, 15, 13, 10
NAME_LINE, EPOCH_LINE, RESULT_LINE = 36, 62, 84
SWATCH = 11
"""Pixels of the sides of a legend's squares."""

COLOURS = {NETWORK_ROW: NETWORK, BASELINE: BASELINE_COLOUR}
"""Kind of row → the colour of its name, where it is another than that of text."""


@dataclass(frozen=True)
class Film:
    """All that the frames of a reel are drawn from.

    Attributes:
        experiment: its name, the title.
        rows: of tiles, one an epoch or the same in all.
        epochs: int64 (e,).
        scores: float64 (e,), the mean score over the complete test split after each epoch.
        metrics: summary scores over the complete test split; what is missing is not shown.
        names: name in metrics → how that score is written; the first is THE score.
        baseline: the strongest baseline's name; "" where there is none.
        legend: name and colour of each class; empty where colours are the images' own.
    """

    experiment: str
    rows: Sequence[Row]
    epochs: NDArray[np.int64]
    scores: NDArray[np.float64]
    metrics: Mapping[str, float]
    names: Mapping[str, Score]
    baseline: str
    legend: Legend = ()

    @property
    def first(self) -> str:
        """The name of THE score."""
        return next(iter(self.names))

    @property
    def score(self) -> Score:
        """How THE score is written."""
        return self.names[self.first]

    def label(self, row: Row) -> str:
        """Return what stands beside a row: the strongest baseline by its name."""
        return spoken(self.baseline) if row.kind == BASELINE else row.kind

    def constant(self, row: Row) -> float | None:
        """Return the score beside a row that is the same in all frames, where one is known."""
        prefix = {INPUT: "input_", BASELINE: "baseline_"}.get(row.kind)
        return None if prefix is None else self.metrics.get(f"{prefix}{self.first}")


def frames(film: Film) -> Iterator[Canvas]:
    """Draw one frame an epoch; the last one also tells the final scores.

    Tiles are magnified by a whole number; where not all fit side by side unmagnified, the first ones are shown.

    Yields:
        uint8 (height, width, 3), all of one size.
    """
    layout = arrange([film.label(row) for row in film.rows], tiles.size(film.rows))
    level = film.metrics.get(f"baseline_{film.first}") if film.baseline else None
    scale = curve.Scale(film.epochs, film.scores, level, f"test {film.score.heading} per epoch")
    backdrop = _backdrop(film, layout)
    curve.draw_axis(_chart(backdrop), scale)
    for number, (epoch, score) in enumerate(zip(film.epochs, film.scores, strict=True)):
        canvas = backdrop.copy()
        for place, row in enumerate(film.rows):
            if len(row.tiles) > 1:
                _tiles(canvas, layout, place, row.tiles[number])
            if row.kind == NETWORK_ROW:
                _score(canvas, layout, place, film.score.written(score))
        _epoch(canvas, film, epoch, score)
        curve.draw_curve(_chart(canvas), scale, number + 1)
        if number == len(film.epochs) - 1:
            _title(canvas, _result(film), RESULT_LINE, BODY, NETWORK)
        yield canvas


def _backdrop(film: Film, layout: Layout) -> Canvas:
    """Draw what is the same in all frames."""
    canvas = np.full((layout.height, layout.width, 3), BACKGROUND, np.uint8)
    _title(canvas, film.experiment, NAME_LINE, TITLE, TEXT)
    for place, row in enumerate(film.rows):
        score = film.constant(row)
        alone = score is None and row.key is None and row.kind != NETWORK_ROW
        baseline = layout.middle(place) + (5 if alone else -2)
        colour = COLOURS.get(row.kind, TEXT)
        lettering.write(canvas, film.label(row), left=MARGIN, baseline=baseline, size=LABEL_SIZE, colour=colour)
        if len(row.tiles) == 1:
            _tiles(canvas, layout, place, row.tiles[0])
        if score is not None:
            _score(canvas, layout, place, film.score.written(score))
        if row.key:
            _key(canvas, row.key, layout.middle(place) + 16)
    _legend(canvas, film.legend)
    return canvas


def _title(canvas: Canvas, text: str, line: int, size: int, colour: Colour) -> None:
    """Write a line of the header in the width that the curve leaves, smaller where it is long."""
    room = canvas.shape[1] - 2 * MARGIN - curve.WIDTH - LABEL_GAP
    fitting, size = lettering.fitting(text, room=room, largest=size, smallest=SMALLEST)
    lettering.write(canvas, fitting, left=MARGIN, baseline=line, size=size, colour=colour)


def _tiles(canvas: Canvas, layout: Layout, place: int, images: NDArray[np.uint8]) -> None:
    strip = tiles.strip(images[: layout.columns], *layout.tile, layout.scale)
    top = layout.tops[place]
    canvas[top : top + strip.shape[0], layout.left : layout.left + strip.shape[1]] = strip


def _score(canvas: Canvas, layout: Layout, place: int, text: str) -> None:
    lettering.write(canvas, text, left=MARGIN, baseline=layout.middle(place) + 16, size=NOTE, colour=MUTED)


def _key(canvas: Canvas, key: Key, baseline: int) -> None:
    """Draw the fixed scale of a row of mapped colours: a bar between its ends."""
    bar = key.colours.repeat(2, axis=0)
    left = lettering.write(canvas, key.low, left=MARGIN, baseline=baseline, size=NOTE, colour=MUTED) + 5
    right = left + len(bar)
    canvas[baseline - 9 : baseline, left:right] = bar
    lettering.write(canvas, key.high, left=right + 5, baseline=baseline, size=NOTE, colour=MUTED)


def _legend(canvas: Canvas, legend: Legend) -> None:
    """Draw a square and a name for each class along the bottom, as many as fit."""
    left, baseline = MARGIN, canvas.shape[0] - 5
    for name, colour in legend:
        if left + SWATCH + 4 + lettering.width(name, SMALLEST) > canvas.shape[1] - MARGIN:
            break
        canvas[baseline - SWATCH + 1 : baseline + 1, left : left + SWATCH] = colour
        left = (
            lettering.write(canvas, name, left=left + SWATCH + 4, baseline=baseline, size=SMALLEST, colour=MUTED) + 12
        )


def _epoch(canvas: Canvas, film: Film, epoch: int, score: float) -> None:
    """Write how far the training is and how good the network is on the complete test set."""
    last = film.epochs[-1]
    lettering.write(canvas, f"epoch {epoch}/{last}", left=MARGIN, baseline=EPOCH_LINE, size=BODY, colour=TEXT)
    left = MARGIN + lettering.width(f"epoch {last}/{last}", BODY) + 18
    end = lettering.write(canvas, film.score.written(score), left=left, baseline=EPOCH_LINE, size=BODY, colour=NETWORK)
    note = f"{film.score.heading}, complete test set"
    lettering.write(canvas, note, left=end + 7, baseline=EPOCH_LINE, size=NOTE, colour=MUTED)


def _result(film: Film) -> str:
    """Say in one line how good the network of the best epoch is; "" where nothing is known."""
    shown = [(name, score) for name, score in film.names.items() if name in film.metrics][:2]
    parts = [f"{score.heading} {score.written(film.metrics[name])}" for name, score in shown]
    if "gain" in film.metrics and film.baseline:
        side = "better" if film.metrics["gain"] >= 0 else "worse"
        parts.append(f"{film.score.written(abs(film.metrics['gain']))} {side} than {spoken(film.baseline)}")
    return f"best network: {' · '.join(parts)}" if parts else ""


def spoken(name: str) -> str:
    """Turn a name of the code into words."""
    return name.replace("_", " ")


def _chart(canvas: Canvas) -> Canvas:
    """Return the part of the canvas that the curve is drawn on."""
    top, right = MARGIN - 4, canvas.shape[1] - MARGIN
    return canvas[top : top + curve.HEIGHT, right - curve.WIDTH : right]
