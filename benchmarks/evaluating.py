"""Evaluation: PSNR and SSIM of 10,000 images, beside a loop over scikit-image's functions."""

from collections.abc import Iterator

import harness
import material
import numpy as np
from harness import OURS, Result
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from showreel.tasks.restoration.learning import unit
from showreel.tasks.restoration.scores import similarity

COUNT, LOOP = 10_000, 500
SHAPES = ((28, 28, 1), (32, 32, 3))
CLOSE = 1e-4
LOOP_NAME = "a loop over scikit-image"


def measure(rounds: int) -> Iterator[Result]:
    for shape in SHAPES:
        yield _measured(shape, rounds)


def _measured(shape: tuple[int, int, int], rounds: int) -> Result:
    noisy, clean, data = material.prepared(shape, (8, 8, COUNT))
    degraded, targets = material.arrays(noisy, clean, "test")
    restored = unit(degraded)

    def loop() -> dict[str, list[float]]:
        found: dict[str, list[float]] = {"psnr": [], "ssim": []}
        for one, other in zip(targets[:LOOP], restored[:LOOP], strict=True):
            target = one / 255
            found["psnr"].append(peak_signal_noise_ratio(target, other, data_range=1))
            found["ssim"].append(structural_similarity(target, other, data_range=1, channel_axis=-1))
        return found

    ours, theirs = similarity(targets, restored), loop()
    gap = max(float(np.abs(ours[kind][:LOOP] - theirs[kind]).max()) for kind in theirs)
    cases = {
        OURS: lambda: material.rate(COUNT, lambda: similarity(targets, restored)),
        LOOP_NAME: lambda: material.rate(LOOP, loop),
    }
    rates = harness.paired(cases, rounds, title=f"score {data}")
    note = f"largest difference from scikit-image {gap:.1e} ({'within' if gap <= CLOSE else 'not within'} {CLOSE:g})"
    return Result(f"PSNR and SSIM, {data}", "images/s", rates, {LOOP_NAME: 20}, (note,))
