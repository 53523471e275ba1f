"""The reel in small: rows input, network and truth of a few images, without a word. For overviews of many reels."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from showreel.drawing import tiles
from showreel.drawing.colours import BACKGROUND
from showreel.storage.prepared import Reel

COLUMNS = 5
WIDTH = 320
"""A card is about this many pixels wide, if images may be magnified to it."""

GAP = 4


def cards(reel: Reel) -> Iterator[NDArray[np.uint8]]:
    """Draw one card an epoch.

    Yields:
        uint8 (height, width, 3), all of one size.
    """
    shown = slice(COLUMNS)
    targets = reel.target[shown]
    height, width = targets.shape[1:3]
    scale = max(1, WIDTH // (len(targets) * (width + GAP)))

    def strip(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return tiles.strip(images, height, width, scale, GAP)

    above, below = strip(reel.degraded[shown]), strip(targets)
    between = np.full((GAP, *above.shape[1:]), BACKGROUND, np.uint8)
    for predictions in reel.predictions:
        yield np.concatenate([above, between, strip(predictions[shown]), between, below])
