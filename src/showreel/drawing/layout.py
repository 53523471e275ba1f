"""Where the parts of a frame are: label column, rows of tiles, and the frame's size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from showreel.drawing import lettering, tiles

MARGIN = 20
HEADER = 98
ROW_GAP = 8
LABEL_GAP, LABEL_SIZE = 16, 15
LABEL_WIDTH, LABEL_HEIGHT = 92, 40
"""The least that a label needs: the key of the difference row, and two lines of text."""

NARROWEST, WIDEST = 640, 920
"""Frames are about this wide: what a README shows without shrinking it much."""


@dataclass(frozen=True)
class Arrangement:
    """Places and sizes in screen pixels.

    Attributes:
        width: of the frame.
        height: of the frame.
        left: the x at which tiles begin.
        tops: row name → the y at which its tiles begin.
        tile: height and width of an image in its own pixels.
        scale: screen pixels to one pixel of a target.
        columns: how many images are shown.
    """

    width: int
    height: int
    left: int
    tops: Mapping[str, int]
    tile: tuple[int, int]
    scale: int
    columns: int

    def middle(self, row: str) -> int:
        """Return the y of a row's middle."""
        return self.tops[row] + self.tile[0] * self.scale // 2


def arrange(rows: Sequence[str], shape: tuple[int, ...]) -> Arrangement:
    """Place rows of these names, of images of a shape (n, h, w, c)."""
    count, height, width = shape[:3]
    left = MARGIN + max(LABEL_WIDTH, *(lettering.width(row, LABEL_SIZE) for row in rows)) + LABEL_GAP
    room = WIDEST - MARGIN - left
    scale = tiles.magnification(height, width, count, room)
    columns = tiles.columns(width * scale, count, room)
    pitch = max(height * scale, LABEL_HEIGHT) + ROW_GAP
    right = left + columns * (width * scale + tiles.GAP) - tiles.GAP
    return Arrangement(
        width=max(NARROWEST, right + MARGIN),
        height=HEADER + len(rows) * pitch - ROW_GAP + MARGIN,
        left=left,
        tops={row: HEADER + number * pitch for number, row in enumerate(rows)},
        tile=(height, width),
        scale=scale,
        columns=columns,
    )
