"""What measurements work on: MNIST where its files are at hand, and made-up images of CIFAR's shape.

Libraries that are imported after this module are set up as the command sets them up.
"""

import atexit
import functools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from showreel.__main__ import set_up_libraries
from showreel.datasets import mnist
from showreel.pipeline.lineage import Lineage
from showreel.stages.degrade import degrade
from showreel.storage import prepared as storage
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import SPLITS, Field, Split

set_up_libraries()

ROOT = Path(__file__).parents[1]
SIGMA = 0.5
MNIST = (28, 28, 1)
BLOCK_BYTES = 1 << 20
OCTAVES = (2, 4, 8, 16)
CONTRAST = 0.6
TASK, FIELDS = "restoration", ("image",)
TRAINING = {"batch_size": 128, "learning_rate": 0.001, "precision": "auto", "deterministic": False}
"""What every training here has, but for what a measurement changes."""


def scratch() -> Path:
    """Make a folder that is gone with this process."""
    folder = Path(tempfile.mkdtemp(prefix="showreel-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def mnist_folder() -> Path | None:
    """Return where MNIST's files are, if they are anywhere that the project looks."""
    mirror = os.environ.get("SHOWREEL_MIRROR", "").split(",")[0]
    places = [ROOT / "data/raw/mnist", *(Path(mirror) / end for end in ("", "mnist") if mirror)]
    places.append(ROOT.parent / "shared/data/mnist")
    return next((place for place in places if all((place / file.name).exists() for file in mnist.FILES)), None)


def lineage(folder: Path) -> Lineage:
    return Lineage.begin("bench", record=folder / "record.json", code=(), inputs=(), params={})


def train(folder: Path, *, options: dict[str, Any], seed: int = 20, **training: Any) -> Path:
    """Run the stage on a folder's `noisy.h5` and `clean.h5`, and return its table of seconds.

    Args:
        folder: where the files are, and where what the stage writes goes.
        options: the U-Net's.
        seed: of the training.
        **training: the number of epochs, and what differs from `TRAINING`.
    """
    from showreel.stages.train import Paths, train

    files = Paths(
        input=folder / "noisy.h5", dataset=folder / "clean.h5", parent=None, model=folder / "m.keras",
        reel=folder / "m.reel.h5", history=folder / "h.csv", timing=folder / "timing.csv", checkpoint=folder / "c.npz",
    )  # fmt: skip
    training = TRAINING | training
    train("bench", files, task=TASK, model="unet", options=options, seed=seed, training=training,
          lineage=lineage(folder))  # fmt: skip
    return files.timing


@functools.cache
def prepared(shape: tuple[int, int, int], counts: tuple[int, int, int]) -> tuple[Path, Path, str]:
    """Make a file of noisy inputs and one of clean targets; return them and what they hold, in words.

    Args:
        shape: (28, 28, 1) is MNIST, where it is at hand and has as many; otherwise images are made up.
        counts: images of the three splits.
    """
    folder = scratch()
    clean, noisy, place = folder / "clean.h5", folder / "noisy.h5", mnist_folder()
    real = shape == MNIST and place is not None and counts[0] <= 55_000
    source = place if real else None
    splits = (
        (split, [{"image": images(source, split, count, shape)}]) for split, count in zip(SPLITS, counts, strict=True)
    )
    write(clean, splits)
    add_noise(clean, noisy)
    return noisy, clean, "MNIST" if real else f"made-up images of {'×'.join(map(str, shape))}"


def images(place: Path | None, split: Split, count: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Return uint8 images (count, *shape): the first of MNIST's split, or made-up ones.

    Those are sums of random grids of 2, 4, 8 and 16 points a side, interpolated: every octave varies as much as any
    other, as in photographs.
    """
    if place is not None:
        return np.concatenate([np.asarray(block["image"]) for block in mnist.read(place, split)])[:count]
    generator = np.random.default_rng(SPLITS.index(split))
    values = np.full((count, *shape), 0.5, np.float32)
    for points in OCTAVES:
        grids = generator.random((count, points, points, shape[2]), np.float32) - 0.5
        rows, columns = (_interpolation(points, side) for side in shape[:2])
        values += CONTRAST * np.einsum("yi,xj,nijc->nyxc", rows, columns, grids, optimize=True)
    return np.rint(values.clip(0, 1) * 255).astype(np.uint8)


def _interpolation(points: int, side: int) -> np.ndarray:
    """Return the float32 matrix (side, points) that puts values between equally distant ones on a line."""
    places = np.linspace(0, points - 1, side)
    return np.stack([np.interp(places, range(points), row) for row in np.eye(points)], axis=1).astype(np.float32)


def write_random(path: Path, counts: tuple[int, int, int], shape: tuple[int, int, int]) -> None:
    """Write a prepared file of random images in blocks, as a reader of a data set hands them over.

    Args:
        path: the file.
        counts: images of the three splits.
        shape: of an image.
    """
    splits = ((split, _random(count, shape)) for split, count in zip(SPLITS, counts, strict=True))
    write(path, splits)


def write(path: Path, splits: Iterable[tuple[Split, Iterable[dict[str, NDArray[np.uint8]]]]]) -> None:
    """Write a prepared file of images alone."""
    storage.write(path, splits, {"image": Field("image")}, {"dataset": "bench"})


def add_noise(clean: Path, noisy: Path) -> None:
    """Run the stage that makes noisy inputs."""
    degrade("bench", "noisy", clean, noisy, seed=20, options={"sigma": SIGMA}, lineage=lineage(noisy.parent))


def _random(count: int, shape: tuple[int, int, int]) -> Iterator[dict[str, NDArray[np.uint8]]]:
    generator = np.random.default_rng(0)
    rows = max(1, BLOCK_BYTES // int(np.prod(shape)))
    for start in range(0, count, rows):
        yield {"image": generator.integers(0, 256, (min(rows, count - start), *shape), np.uint8)}


def examples(noisy: Path, clean: Path, split: Split) -> ExampleSplit:
    """Return a split of noisy images and of the clean ones that belong to them."""
    return ExampleSplit.of(noisy, clean, split, FIELDS, FIELDS)


def arrays(noisy: Path, clean: Path, split: Split) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return noisy and clean images, uint8 (n, h, w, c) each."""
    inputs, targets = examples(noisy, clean, split).read()
    return np.asarray(inputs["image"]), np.asarray(targets["image"])


def rate(amount: float, work: Callable[[], object]) -> float:
    """Do some work once, and return its amount a second."""
    start = time.perf_counter()
    work()
    return amount / (time.perf_counter() - start)
