"""All that a page needs to play the reel and to show chosen images: bare pixels in one picture, and where they are.

Each row of images is a strip; strips lie below each other in columns. Pages magnify them without smoothing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from showreel.drawing import tiles
from showreel.drawing.colours import BACKGROUND
from showreel.drawing.frame import spoken
from showreel.drawing.layout import arrange
from showreel.scoring.chosen import Examples
from showreel.storage.prepared import Reel

TALLEST = 8192
"""Pixels: browsers scale taller pictures down."""

Images = NDArray[np.uint8]


def sheet(reel: Reel, examples: Examples) -> tuple[Images, dict[str, Any]]:
    """Draw the picture, uint8 (height, width, 3), and tell where in it what is.

    Returns:
        The picture, and in JSON's types: `tile`, height and width of an image; `reel`, with the epochs, the mean PSNR
        of the complete test split after each, and the rows; `chosen`, with places in the test split and the rows. A row
        is `{"name", "kind", "at"}`: `at` lists the (x, y) of its strips, one, or one an epoch.
    """
    height, width = reel.target.shape[1:3]
    answers = [(examples.baseline_name, "baseline")] if examples.baseline_name else []
    rows = [("input", "input"), *answers, ("network", "network"), ("truth", "truth"), ("difference", "difference")]
    shown = slice(arrange([name for name, _ in rows], reel.target.shape).columns)
    filmed = {
        "input": [reel.degraded],
        "baseline": [examples.baseline],
        "network": list(reel.predictions),
        "truth": [reel.target],
        "difference": [tiles.differences(predictions, reel.target) for predictions in reel.predictions],
    }
    chosen = {
        "input": examples.chosen_degraded,
        "baseline": examples.chosen_baseline,
        "network": examples.chosen_restored,
        "truth": examples.chosen_target,
        "difference": tiles.differences(examples.chosen_restored, examples.chosen_target),
    }
    strips: list[Images] = []

    def placed(images: list[Images]) -> list[int]:
        """Add strips and return their numbers."""
        strips.extend(tiles.strip(each, height, width, 1, 0) for each in images)
        return list(range(len(strips) - len(images), len(strips)))

    of_reel = {kind: placed([images[shown] for images in filmed[kind]]) for _, kind in rows}
    of_chosen = {kind: placed([chosen[kind]]) for _, kind in rows}
    picture, places = _assembled(strips)

    def told(numbers: dict[str, list[int]]) -> list[dict[str, Any]]:
        return [
            {"name": spoken(name), "kind": kind, "at": [places[number] for number in numbers[kind]]}
            for name, kind in rows
        ]

    epochs = {"epochs": reel.epochs.tolist(), "psnr": reel.psnr.tolist(), "indices": reel.indices[shown].tolist()}
    return picture, {
        "tile": [height, width],
        "reel": {**epochs, "rows": told(of_reel)},
        "chosen": {"indices": examples.chosen.tolist(), "rows": told(of_chosen)},
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
