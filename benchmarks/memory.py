"""Does the memory of `prepare` and `degrade` grow with the data set? The peak of each at 1, 4 and 16 times the images.

Run: python benchmarks/memory.py [IMAGES]    (30,000 training images of 28×28 by default; two minutes)
"""

import gzip
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from showreel.datasets import idx

PARAMS = """\
seed: 20
datasets: {mnist: {source: mnist}}
degradations: {noisy: {sigma: 0.5}, downscaled: {factor: 2, sigma: 0.05}}
models: {unet: {depth: 2, filters: 16}}
training: {epochs: 1, batch_size: 128, learning_rate: 0.001, precision: auto}
experiments: {}
"""
COMMANDS = (("prepare", "mnist"), ("degrade", "mnist", "noisy"), ("degrade", "mnist", "downscaled"))


def main(images: int) -> None:
    """Print one line a command: megabytes of peak resident memory at each size."""
    growths = (1, 4, 16)
    print(f"{'MB of peak memory at':24}", *(f"{images * growth:>10,}" for growth in growths), "  images of 28×28")
    peaks = [_peaks(images * growth) for growth in growths]
    for index, command in enumerate(COMMANDS):
        print(f"{' '.join(command):24}", *(f"{column[index]:>10.0f}" for column in peaks))


def _peaks(images: int) -> list[float]:
    """Make a data set in MNIST's format and run the commands on it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "params.yaml").write_text(PARAMS)
        raw = folder / "data/raw/mnist"
        raw.mkdir(parents=True)
        for images_name, labels_name, count in ((idx.NAMES[0], idx.NAMES[1], images), (*idx.NAMES[2:], images // 6)):
            _write(raw / images_name, (count, 28, 28))
            _write(raw / labels_name, (count,))
        return [_peak(folder, command) for command in COMMANDS]


def _write(path: Path, shape: tuple[int, ...]) -> None:
    """Write an IDX file of small random numbers, in blocks."""
    generator = np.random.default_rng(0)
    header = np.array([0x800 + len(shape), *shape], ">u4").tobytes()
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header)
        for start in range(0, shape[0], 10_000):
            file.write(generator.integers(0, 10, (min(10_000, shape[0] - start), *shape[1:]), np.uint8).tobytes())


def _peak(folder: Path, command: tuple[str, ...]) -> float:
    """Run a command and return the most memory that it held, in MB."""
    process = subprocess.Popen([Path(sys.executable).parent / "showreel", *command], cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"showreel {' '.join(command)} failed")
    return _megabytes(usage)


def _megabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000)
