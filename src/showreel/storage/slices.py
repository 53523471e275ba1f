"""Rows cut into slices that fit into memory, however their lengths are spread."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Size = int | NDArray[np.int64]
"""Of each row of a field; or (n + 1,), where each row begins and the last one ends, where they differ."""


def cut(count: int, limit: int, sizes: Sequence[Size], whole: int = 1) -> list[slice]:
    """Cut rows into consecutive slices of which no field exceeds a limit, or of one row.

    Args:
        count: how many rows there are.
        limit: what a slice may hold of each field, in the unit of the sizes.
        sizes: of each field.
        whole: every slice but the last is of a multiple of so many rows, or of fewer.
    """
    slices, start = [], 0
    while start < count:
        rows = min(_fitting(size, start, limit) for size in sizes)
        rows = max(1, rows // whole * whole or rows)
        slices.append(slice(start, min(start + rows, count)))
        start += rows
    return slices


def together(sizes: Sequence[Size], count: int) -> Size:
    """Return the size of rows of several fields."""
    equal = sum(size for size in sizes if isinstance(size, int))
    starts = [size for size in sizes if not isinstance(size, int)]
    return sum(starts, np.arange(count + 1) * equal) if starts else equal


def _fitting(size: Size, start: int, limit: int) -> int:
    """Return how many rows from one on are within a limit; more than there are where all are."""
    if isinstance(size, int):
        return limit // max(1, size)
    end = size[start] + limit
    return len(size) if size[-1] <= end else int(np.searchsorted(size, end, side="right")) - 1 - start
