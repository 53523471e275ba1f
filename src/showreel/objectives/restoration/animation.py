"""Drawn frames as a GIF: one palette for all, nothing flickers, and later frames hold only what changes in them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata, getheader

from showreel.objectives.restoration import colours

FRAME_MILLISECONDS = 200
LAST_MILLISECONDS = 3000
UNKNOWN = -1


def animated(canvases: Sequence[NDArray[np.uint8]], palette: NDArray[np.uint8], comment: str) -> bytes:
    """Return the bytes of a GIF that loops for ever; a frame that repeats the one before only makes that last longer.

    Pillow's own `save` sorts the palette out anew for every frame. Here it packs pixels, and nothing else.

    Args:
        canvases: uint8 (h, w, 3) each.
        palette: uint8 (k, 3), k ≤ `PALETTE_SIZE`: the first free number means `as in the frame before`.
        comment: what the file says of itself.
    """
    indices = _indexed(canvases, palette)
    changed = indices[1:] != indices[:-1]
    shown = [0, *(np.flatnonzero(changed.any(axis=(1, 2))) + 1).tolist()]
    lasting = np.full(len(indices), FRAME_MILLISECONDS)
    lasting[-1] = LAST_MILLISECONDS
    first, *durations = np.add.reduceat(lasting, shown).tolist()
    image = Image.fromarray(indices[0])
    image.putpalette(palette.tobytes())
    parts = [*getheader(image, info={"loop": 0, "comment": comment})[0], *getdata(image, duration=first)]
    for number, duration in zip(shown[1:], durations, strict=True):
        part, corner = _cut(indices[number], changed[number - 1], len(palette))
        parts += getdata(Image.fromarray(part), corner, duration=duration, transparency=len(palette))
    return b"".join([*parts, b";"])


def _cut(frame: NDArray[np.uint8], changed: NDArray[np.bool_], free: int) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Return the rectangle of a frame in which pixels changed, with `free` in place of others, and its (x, y)."""
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.where(changed[box], frame[box], np.uint8(free)), (int(columns[0]), int(rows[0]))


def _indexed(canvases: Sequence[NDArray[np.uint8]], palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn frames into indices of the nearest colours; a colour's answer is the same in all frames: nothing flickers.

    Args:
        canvases: uint8 (h, w, 3) each; only the rows that differ from the frame before are looked at.
        palette: uint8 (k, 3).

    Returns:
        uint8 (frames, h, w).
    """
    known = np.full(1 << 24, UNKNOWN, np.int16)
    indices = np.empty((len(canvases), *canvases[0].shape[:2]), np.uint8)
    for number, canvas in enumerate(canvases):
        before = max(0, number - 1)
        indices[number] = indices[before]
        rows = (canvas != canvases[before]).any(axis=(1, 2)) if number else slice(None)
        numbers = colours.packed(canvas[rows])
        new = np.unique(numbers[known[numbers] == UNKNOWN])
        known[new] = colours.nearest(colours.unpacked(new), palette)
        indices[number, rows] = known[numbers]
    return indices
