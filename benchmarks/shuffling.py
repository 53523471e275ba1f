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
from numpy.typing import NDArray
from tqdm import tqdm
from training import BATCH, OPTIONS

from showreel.datasets import mnist
from showreel.storage import prepared
from showreel.storage.fields import SPLITS, Split
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
    material.write(clean, ((split, _blocks(place, split)) for split in SPLITS))
    material.add_noise(clean, noisy)
    return folder


def _blocks(place: Path, split: Split) -> Iterator[dict[str, NDArray[np.uint8]]]:
    blocks = list(mnist.read(place, split))
    images, labels = (np.concatenate([block[field] for block in blocks])[: COUNTS[split]] for field in mnist.FIELDS)
    yield {"image": images[np.argsort(labels, kind="stable")]}


def _reached(folder: Path, seed: int) -> float:
    """Train, and return the PSNR on the validation split after the last epoch in dB."""
    material.train(folder, options=OPTIONS, seed=seed, epochs=EPOCHS)
    return float(pd.read_csv(folder / "h.csv")["validation_score"].iloc[-1])


if __name__ == "__main__":
    main()
