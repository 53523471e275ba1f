"""How an example looks: rows of tiles, from top to bottom.

Rendering does not depend on `learning.py`, so nothing is imported from there.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from showreel.drawing.rows import BASELINE, INPUT, NETWORK, TRUTH, Legend, Row
from showreel.storage.fields import Field, Fields

Images = NDArray[np.uint8]


def rows(
    inputs: Fields, targets: Fields, outputs: Images, baseline: Images | None, fields: Mapping[str, Field]
) -> list[Row]:
    """Return the input, the baseline's answer, the network's after each epoch, and the truth."""
    between = [] if baseline is None else [Row(BASELINE, baseline[np.newaxis])]
    truth = np.where(np.asarray(targets["image"]).mean(axis=-1, keepdims=True) > 127.5, 255, 0).astype(np.uint8)
    return [
        Row(INPUT, np.asarray(inputs["image"])[np.newaxis]),
        *between,
        Row(NETWORK, outputs),
        Row(TRUTH, truth[np.newaxis]),
    ]


def legend(fields: Mapping[str, Field]) -> Legend:
    """Return what the colours of the tiles mean; nothing where they are the images' own."""
    return ()
