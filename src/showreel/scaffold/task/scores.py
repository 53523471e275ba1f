"""The scores of the test split; the first one counts."""

import numpy as np
from numpy.typing import NDArray

from showreel.scoring.score import Columns, Score, means
from showreel.storage.fields import Fields

from .learning import right

SCORES = {"right_pixels": Score("right pixels", ".4f", tolerance=0.005)}


def score(targets: Fields, outputs: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    """Return a column a score, one row an example."""
    return {"right_pixels": right(targets, outputs)}


def summary(columns: Columns) -> dict[str, float]:
    """Return each score over all examples; what is pooled instead of averaged is computed from its columns here."""
    return means(columns)
