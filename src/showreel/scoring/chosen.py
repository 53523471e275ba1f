"""Which examples are worth a look: the best, the median and the worst by a score."""

import numpy as np
from numpy.typing import NDArray

from showreel.scoring.score import Direction

EACH = 3
"""How many examples are the best, how many the median and how many the worst."""


def choose(scores: NDArray[np.float64], better: Direction = "higher") -> NDArray[np.int64]:
    """Return the places of the best, the median and the worst scores (n,), `EACH` of each or fewer of few: int64 (k,).

    Of equal scores, the one that stands first is the better.
    """
    order = np.argsort(-scores if better == "higher" else scores, kind="stable")
    each = min(EACH, len(order))
    middle = (len(order) - each) // 2
    return np.concatenate([order[:each], order[middle : middle + each], order[len(order) - each :]])
