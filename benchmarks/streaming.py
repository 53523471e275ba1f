"""Does a training on more images than memory stay within it? Peak memory and images a second, kept and streamed.

    python benchmarks/streaming.py [GIGABYTES …]

Made-up colour images of 64×64 pixels, inputs and targets together as large as asked for (0.5, 3 and 12 GB, which takes
as much on the disk and ten minutes); one epoch of the smallest network that there is, so that feeding it is most of the
work.
"""

import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import harness
import material
import numpy as np

from showreel.training import feeding

SHAPE = (64, 64, 3)
OTHERS = 256
OPTIONS = {"depth": 0, "filters": 1}


def main(sizes: list[float]) -> None:
    """Print a line a size."""
    for gigabytes in sizes:
        with tempfile.TemporaryDirectory(prefix="showreel-bench-") as name:
            count = int(gigabytes * 1e9 / (2 * np.prod(SHAPE)))
            for file in ("clean.h5", "noisy.h5"):
                material.write_random(Path(name) / file, (count, OTHERS, OTHERS), SHAPE)
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                seconds, megabytes = pool.submit(_train, Path(name)).result()
        way = "kept" if count * 2 * np.prod(SHAPE) <= feeding.MEMORY_BYTES else "streamed"
        print(f"{gigabytes:g} GB, {way}: {count / seconds:,.0f} images/s, peak {megabytes:,.0f} MB", flush=True)


def _train(folder: Path) -> tuple[float, float]:
    """Train in this process for one epoch; return its seconds and the peak memory in MB."""
    import pandas as pd

    timing = material.train(folder, options=OPTIONS, seed=1, epochs=1)
    seconds = float(pd.read_csv(timing)["seconds"].sum())
    return seconds, harness.peak_megabytes()


if __name__ == "__main__":
    main([float(size) for size in sys.argv[1:]] or [0.5, 3, 12])
