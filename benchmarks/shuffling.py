"""Does streaming learn as well as a full shuffle? PSNR of both on the validation split, with some seeds.

    python benchmarks/shuffling.py

MNIST sorted by class, so that the images of a chunk are all of one, in three windows, the fewest that streaming knows.
Of the 127 others in its batch, an image meets 0.2 of its own chunk: as where a file is just above
`feeding.MEMORY_BYTES`, which is the most that happens. Once more with fifty times as many.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import material
import numpy as np
import pandas as pd
from tqdm import tqdm
from training import BATCH, OPTIONS, RATE

from showreel.datasets import mnist
from showreel.stages.degrade import degrade
from showreel.stages.train import Recipe
from showreel.storage import prepared
from showreel.storage.fields import SPLITS, Block
from showreel.training import feeding

COUNTS = dict(zip(SPLITS, (12_800, 2_000, 8), strict=True))
EPOCHS, SEEDS = 5, (1, 2, 3)
IMAGE_BYTES = 28 * 28
WINDOW_BYTES = -(-COUNTS["train"] // BATCH // 3) * BATCH * 2 * IMAGE_BYTES
CHUNKS = {"full shuffle": 7, "streamed": 7, "streamed, chunks fifty times as large": 350}
"""Way → images of a chunk; the first way keeps the file in memory."""


def main() -> None:
    """Print a line a way, with a PSNR a seed."""
    for way, rows in CHUNKS.items():
        with ExitStack() as patched:
            patched.enter_context(patch.object(prepared, "CHUNK_BYTES", rows * IMAGE_BYTES))
            if way != "full shuffle":
                patched.enter_context(patch.multiple(feeding, MEMORY_BYTES=0, WINDOW_BYTES=WINDOW_BYTES))
            folder = _sorted()
            scores = [_reached(folder, seed) for seed in tqdm(SEEDS, desc=way, disable=None)]
        print(f"{way}: {', '.join(f'{score:.2f}' for score in scores)}, mean {np.mean(scores):.2f} dB", flush=True)


def _sorted() -> Path:
    """Write prepared files of noisy and clean images, in the order of their classes; return their folder."""
    folder, place = material.scratch(), material.mnist_folder()
    if place is None:
        raise SystemExit("MNIST is not here: `showreel download mnist` brings it")
    clean, noisy = folder / "clean.h5", folder / "noisy.h5"
    prepared.write_prepared(clean, ((split, _blocks(place, split)) for split in SPLITS), {"dataset": "bench"})
    degrade("noisy", clean, noisy, seed=20, options={"sigma": material.SIGMA}, lineage=material.lineage(folder))
    return folder


def _blocks(place: Path, split: str) -> Iterator[Block]:
    images, labels = (np.concatenate(parts)[: COUNTS[split]] for parts in zip(*mnist.read(place, split), strict=True))
    order = np.argsort(labels, kind="stable")
    yield Block(images[order], labels[order])


def _reached(folder: Path, seed: int) -> float:
    """Train, and return the PSNR on the validation split after the last epoch in dB."""
    material.train(folder, Recipe("unet", OPTIONS, seed, EPOCHS, BATCH, RATE, "auto", deterministic=False))
    return float(pd.read_csv(folder / "h.csv")["validation_psnr"].iloc[-1])


if __name__ == "__main__":
    main()
