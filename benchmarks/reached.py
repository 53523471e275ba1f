"""The PSNR that whole trainings reach: the U-Net of `training.py` on all of MNIST, for the epochs of params.yaml.

    python benchmarks/reached.py [LIBRARY …]

Without names all of `training.BEGINNINGS` take turns, an epoch each: more than half an hour on two cores.
"""

import json
import statistics
import sys
from functools import partial

import harness
import material
import training

from showreel import layout, params

COUNTS = (55_000, 5_000, 10_000)


def main(names: list[str]) -> None:
    """Print what each library reaches on the test split after its last epoch, and the seconds of its epochs."""
    epochs = params.load(material.ROOT / layout.PARAMS).training.epochs
    noisy, clean, data = material.prepared(material.MNIST, COUNTS)
    scores = {name: noisy.with_name(f"{name}.json") for name in names}
    begun = {name: partial(training.BEGINNINGS[name], noisy, clean, epochs, scores[name]) for name in names}
    rates = harness.apart(begun, epochs, title=f"train on {data}", warm=0)
    for name, path in scores.items():
        seconds = COUNTS[0] / statistics.median(rates[name])
        print(f"{name}: {json.loads(path.read_text())['psnr']:.2f} dB after {epochs} epochs of {seconds:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:] or list(training.BEGINNINGS))
