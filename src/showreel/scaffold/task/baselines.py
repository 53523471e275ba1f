"""What a network has to beat: a rule that never saw the training split, and a simple method that learns from it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from showreel.scoring.baselines import Baseline, Made
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import Fields

from .learning import bright


def baselines(made: Made) -> Mapping[str, Baseline]:
    """Return the baselines of an experiment by name; their options are tried on the validation split."""
    learners = {"most_often": Baseline(most_often, fit=places)}
    if made.inputs["image"].shape[:2] != made.targets["image"].shape[:2]:
        return learners
    levels = tuple({"level": level} for level in (64, 96, 128, 160, 192))
    return {"threshold": Baseline(threshold, grid=levels), **learners}


def unchanged(made: Made) -> Baseline | None:
    """Return the input itself as an answer; None where it is none."""
    return None


def threshold(inputs: Fields, *, level: int) -> NDArray[np.float32]:
    """Answer by the brightness of an input of the target's size."""
    brightness = np.asarray(inputs["image"]).mean(axis=-1, keepdims=True)
    return np.asarray(brightness > level, np.float32)


def places(examples: ExampleSplit) -> NDArray[np.float32]:
    """Learn how often each place is bright in the training split: float32 (h, w, 1)."""
    total = sum(bright(part.targets).sum(axis=0) for part in examples.parts())
    return np.asarray(total / examples.count, np.float32)


def most_often(inputs: Fields, shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Answer what is most often right at each place, whatever the input."""
    return np.repeat(shares[np.newaxis], len(np.asarray(inputs["image"])), axis=0)
