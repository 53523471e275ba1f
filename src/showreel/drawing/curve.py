"""A small curve of the network's score, epoch by epoch, against the strongest baseline: always on the same scale."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from showreel.drawing import lettering
from showreel.drawing.colours import BASELINE, FAINT, MUTED, NETWORK

WIDTH = 230
HEIGHT = 66
PLOT_HEIGHT = 50
DASH = 5
DOT = 3.5
SMALL = 11


@dataclass(frozen=True)
class Scale:
    """From epochs and scores to pixels, the same in all frames.

    Attributes:
        epochs: int64 (e,), ascending: all of the training.
        scores: float64 (e,), the score after each of them.
        baseline: the strongest baseline's score, or None where there is none.
        caption: what the curve shows.
    """

    epochs: NDArray[np.int64]
    scores: NDArray[np.float64]
    baseline: float | None
    caption: str

    def places(self, epochs: ArrayLike, scores: ArrayLike) -> list[lettering.Point]:
        """Return the x and y of scores after epochs."""
        all_scores = self.scores if self.baseline is None else np.append(self.scores, self.baseline)
        across = (np.asarray(epochs) - self.epochs[0]) / max(1, self.epochs[-1] - self.epochs[0])
        up = (np.asarray(scores) - all_scores.min()) / (np.ptp(all_scores) or 1)
        x, y = DOT + across * (WIDTH - 2 * DOT), PLOT_HEIGHT - DOT - up * (PLOT_HEIGHT - 2 * DOT)
        return list(zip(x.tolist(), y.tolist(), strict=True))


def draw_axis(canvas: NDArray[np.uint8], scale: Scale) -> None:
    """Draw what stays, the axis and the baseline's level, on a canvas uint8 (`HEIGHT`, `WIDTH`, 3), in place."""
    canvas[PLOT_HEIGHT, :] = FAINT
    write = partial(lettering.write, canvas, baseline=HEIGHT - 3, size=SMALL, colour=MUTED)
    first, last, caption = str(scale.epochs[0]), str(scale.epochs[-1]), scale.caption
    write(first, left=0)
    write(caption, left=(WIDTH - lettering.width(caption, SMALL)) // 2)
    write(last, left=WIDTH - lettering.width(last, SMALL))
    if scale.baseline is not None:
        ((left, y),) = scale.places(scale.epochs[:1], [scale.baseline])
        starts = np.arange(left, WIDTH - DOT, 2 * DASH).tolist()
        dashes = [[(start, y), (min(start + DASH, WIDTH - DOT), y)] for start in starts]
        lettering.lines(canvas, dashes, colour=BASELINE, thickness=1.5)


def draw_curve(canvas: NDArray[np.uint8], scale: Scale, shown: int) -> None:
    """Draw the scores of the first `shown` epochs over the axis, in place."""
    points = scale.places(scale.epochs[:shown], scale.scores[:shown])
    lettering.lines(canvas, [points], colour=NETWORK, thickness=2, dot=DOT)
