"""Drawn frames as a GIF: one palette for all, nothing flickers, and later frames hold only what changes in them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata, getheader

from showreel.objectives.restoration import colours

FRAME_MILLISECONDS = 200
LAST_MILLISECONDS = 3000


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
        canvases: uint8 (h, w, 3) each; only the rows that differ from the frame before, and from the row above, are
            looked at.
        palette: uint8 (k, 3), k ≤ `PALETTE_SIZE`.

    Returns:
        uint8 (frames, h, w).
    """
    numbered = np.zeros(1 << 24, np.uint8)
    height, width = canvases[0].shape[:2]
    indices = np.empty((len(canvases), height, width), np.uint8)
    lines = [canvas.reshape(height, -1) for canvas in canvases]
    for number, canvas in enumerate(lines):
        before = max(0, number - 1)
        rows = (canvas != lines[before]).any(axis=1) if number else np.ones(height, np.bool_)
        changed = canvas[rows]
        other = np.append(True, (changed[1:] != changed[:-1]).any(axis=1))[: len(changed)]
        looked_up = _looked_up(colours.packed(changed[other].reshape(-1, width, 3)), numbered, palette)
        indices[number] = indices[before]
        indices[number, rows] = looked_up[np.cumsum(other) - 1]
    return indices


def _looked_up(pixels: NDArray[np.int32], numbered: NDArray[np.uint8], palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the indices of packed pixels; what `numbered` does not know yet (0, else index + 1) it learns."""
    found = numbered.take(pixels)
    missing = found == 0
    if missing.any():
        new = np.unique(pixels[missing])
        numbered[new] = colours.nearest(colours.unpacked(new), palette) + 1
        found = numbered.take(pixels)
    return found - np.uint8(1)
