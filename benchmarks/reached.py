"""What whole trainings reach: the U-Net of `training.py`, for params.yaml's epochs, on all of MNIST and in colour."""

from collections.abc import Iterator

import material
import training
from harness import Result

from showreel.params import loading
from showreel.pipeline import paths

LEFT_OUT = {training.COMPILED: "no faster in `training`"}
SHAPES = {material.MNIST: (55_000, 5_000, 10_000), (32, 32, 3): (12_800, 512, 1_000)}


def measure(rounds: int) -> Iterator[Result]:
    """Train to the end, whatever the rounds: an hour on two cores with bfloat16, several without."""
    epochs = loading.load(material.ROOT / paths.PARAMS).training.epochs - 1
    for sizes in SHAPES.items():
        yield training.compared("whole training", *sizes, epochs, LEFT_OUT)
