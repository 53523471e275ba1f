"""Rows of tiles, which a task makes of its examples and which frames, cards and sheets lay out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from showreel.drawing.colours import Colour

Tiles = NDArray[np.uint8]
Legend = Sequence[tuple[str, Colour]]
"""Name and colour of each class."""

INPUT, BASELINE, NETWORK, TRUTH, DIFFERENCE = "input", "baseline", "network", "truth", "difference"
"""Kinds of rows that are known everywhere; scores stand beside the first three."""


class Key(NamedTuple):
    """The scale of a row whose tiles are drawn in a map of colours: from `low` to `high`."""

    colours: Tiles
    low: str
    high: str


class Row(NamedTuple):
    """One row of tiles and its label.

    Attributes:
        kind: `INPUT`, `BASELINE`, `NETWORK`, `TRUTH`, `DIFFERENCE` or one of a task's own.
        tiles: uint8 (e, n, h, w, 1 or 3), one an epoch, or (1, n, h, w, 1 or 3) where all epochs have the same.
        key: the scale of the tiles' colours, if they are a map's; such colours take no room in a GIF's palette.
    """

    kind: str
    tiles: Tiles
    key: Key | None = None
