"""The reel in small: rows input, network and truth of a few examples, without a word. For overviews of many reels."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from showreel.drawing import tiles
from showreel.drawing.colours import BACKGROUND
from showreel.drawing.rows import INPUT, NETWORK, TRUTH, Row

COLUMNS = 5
WIDTH = 320
"""A card is about this many pixels wide, if tiles may be magnified to it."""

GAP = 4
SHOWN = (INPUT, NETWORK, TRUTH)


def cards(rows: Sequence[Row]) -> Iterator[NDArray[np.uint8]]:
    """Draw one card an epoch.

    Yields:
        uint8 (height, width, 3), all of one size.
    """
    shown = [row for row in rows if row.kind in SHOWN]
    count, height, width = tiles.size(rows)
    scale = max(1, WIDTH // (min(COLUMNS, count) * (width + GAP)))
    for number in range(max(len(row.tiles) for row in shown)):
        strips: list[NDArray[np.uint8]] = []
        for row in shown:
            images = row.tiles[min(number, len(row.tiles) - 1)][:COLUMNS]
            strip = tiles.strip(images, height, width, scale, GAP)
            strips += [strip, np.full((GAP, *strip.shape[1:]), BACKGROUND, np.uint8)]
        yield np.concatenate(strips[:-1])
