"""Drawn frames as a GIF: one palette for all, nothing flickers, and later frames hold only what changes in them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata, getheader

from showreel.drawing import colours

FRAME_MILLISECONDS = 200
LAST_MILLISECONDS = 3000
LONGEST_MILLISECONDS = 655_350
"""A GIF counts a frame's hundredths of a second in 16 bits."""

Pixels = NDArray[np.uint8]
Piece = tuple[Pixels, tuple[int, int]]
"""Indices of a rectangle, and its x and y in the frame."""


def animated(canvases: Iterable[Pixels], palette: Pixels, comment: str) -> tuple[bytes, Pixels]:
    """Encode frames as a GIF that loops for ever; one that repeats the frame before only makes that last longer.

    Pillow's own `save` sorts the palette out anew for every frame. Here it packs pixels, and nothing else.

    Args:
        canvases: uint8 (h, w, 3) each, one at least; only two are held at a time.
        palette: uint8 (k, 3), k ≤ `PALETTE_SIZE`: the first free number means `as in the frame before`.
        comment: what the file says of itself.

    Returns:
        The bytes of the file, and the last frame in all its colours.
    """
    coming = iter(canvases)
    canvas = next(coming)
    image = Image.new("P", canvas.shape[1::-1])
    image.putpalette(palette.tobytes())
    parts = getheader(image, info={"loop": 0, "comment": comment})[0]
    numbered = np.zeros(1 << 24, np.uint8)
    indices = _looked_up(canvas, numbered, palette)
    piece, free, lasting = (indices.copy(), (0, 0)), None, FRAME_MILLISECONDS
    for following in coming:
        rows = np.flatnonzero((following != canvas).any(axis=(1, 2)))
        canvas = following
        change = _change(indices, rows, _looked_up(canvas[rows], numbered, palette), len(palette))
        if change:
            parts += _packed(piece, lasting, free)
            piece, free, lasting = change, len(palette), 0
        lasting += FRAME_MILLISECONDS
    parts += _packed(piece, lasting - FRAME_MILLISECONDS + LAST_MILLISECONDS, free)
    return b"".join([*parts, b";"]), canvas


def _packed(piece: Piece, duration: int, free: int | None) -> list[bytes]:
    pixels, corner = piece
    lasting = min(duration, LONGEST_MILLISECONDS)
    return getdata(Image.fromarray(pixels), corner, duration=lasting, transparency=free)


def _change(indices: Pixels, rows: NDArray[np.intp], lines: Pixels, free: int) -> Piece | None:
    """Put lines into their rows of the frame before, in place; return the rectangle that changes, if anything does.

    Args:
        indices: uint8 (h, w) of the frame before.
        rows: places (n,) of rows, ascending.
        lines: uint8 (n, w), what they become.
        free: the number that stands for a pixel that stays.
    """
    changed = lines != indices[rows]
    down, across = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(down):
        return None
    top, left, right = rows[down[0]], across[0], across[-1] + 1
    piece = np.full((rows[down[-1]] + 1 - top, right - left), free, np.uint8)
    kept = slice(down[0], down[-1] + 1), slice(left, right)
    piece[rows[kept[0]] - top] = np.where(changed[kept], lines[kept], np.uint8(free))
    indices[rows] = lines
    return piece, (int(left), int(top))


def _looked_up(lines: Pixels, numbered: Pixels, palette: Pixels) -> Pixels:
    """Turn rows of colours into indices of the nearest ones of the palette.

    Args:
        lines: uint8 (n, w, 3); one that repeats the one above is not looked at.
        numbered: uint8 (2²⁴), colour → index + 1, or 0 where not known yet. It learns, so that a colour's answer is the
            same in all frames: nothing flickers.
        palette: uint8 (k, 3).

    Returns:
        uint8 (n, w).
    """
    other = np.ones(len(lines), np.bool_)
    other[1:] = (lines[1:] != lines[:-1]).any(axis=(1, 2))
    pixels = colours.packed(lines[other])
    found = numbered.take(pixels)
    missing = found == 0
    if missing.any():
        new = np.unique(pixels[missing])
        numbered[new] = colours.nearest(colours.unpacked(new), palette) + 1
        found = numbered.take(pixels)
    return np.asarray((found - 1)[np.cumsum(other) - 1], np.uint8)
