"""Where a picture is cut into tiles: every pixel comes from a tile in which it lies far enough from the borders."""

import itertools
from typing import NamedTuple


class Span(NamedTuple):
    """One tile along one side: it is computed from `start` to `stop`, and kept from `first` to `last`."""

    start: int
    stop: int
    first: int
    last: int


def spans(length: int, *, tile: int, margin: int, multiple: int) -> list[Span]:
    """Cut a side into tiles of one size, and as few as possible, that overlap by twice the margin at least.

    What is kept of two neighbours meets in the middle of their overlap, so that everything within the margin around a
    kept pixel is in its tile. A side no longer than a tile is one tile.

    Args:
        length: of the side, in pixels; a multiple of `multiple`.
        tile: pixels of a tile; a multiple of `multiple`, more than twice the margin.
        margin: pixels that the network sees around each pixel; a multiple of `multiple`.
        multiple: what the corners of tiles divide by.
    """
    if length <= tile:
        return [Span(0, length, 0, length)]
    count = -(-(length - 2 * margin) // (tile - 2 * margin))
    cells = (length - tile) // multiple
    starts = [cells * number // (count - 1) * multiple for number in range(count)]
    seams = [(start + tile + after) // 2 for start, after in itertools.pairwise(starts)]
    edges = [0, *seams, length]
    return [
        Span(start, start + tile, first, last)
        for start, (first, last) in zip(starts, itertools.pairwise(edges), strict=True)
    ]
