"""The frames of the reel: rows input, baseline, network, truth and difference below a title and a growing curve."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from showreel.drawing import curve, lettering, tiles
from showreel.drawing.colours import BACKGROUND, BASELINE, MUTED, NETWORK, TEXT, Colour, difference_map
from showreel.drawing.layout import LABEL_GAP, LABEL_SIZE, MARGIN, Arrangement, arrange
from showreel.scoring.chosen import Examples
from showreel.storage.prepared import Reel

Canvas = NDArray[np.uint8]

TITLE, BODY, NOTE, SMALLEST = 22, 15, 13, 10
NAME_LINE, EPOCH_LINE, RESULT_LINE = 36, 62, 84


@dataclass(frozen=True)
class Row:
    """One row of tiles and its label.

    Attributes:
        name: what the row shows.
        ink: the colour of the name.
        images: uint8 (n, h, w, c), or None where every epoch has others.
        psnr: the mean over the complete test set in dB, where it is known and the same in every frame.
    """

    name: str
    ink: Colour = TEXT
    images: NDArray[np.uint8] | None = None
    psnr: float | None = None


def frames(experiment: str, reel: Reel, examples: Examples, metrics: Mapping[str, float]) -> Iterator[Canvas]:
    """Draw one frame an epoch; the last one also tells the final scores.

    Images are magnified by a whole number; where not all fit side by side unmagnified, the first ones are shown.

    Args:
        experiment: its name, the title.
        reel: predictions of a few test images after every epoch.
        examples: the strongest baseline's answer to the same images.
        metrics: scores over the complete test set; what is missing is not shown.

    Yields:
        uint8 (height, width, 3), all of one size.
    """
    rows = _rows(reel, examples, metrics)
    layout = arrange([row.name for row in rows], reel.target.shape)
    scale = curve.Scale(reel.epochs, reel.psnr, metrics.get("baseline_psnr") if examples.baseline_name else None)
    backdrop = _backdrop(experiment, rows, layout)
    curve.draw_axis(_chart(backdrop), scale)
    for number, predictions in enumerate(reel.predictions):
        canvas = backdrop.copy()
        _tiles(canvas, "network", predictions, layout)
        _tiles(canvas, "difference", tiles.differences(predictions, reel.target), layout)
        _score(canvas, layout, "network", reel.psnr[number])
        _epoch(canvas, reel.epochs[number], reel.epochs[-1], reel.psnr[number])
        curve.draw_curve(_chart(canvas), scale, number + 1)
        if number == len(reel.predictions) - 1:
            _title(canvas, _result(examples, metrics), RESULT_LINE, BODY, NETWORK)
        yield canvas


def _rows(reel: Reel, examples: Examples, metrics: Mapping[str, float]) -> list[Row]:
    rows = [Row("input", images=reel.degraded, psnr=metrics.get("input_psnr"))]
    if examples.baseline_name:
        rows.append(Row(spoken(examples.baseline_name), BASELINE, examples.baseline, metrics.get("baseline_psnr")))
    return [*rows, Row("network", NETWORK), Row("truth", images=reel.target), Row("difference")]


def _backdrop(experiment: str, rows: list[Row], layout: Arrangement) -> Canvas:
    """Draw what is the same in all frames."""
    canvas = np.full((layout.height, layout.width, 3), BACKGROUND, np.uint8)
    _title(canvas, experiment, NAME_LINE, TITLE, TEXT)
    for row in rows:
        alone = row.images is not None and row.psnr is None
        baseline = layout.middle(row.name) + (5 if alone else -2)
        lettering.write(canvas, row.name, left=MARGIN, baseline=baseline, size=LABEL_SIZE, ink=row.ink)
        if row.images is not None:
            _tiles(canvas, row.name, row.images, layout)
        if row.psnr is not None:
            _score(canvas, layout, row.name, row.psnr)
    _key(canvas, layout.middle("difference") + 16)
    return canvas


def _title(canvas: Canvas, text: str, line: int, size: int, ink: Colour) -> None:
    """Write a line of the header in the width that the curve leaves, smaller where it is long."""
    room = canvas.shape[1] - 2 * MARGIN - curve.WIDTH - LABEL_GAP
    fitting, size = lettering.fitting(text, room=room, largest=size, smallest=SMALLEST)
    lettering.write(canvas, fitting, left=MARGIN, baseline=line, size=size, ink=ink)


def _tiles(canvas: Canvas, row: str, images: NDArray[np.uint8], layout: Arrangement) -> None:
    strip = tiles.strip(images[: layout.columns], *layout.tile, layout.scale)
    top = layout.tops[row]
    canvas[top : top + strip.shape[0], layout.left : layout.left + strip.shape[1]] = strip


def _score(canvas: Canvas, layout: Arrangement, row: str, psnr: float) -> None:
    lettering.write(canvas, f"{psnr:.1f} dB", left=MARGIN, baseline=layout.middle(row) + 16, size=NOTE, ink=MUTED)


def _key(canvas: Canvas, baseline: int) -> None:
    """Draw the fixed scale of the difference row: a bar from 0 to the limit."""
    bar = difference_map().repeat(2, axis=0)
    left = lettering.write(canvas, "0", left=MARGIN, baseline=baseline, size=NOTE, ink=MUTED) + 5
    right = left + len(bar)
    canvas[baseline - 9 : baseline, left:right] = bar
    lettering.write(canvas, f"{tiles.DIFFERENCE_LIMIT:g}", left=right + 5, baseline=baseline, size=NOTE, ink=MUTED)


def _epoch(canvas: Canvas, epoch: int, last: int, psnr: float) -> None:
    """Write how far the training is and how good the network is on the complete test set."""
    lettering.write(canvas, f"epoch {epoch}/{last}", left=MARGIN, baseline=EPOCH_LINE, size=BODY, ink=TEXT)
    left = MARGIN + lettering.width(f"epoch {last}/{last}", BODY) + 18
    end = lettering.write(canvas, f"{psnr:.2f} dB", left=left, baseline=EPOCH_LINE, size=BODY, ink=NETWORK)
    lettering.write(canvas, "PSNR, complete test set", left=end + 7, baseline=EPOCH_LINE, size=NOTE, ink=MUTED)


def _result(examples: Examples, metrics: Mapping[str, float]) -> str:
    """Say in one line how good the network of the best epoch is; "" where nothing is known."""
    parts = [f"PSNR {metrics['psnr']:.2f} dB"] if "psnr" in metrics else []
    parts += [f"SSIM {metrics['ssim']:.3f}"] if "ssim" in metrics else []
    if "gain_db" in metrics and examples.baseline_name:
        side = "above" if metrics["gain_db"] >= 0 else "below"
        parts.append(f"{abs(metrics['gain_db']):.1f} dB {side} {spoken(examples.baseline_name)}")
    return f"best network: {' · '.join(parts)}" if parts else ""


def spoken(name: str) -> str:
    """Turn a name of the code into words."""
    return name.replace("_", " ")


def _chart(canvas: Canvas) -> Canvas:
    """Return the part of the canvas that the curve is drawn on."""
    top, right = MARGIN - 4, canvas.shape[1] - MARGIN
    return canvas[top : top + curve.HEIGHT, right - curve.WIDTH : right]
