"""Text and lines on a frame, smoothed in a few fixed shades and drawn with Pillow's own font: the same everywhere."""

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from showreel.drawing.colours import SHADES, Colour, blend

Canvas = NDArray[np.uint8]
Point = tuple[float, float]

FINENESS = 4
"""All is drawn this many times larger and averaged down: smooth lines, and letters evenly spaced at small sizes."""

REMEMBERED = 8
"""Texts, more than a frame writes: what the frame before wrote, too, is not drawn again."""


def write(canvas: Canvas, text: str, *, left: int, baseline: int, size: int, colour: Colour) -> int:
    """Write one line of text on the canvas.

    Args:
        canvas: uint8 (h, w, 3), changed in place.
        text: what to write.
        left: the x of its start.
        baseline: the y that its letters stand on.
        size: of the font, in pixels.
        colour: of the letters.

    Returns:
        the x of its end.
    """
    _lay(canvas, _text(text, size), left, baseline - size, colour)
    return left + width(text, size)


@lru_cache(REMEMBERED)
def width(text: str, size: int) -> int:
    """Return the width of a line of text in pixels."""
    return int(np.ceil(_font(size).getlength(text) / FINENESS))


def fitting(text: str, *, room: int, largest: int, smallest: int) -> tuple[str, int]:
    """Return a text and the font's size at which it fits in `room` pixels, at worst cut with an ellipsis."""
    for size in range(largest, smallest, -1):
        if width(text, size) <= room:
            return text, size
    whole = text
    while width(text, smallest) > room and text.strip("…"):
        whole = whole[:-1]
        text = f"{whole}…"
    return text, smallest


def lines(
    canvas: Canvas, courses: Sequence[Sequence[Point]], *, colour: Colour, thickness: float, dot: float = 0
) -> None:
    """Draw smooth lines through points (x, y) each, in place, with a dot of the given radius at the end of each."""
    height, breadth = canvas.shape[:2]
    mask = Image.new("L", (breadth * FINENESS, height * FINENESS))
    draw = ImageDraw.Draw(mask)
    for points in courses:
        fine = [(x * FINENESS, y * FINENESS) for x, y in points]
        draw.line(fine, fill=255, width=round(thickness * FINENESS), joint="curve")
        if dot:
            draw.circle(fine[-1], dot * FINENESS, fill=255)
    _lay(canvas, mask.reduce(FINENESS), 0, 0, colour)


@lru_cache(REMEMBERED)
def _text(text: str, size: int) -> Image.Image:
    """Return a mask (0 … 255) of a line of text that starts at its left edge and stands on the middle of its height."""
    mask = Image.new("L", ((width(text, size) + 2) * FINENESS, 2 * size * FINENESS))
    ImageDraw.Draw(mask).text((0, size * FINENESS), text, fill=255, font=_font(size), anchor="ls")
    return mask.reduce(FINENESS)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's built-in font (Aileron), enlarged; another type comes only where Pillow lacks FreeType."""
    font = ImageFont.load_default(size * FINENESS)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType")
    return font


def _lay(canvas: Canvas, mask: Image.Image, left: int, top: int, colour: Colour) -> None:
    """Blend a colour into the canvas where the mask (0 … 255) says; what sticks out is cut off."""
    part = canvas[top : top + mask.height, left : left + mask.width]
    shade = np.rint(np.asarray(mask)[: part.shape[0], : part.shape[1]] * (SHADES / 255)).astype(np.uint8)
    covered = shade > 0
    part[covered] = blend(part[covered], colour, shade[covered])
