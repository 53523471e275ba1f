"""The PSNR that whole trainings reach: the U-Net of `training.py` on all of MNIST, for the epochs of params.yaml.

    python benchmarks/reached.py [LIBRARY …]

Without names all libraries of `training.py` take turns, an epoch each: three quarters of an hour on two cores.
"""

import argparse
import json
import statistics
from functools import partial

import harness
import material
import training

from showreel import layout, params

COUNTS = (55_000, 5_000, 10_000)


def main() -> None:
    """Print what each library reaches on the test split after its last epoch, and the seconds of its epochs."""
    known, _ = training.beginnings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="LIBRARY", choices=known, default=[*known])
    names = parser.parse_args().names
    epochs = params.load(material.ROOT / layout.PARAMS).training.epochs
    noisy, clean, data = material.prepared(material.MNIST, COUNTS)
    scores = {name: noisy.with_name(f"{name}.json") for name in names}
    begun = {name: partial(known[name], noisy, clean, epochs, scores[name]) for name in names}
    rates = harness.apart(begun, epochs, title=f"train on {data}", warm=0)
    for name, path in scores.items():
        psnr, seconds = json.loads(path.read_text())["psnr"], COUNTS[0] / statistics.median(rates[name])
        print(f"{name}, {data}: {psnr:.2f} dB after {epochs} epochs of {seconds:.1f} s")


if __name__ == "__main__":
    main()
