"""The colours of the reel: a dark card with two accents, a map for differences, and one palette for all frames."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colour = tuple[int, int, int]

BACKGROUND: Colour = (20, 23, 29)
TEXT: Colour = (238, 240, 243)
MUTED: Colour = (146, 153, 166)
FAINT: Colour = (58, 64, 76)
NETWORK: Colour = (255, 184, 77)
BASELINE: Colour = (112, 178, 255)

SHADES = 6
"""Steps from the background to the full colour at the smoothed edges of text and lines; few, to spare the palette."""

PALETTE_SIZE = 255
"""GIF has 256 colours; one stays free to mean `as in the frame before`."""

STEPS = 24
_STOPS = ((0, 0, 0), (68, 22, 108), (172, 40, 88), (238, 112, 44), (250, 204, 92), (255, 250, 226))

SAMPLE = 1 << 18
COARSE = 0xF8
REFINEMENTS = 6
"""How the palette of colour images is found: pixels looked at, bits that make colours alike, steps of k-means."""

BATCH = 1 << 11
"""Colours compared with the palette at a time: the distances stay in a processor's cache."""


def difference_map() -> NDArray[np.uint8]:
    """Return the colours of small to large differences, uint8 (`STEPS`, 3): black, violet, orange, ivory.

    Lightness rises throughout, so that it also reads in grey and for colour-blind people.
    """
    place = np.linspace(0, len(_STOPS) - 1, STEPS)
    channels = [np.interp(place, range(len(_STOPS)), channel) for channel in zip(*_STOPS, strict=True)]
    return np.asarray(np.rint(np.stack(channels, axis=-1)), np.uint8)


def blend(paper: NDArray[np.uint8], colour: Colour, shade: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay a colour over paper.

    Args:
        paper: uint8 (..., 3).
        colour: where the shade is full.
        shade: uint8 (...), 0 … `SHADES`, how much of the colour.
    """
    share = shade[..., None] / SHADES
    return np.rint(paper * (1 - share) + np.array(colour) * share).astype(np.uint8)


def palette(images: list[NDArray[np.uint8]], legend: Sequence[Colour] = ()) -> NDArray[np.uint8]:
    """Choose the colours for all frames: those of the drawing exactly, the rest for the images.

    Args:
        images: uint8 (…, h, w, c) each, c 1 or 3: everything that is ever shown.
        legend: more colours that are to be exact.

    Returns:
        uint8 (k, 3), k ≤ `PALETTE_SIZE`, no colour twice. Grey images lose at most one level in 255.
    """
    own = np.unique(np.concatenate([_own(), np.array(legend, np.uint8).reshape(-1, 3)]), axis=0)
    left = PALETTE_SIZE - len(own)
    grey = all(image.shape[-1] == 1 for image in images)
    choose = _greys if grey else _quantised
    return np.unique(np.concatenate([own, choose(images, left)]), axis=0)


def nearest(colours: NDArray[np.uint8], chosen: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return each colour's nearest neighbour in the palette: uint8 (n, 3) and (k, 3) → indices uint8 (n,).

    All products are whole numbers below 2²⁴, so float32 is exact and every machine chooses the same.
    """
    points = chosen.astype(np.float32)
    terms = np.concatenate([-2 * points, (points**2).sum(axis=1, keepdims=True)], axis=1).T
    factors = np.pad(colours.astype(np.float32), ((0, 0), (0, 1)), constant_values=1)
    indices = np.empty(len(colours), np.uint8)
    for start in range(0, len(colours), BATCH):
        indices[start : start + BATCH] = np.argmin(factors[start : start + BATCH] @ terms, axis=1)
    return indices


def packed(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return RGB pixels (..., 3) as one number each, 0xRRGGBB (...)."""
    numbers: NDArray[np.int32] = pixels[..., 0].astype(np.int32)
    for channel in (1, 2):
        numbers <<= 8
        numbers |= pixels[..., channel]
    return numbers


def unpacked(numbers: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return numbers 0xRRGGBB (n,) as RGB colours, uint8 (n, 3)."""
    return np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], axis=-1).astype(np.uint8)


def _own() -> NDArray[np.uint8]:
    """Return the colours that the drawing itself needs: every colour in every shade, and the map of differences."""
    shades = np.arange(SHADES + 1, dtype=np.uint8)
    paper = np.broadcast_to(np.array(BACKGROUND, np.uint8), (SHADES + 1, 3))
    drawn = [blend(paper, colour, shades) for colour in (TEXT, MUTED, FAINT, NETWORK, BASELINE)]
    return np.unique(np.concatenate([*drawn, difference_map()]), axis=0)


def _greys(images: list[NDArray[np.uint8]], count: int) -> NDArray[np.uint8]:
    """Return the greys that occur, or as many evenly spaced ones as there is room for."""
    levels = np.unique(np.concatenate([np.unique(image) for image in images]))
    if len(levels) > count:
        levels = np.rint(np.linspace(0, 255, count)).astype(np.uint8)
    return np.repeat(levels[:, None], 3, axis=1)


def _quantised(images: list[NDArray[np.uint8]], count: int) -> NDArray[np.uint8]:
    """Return the colours that stand best for all pixels: median cut, then a few steps of k-means.

    Both see a sample, with like colours put together; all sums are of whole numbers, so the order does not matter.
    """
    pixels = np.concatenate([np.broadcast_to(image, (*image.shape[:-1], 3)).reshape(-1, 3) for image in images])
    pixels = pixels[:: -(-len(pixels) // SAMPLE)]
    cells = packed(np.bitwise_and(pixels, COARSE, dtype=np.uint8))
    kinds, kind, number = np.unique(cells, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(kind, channel, len(kinds)) for channel in pixels.T], axis=-1)
    means = np.rint(sums / number[:, None]).astype(np.uint8)
    found = Image.fromarray(means[kind][None]).quantize(count, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    centres = np.array(found.getpalette(), np.uint8).reshape(-1, 3)[:count]
    for _ in range(REFINEMENTS):
        owner = nearest(means, centres)
        weight = np.bincount(owner, number, len(centres))
        total = np.stack([np.bincount(owner, channel, len(centres)) for channel in sums.T], axis=-1)
        centres[weight > 0] = np.rint(total[weight > 0] / weight[weight > 0, None])
    return centres
