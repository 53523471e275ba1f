"""What measurements work on: MNIST where its files are at hand, and made-up images of CIFAR's shape.

Libraries that are imported after this module are set up as the command sets them up.
"""

import atexit
import functools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from showreel.__main__ import set_up_libraries
from showreel.datasets import mnist
from showreel.pipeline.lineage import Lineage
from showreel.stages.degrade import degrade
from showreel.storage import prepared as storage
from showreel.storage.examples import PairedSplit
from showreel.storage.fields import SPLITS, Block, Split

if TYPE_CHECKING:
    from showreel.stages.train import Recipe

set_up_libraries()

ROOT = Path(__file__).parents[1]
SIGMA = 0.5
MNIST = (28, 28, 1)
BLOCK_BYTES = 1 << 20
OCTAVES = (2, 4, 8, 16)
CONTRAST = 0.6


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
    return Lineage.begin("bench", record=folder / "record.json", modules=(), inputs=(), params={})


def train(folder: Path, recipe: "Recipe") -> Path:
    """Run the stage on a folder's `noisy.h5` and `clean.h5`, and return its table of seconds."""
    from showreel.stages.train import train

    names = {"model": "m.keras", "reel": "m.reel.h5", "history": "h.csv", "timing": "timing.csv", "kept": "c.npz"}
    paths = {name: folder / file for name, file in names.items()}
    files = {"degraded": folder / "noisy.h5", "clean": folder / "clean.h5"}
    train("bench", **files, **paths, recipe=recipe, lineage=lineage(folder))
    return paths["timing"]


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
    blocks = {
        split: Block(images(place if real else None, split, count, shape), np.zeros(count, np.int32))
        for split, count in zip(SPLITS, counts, strict=True)
    }
    storage.write_prepared(clean, ((split, [block]) for split, block in blocks.items()), {"dataset": "bench"})
    degrade("noisy", clean, noisy, seed=20, options={"sigma": SIGMA}, lineage=lineage(folder))
    return noisy, clean, "MNIST" if real else f"made-up images of {'×'.join(map(str, shape))}"


def images(place: Path | None, split: Split, count: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Return uint8 images (count, *shape): the first of MNIST's split, or made-up ones.

    Those are sums of random grids of 2, 4, 8 and 16 points a side, interpolated: every octave varies as much as any
    other, as in photographs.
    """
    if place is not None:
        return np.concatenate([block.images for block in mnist.read(place, split)])[:count]
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
    storage.write_prepared(path, splits, {"dataset": "bench"})


def _random(count: int, shape: tuple[int, int, int]) -> Iterator[Block]:
    generator = np.random.default_rng(0)
    rows = max(1, BLOCK_BYTES // int(np.prod(shape)))
    for start in range(0, count, rows):
        images = generator.integers(0, 256, (min(rows, count - start), *shape), np.uint8)
        yield Block(images, np.zeros(len(images), np.int32))


def pairs(shape: tuple[int, int, int], counts: tuple[int, int, int], split: Split) -> PairedSplit:
    return PairedSplit.of(*prepared(shape, counts)[:2], split)


def rate(amount: float, work: Callable[[], object]) -> float:
    """Do some work once, and return its amount a second."""
    start = time.perf_counter()
    work()
    return amount / (time.perf_counter() - start)
