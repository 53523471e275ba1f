"""What evaluation keeps to look at: the strongest baseline beside the reel, and the best, median and worst images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EACH = 3
"""How many images are the best, how many the median and how many the worst."""

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Examples:
    """Answers to the reel's n images, and k of the test split by the network's PSNR.

    Attributes:
        origin: JSON: what made it.
        baseline_name: the strongest baseline on the test split, or "" where the degradation has none.
        baseline: uint8 (n, h, w, c), or (0, h, w, c) where there is none: its answer to the reel's images.
        chosen: int64 (k,), places in the test split: a third of them the best, best first, a third around the median, a
            third the worst, worst last. Where there are few test images, one may be in two thirds.
        chosen_degraded: uint8 (k, h', w', c).
        chosen_target: uint8 (k, h, w, c).
        chosen_baseline: uint8 (k, h, w, c), or (0, h, w, c).
        chosen_restored: uint8 (k, h, w, c), the network's answer.
    """

    origin: str
    baseline_name: str
    baseline: Images
    chosen: NDArray[np.int64]
    chosen_degraded: Images
    chosen_target: Images
    chosen_baseline: Images
    chosen_restored: Images


def choose(psnr: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the places of the best, the median and the worst scores (n,), `EACH` of each or fewer of few: int64 (k,).

    Of equal scores, the one that stands first is the better.
    """
    order = np.argsort(-psnr, kind="stable")
    each = min(EACH, len(order))
    middle = (len(order) - each) // 2
    return np.concatenate([order[:each], order[middle : middle + each], order[len(order) - each :]])
