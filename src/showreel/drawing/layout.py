"""Where the parts of a frame are: label column, rows of tiles, and the frame's size."""

from collections.abc import Sequence
from dataclasses import dataclass

from showreel.drawing import lettering, tiles

MARGIN = 20
HEADER = 98
ROW_GAP = 8
LABEL_GAP, LABEL_SIZE = 16, 15
LABEL_WIDTH, LABEL_HEIGHT = 92, 40
"""The least that a label needs: the scale of a row of mapped colours, and two lines of text."""

NARROWEST, WIDEST = 640, 920
"""Frames are about this wide: what a README shows without shrinking it much."""


@dataclass(frozen=True)
class Layout:
    """Places and sizes in screen pixels.

    Attributes:
        width: of the frame.
        height: of the frame.
        left: the x at which tiles begin.
        tops: of each row the y at which its tiles begin.
        tile: height and width of a tile in its own pixels.
        scale: screen pixels to one pixel of a tile.
        columns: how many tiles are shown in a row.
    """

    width: int
    height: int
    left: int
    tops: Sequence[int]
    tile: tuple[int, int]
    scale: int
    columns: int

    def middle(self, row: int) -> int:
        """Return the y of a row's middle."""
        return self.tops[row] + self.tile[0] * self.scale // 2


def arrange(labels: Sequence[str], size: tuple[int, int, int]) -> Layout:
    """Place rows with some labels, of n tiles of one size: (n, height, width)."""
    count, height, width = size
    left = MARGIN + max(LABEL_WIDTH, *(lettering.width(label, LABEL_SIZE) for label in labels)) + LABEL_GAP
    room = WIDEST - MARGIN - left
    scale = tiles.magnification(height, width, count, room)
    columns = tiles.columns(width * scale, count, room)
    pitch = max(height * scale, LABEL_HEIGHT) + ROW_GAP
    right = left + columns * (width * scale + tiles.GAP) - tiles.GAP
    return Layout(
        width=max(NARROWEST, right + MARGIN),
        height=HEADER + len(labels) * pitch - ROW_GAP + MARGIN,
        left=left,
        tops=[HEADER + number * pitch for number in range(len(labels))],
        tile=(height, width),
        scale=scale,
        columns=columns,
    )
