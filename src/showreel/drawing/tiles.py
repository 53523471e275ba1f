"""Images side by side in crisp tiles: each pixel a block of equal size, nothing smoothed, nothing rescaled."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from showreel.drawing.colours import BACKGROUND, STEPS, difference_map

if TYPE_CHECKING:
    from showreel.drawing.rows import Row

GAP = 6
TALLEST = 128
DIFFERENCE_LIMIT = 0.25
"""The difference, as a share of the range from black to white, from which on the map shows its brightest colour."""

Images = NDArray[np.uint8]


def size(rows: "Sequence[Row]") -> tuple[int, int, int]:
    """Return how many tiles a row has, and the height and width of the largest: that of all tiles."""
    count = rows[0].tiles.shape[1]
    return count, max(row.tiles.shape[2] for row in rows), max(row.tiles.shape[3] for row in rows)


def magnification(height: int, width: int, count: int, room: int) -> int:
    """Return how many screen pixels wide an image's pixel becomes.

    Args:
        height: of an image in its own pixels.
        width: of an image in its own pixels.
        count: the images that should fit side by side.
        room: the screen pixels for all of them; where even unmagnified images need more, the answer is 1.
    """
    widest = (room + GAP) // count - GAP
    return max(1, min(widest // width, TALLEST // height))


def columns(width: int, count: int, room: int) -> int:
    """Return how many tiles of a width fit into `room` pixels, at least one and at most `count`."""
    return max(1, min(count, (room + GAP) // (width + GAP)))


def strip(images: Images, height: int, width: int, scale: int, gap: int = GAP) -> Images:
    """Set images side by side as tiles of `height`·`scale` by `width`·`scale`, pixels of background between.

    Args:
        images: uint8 (n, h, w, c), c 1 or 3; smaller than (height, width) where the input was downscaled: then their
            pixels are magnified by a whole number more, and what sticks out below and at the right is cut off.
        height: of a tile, in pixels of the target.
        width: of a tile, in pixels of the target.
        scale: screen pixels to one of the target.
        gap: screen pixels between two tiles.

    Returns:
        uint8 (height·scale, n·(width·scale + gap) - gap, 3).
    """
    down, right = (-(-full // own) for full, own in zip((height, width), images.shape[1:3], strict=True))
    count, rows, _, channels = images.shape
    wide = np.moveaxis(images.repeat(right * scale, axis=2)[:, :, : width * scale], 0, 1)
    pitch = width * scale + gap
    tiles = np.empty((rows, count, pitch, 3), np.uint8)
    tiles[:, :, width * scale :] = BACKGROUND
    for channel in range(3):  # a loop, since NumPy is slow where the innermost axis is short
        tiles[:, :, : width * scale, channel] = wide[..., channel % channels]
    lines = tiles.reshape(rows, -1, 3)[:, : count * pitch - gap]
    return lines.repeat(down * scale, axis=0)[: height * scale]


def differences(predictions: Images, target: Images) -> Images:
    """Colour the absolute difference, averaged over the channels, by a scale that is always the same.

    Args:
        predictions: uint8 (n, h, w, c).
        target: uint8 (n, h, w, c).

    Returns:
        uint8 (n, h, w, 3): black for none, ivory from `DIFFERENCE_LIMIT` on.
    """
    share = np.abs(predictions.astype(np.float32) - target).mean(axis=-1) / (255 * DIFFERENCE_LIMIT)
    steps = np.rint(np.minimum(share, 1) * (STEPS - 1)).astype(np.intp)
    return np.asarray(difference_map()[steps], np.uint8)
