"""Preparing: bytes a second of noisy images into HDF5, beside the least that it takes and a loop that people write."""

from collections.abc import Iterator

import h5py
import harness
import material
import numpy as np
from harness import OURS, Result
from skimage.util import random_noise

from showreel.storage import prepared

SHAPES = {material.MNIST: (54_000, 1_000, 10_000), (32, 32, 3): (14_000, 1_000, 2_000)}
"""Shape of the images → how many of them in the three splits."""

LOOP = 1_000
"""Images that the loop is measured on."""


def measure(rounds: int) -> Iterator[Result]:
    for shape, counts in SHAPES.items():
        yield _compared(shape, counts, rounds)


def _compared(shape: tuple[int, int, int], counts: tuple[int, int, int], rounds: int) -> Result:
    _, clean, data = material.prepared(shape, counts)
    images = np.asarray(prepared.read(clean, "train")["image"])
    count, size = sum(counts), int(np.prod(shape))
    folder = material.scratch()

    def ours() -> None:
        material.add_noise(clean, folder / "ours.h5")

    def least() -> None:
        generator = np.random.Generator(np.random.Philox(20))
        with (folder / "raw").open("wb") as file:
            for start in range(0, count, 10_000):
                rows = min(10_000, count - start)
                generator.standard_normal((rows, size), np.float32)
                file.write(images[:rows])

    def loop() -> None:
        with h5py.File(folder / "loop.h5", "w") as file:
            stored = file.create_dataset("images", (LOOP, *images.shape[1:]), np.uint8)
            for index in range(LOOP):
                image = random_noise(images[index] / 255, var=material.SIGMA**2)
                stored[index] = np.rint(image * 255).astype(np.uint8)

    cases = {
        OURS: lambda: material.rate(count * size / 1e6, ours),
        "random numbers and raw bytes alone": lambda: material.rate(count * size / 1e6, least),
        "a loop over scikit-image and h5py": lambda: material.rate(LOOP * size / 1e6, loop),
    }
    targets = {"random numbers and raw bytes alone": 0.7, "a loop over scikit-image and h5py": 10}
    rates = harness.paired(cases, rounds, title="prepare")
    return Result(f"preparing noisy inputs, {data}", "MB/s", rates, targets)
