"""From a trained network to its scores on the complete test set, beside those of the input and of classical baselines."""

import json
import math
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from showreel import atomic, find, storage
from showreel.degradations.baseline import Baseline
from showreel.errors import ShowreelError
from showreel.objectives.restoration import learning
from showreel.objectives.restoration.classical import Options, Pair, Scores, batches, joined, restored, score_baselines
from showreel.objectives.restoration.scores import score

Numbers = dict[str, float]


def evaluate(
    *,
    model: Path,
    reel: Path,
    degraded: Path,
    clean: Path,
    degradation: str,
    metrics: Path,
    scores: Path,
    examples: Path,
    origin: str,
) -> None:
    """Score a network, its untouched input and every baseline on all test images.

    The untouched input has a score where it is of the target's size and not the target itself; a smaller one gets that
    of the baseline `nearest`, which repeats its pixels. The same files in give the same bytes out, so no times are kept.

    Args:
        model: the trained network.
        reel: the reel file of the same training.
        degraded: the prepared file of the network's input.
        clean: the prepared file of its target; the same as `degraded` for an identity experiment.
        degradation: a file name in `degradations/`, for its baselines.
        metrics: JSON to write: flat, numbers only, six significant digits; `…_low` and `…_high` bound the 95 % interval
            of a mean (normal approximation), `baseline_…` is the strongest baseline by mean test PSNR, `gain_db` what
            the network has over it.
        scores: CSV to write: one row a test image.
        examples: HDF5 to write: `storage.Examples`, what the strongest baseline makes of the reel's images.
        origin: JSON: what makes these files.

    Raises:
        ShowreelError: a file is missing or damaged, files do not belong together, or the network is not finite.
    """
    pair = Pair(degraded, clean)
    _check(pair)
    baselines: dict[str, Baseline] = find.module("degradations", degradation).BASELINES
    network = _loaded(model)
    contenders = {"": _network_scores(network, model, pair)}
    options, classical = score_baselines(baselines, pair) if baselines else ({}, {})
    if degraded != clean and storage.image_shape(degraded) == storage.image_shape(clean):
        contenders["input"] = joined(
            [score(targets, learning.unit(inputs)) for inputs, targets in map(pair.test_rows, batches(clean))]
        )
    elif "nearest" in classical:
        contenders["input"] = classical["nearest"]
    strongest = max(classical, key=lambda name: classical[name]["psnr"].mean(), default="")
