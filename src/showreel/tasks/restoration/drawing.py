"""How a restoration looks: the images themselves, and their difference from the truth in a map of colours."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from showreel.drawing import tiles
from showreel.drawing.colours import difference_map
from showreel.drawing.rows import BASELINE, DIFFERENCE, INPUT, NETWORK, TRUTH, Key, Legend, Row
from showreel.storage.fields import Field, Fields

Images = NDArray[np.uint8]


def rows(
    inputs: Fields, targets: Fields, outputs: Images, baseline: Images | None, fields: Mapping[str, Field]
) -> list[Row]:
    """Return input, baseline, network, truth and difference."""
    target = np.asarray(targets["image"])
    between = [] if baseline is None else [Row(BASELINE, baseline[np.newaxis])]
    differences = np.stack([tiles.differences(images, target) for images in outputs])
    return [
        Row(INPUT, np.asarray(inputs["image"])[np.newaxis]),
        *between,
        Row(NETWORK, outputs),
        Row(TRUTH, target[np.newaxis]),
        Row(DIFFERENCE, differences, Key(difference_map(), "0", f"{tiles.DIFFERENCE_LIMIT:g}")),
    ]


def legend(fields: Mapping[str, Field]) -> Legend:
    """Return nothing: the colours are the images' own."""
    return ()
