"""What deterministic training costs: images a second with and without it, in turn, each in a process of its own.

    python benchmarks/determinism.py [ROUNDS]

Noisy images of MNIST's size, the U-Net of params.yaml, bfloat16 where the machine is fast with it. The first epoch of
each training, which compiles the network, does not count.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import material
import pandas as pd

COUNTS = (12_800, 128, 128)
EPOCHS = 3


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("clean.h5", "noisy.h5"):
            material.write_random(folder / file, COUNTS, material.MNIST)
        ratios = []
        for number in range(rounds):
            plain, deterministic = (speed(folder, mode) for mode in ("plain", "deterministic"))
            ratios.append(deterministic / plain)
            print(f"round {number + 1}: {plain:,.0f} and, deterministic, {deterministic:,.0f} images/s")
    print(f"deterministic ÷ plain: median {statistics.median(ratios):.3f}, {min(ratios):.3f} … {max(ratios):.3f}")


def speed(folder: Path, mode: str) -> float:
    """Train in another process, since the mode cannot be left again, and return images a second."""
    subprocess.run([sys.executable, __file__, "train", str(folder), mode], check=True, stderr=subprocess.DEVNULL)
    return float(pd.read_csv(folder / "timing.csv")["examples_per_second"][1:].median())


def train_once(folder: Path, mode: str) -> None:
    options = {"depth": 2, "filters": 16}
    material.train(folder, options=options, epochs=EPOCHS, deterministic=mode == "deterministic")


if __name__ == "__main__":
    train_once(Path(sys.argv[2]), sys.argv[3]) if sys.argv[1:2] == ["train"] else main()
