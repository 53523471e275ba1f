"""All that a page needs to play the reel and to show chosen examples: bare pixels in one picture, and where they are.

Each row of tiles is a strip; strips lie below each other in columns. Pages magnify them without smoothing.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from showreel.drawing import tiles
from showreel.drawing.colours import BACKGROUND
from showreel.drawing.layout import arrange
from showreel.drawing.rows import Row

TALLEST = 8192
"""Pixels: browsers scale taller pictures down."""

Images = NDArray[np.uint8]


def sheet(reel: Sequence[Row], chosen: Sequence[Row], labels: Sequence[str]) -> tuple[Images, dict[str, Any]]:
    """Draw the picture, uint8 (height, width, 3), and say where in it what is.

    Args:
        reel: rows of the reel's examples, one an epoch or the same in all.
        chosen: the same rows of chosen examples.
        labels: of the rows.

    Returns:
        The picture, and in JSON's types: `tile`, height and width of a tile; `columns`, how many tiles a strip of the
        reel has; `reel` and `chosen`, the rows of each. A row is `{"name", "kind", "at"}`: `at` lists the (x, y) of its
        strips, one, or one an epoch.
    """
    size = tiles.size(reel)
    columns = arrange(labels, size).columns
    strips: list[Images] = []
    numbered: dict[str, list[list[int]]] = {}
    for name, rows, shown in (("reel", reel, columns), ("chosen", chosen, None)):
        numbered[name] = []
        for row in rows:
            first = len(strips)
            strips += [tiles.strip(images[:shown], *size[1:], 1, 0) for images in row.tiles]
            numbered[name].append(list(range(first, len(strips))))
    picture, places = _assembled(strips)

    def listed(rows: Sequence[Row], numbers: list[list[int]]) -> list[dict[str, Any]]:
        return [
            {"name": label, "kind": row.kind, "at": [places[number] for number in own]}
            for label, row, own in zip(labels, rows, numbers, strict=True)
        ]

    return picture, {
        "tile": list(size[1:]),
        "columns": columns,
        "reel": listed(reel, numbered["reel"]),
        "chosen": listed(chosen, numbered["chosen"]),
    }


def _assembled(strips: list[Images]) -> tuple[Images, list[list[int]]]:
    """Put strips of one height into a picture; return it and the (x, y) of each."""
    height, width = len(strips[0]), max(strip.shape[1] for strip in strips)
    deep = max(1, min(len(strips), TALLEST // height))
    picture = np.full((deep * height, -(-len(strips) // deep) * width, 3), BACKGROUND, np.uint8)
    places = []
    for number, strip in enumerate(strips):
        x, y = number // deep * width, number % deep * height
        picture[y : y + height, x : x + strip.shape[1]] = strip
        places.append([x, y])
    return picture, places
