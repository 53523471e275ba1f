"""What the convolutions take of a training step, for us and for PyTorch: both call oneDNN, which tells.

    python benchmarks/kernels.py

Each trains in a process of its own, one operation after the other, so that no two kernels share the cores; the lines
that oneDNN writes for each kernel (ONEDNN_VERBOSE) are summed over the second pass. Needs the group `peers`.
"""

import collections
import os
import subprocess
import sys
from pathlib import Path

import material
import training
from harness import OURS

SHAPES = ((28, 28, 1), (32, 32, 3))
COUNTS = (2_560, 8, 8)
BEGINNINGS = {OURS: training.ours, "PyTorch": training.torch}
SETTINGS = {"ONEDNN_VERBOSE": "1", "TF_NUM_INTEROP_THREADS": "1"}
SECOND = "the second pass begins"
WORK = ("forward_training", "backward_data", "backward_weights")


def main() -> None:
    """Print a table: a row a library and size of the images."""
    print("| images | | ms a step | of them convolutions | forward | towards inputs | towards weights | the rest |")
    print("| --- " * 8 + "|")
    for shape in SHAPES:
        noisy, clean, data = material.prepared(shape, COUNTS)
        for name in BEGINNINGS:
            command = [sys.executable, __file__, name, str(noisy), str(clean)]
            told = subprocess.run(command, env=os.environ | SETTINGS, check=True, capture_output=True, text=True).stdout
            rate, spent = _account(told.partition(SECOND)[2].splitlines())
            step, all_of_it = 1000 * training.BATCH / rate, sum(spent.values())
            parts = (step, all_of_it, *(spent[kind] for kind in WORK), step - all_of_it)
            print(f"| {data} | {name} | {' | '.join(f'{part:.1f}' for part in parts)} |", flush=True)


def _account(lines: list[str]) -> tuple[float, dict[str, float]]:
    """Return images a second, and milliseconds a step of each kind of convolution."""
    spent: dict[str, float] = collections.defaultdict(float)
    for line in lines:
        fields = line.split(",")
        if fields[0] == "onednn_verbose" and "exec" in fields and "convolution" in fields:
            kind = next(field for field in fields if field.startswith(("forward", "backward")))
            spent[kind] += float(fields[-1]) * training.BATCH / COUNTS[0]
    return float(lines[-1]), spent


def _train(name: str, noisy: Path, clean: Path) -> None:
    """Train for two passes, and end with the images a second of the second one."""
    epoch = BEGINNINGS[name](noisy, clean, 2, noisy.with_name("scores.json"))
    epoch()
    print(SECOND, flush=True)
    rate = epoch()
    sys.stdout.flush()
    print(f"\n{rate}", flush=True)


if __name__ == "__main__":
    _train(sys.argv[1], *map(Path, sys.argv[2:])) if len(sys.argv) > 1 else main()
