"""How long tf.data's tuner holds up the end of a pass: predictions as Keras makes them, and ours, in turn.

    python benchmarks/waiting.py [ROUNDS]

Keras's passes end either when they are done or when the tuner's thread wakes, after 10 + 20 + 40 + … milliseconds.
"""

import sys
import time
from functools import partial

import material
import numpy as np
import training

from showreel.models import unet
from showreel.training import device
from showreel.training.prediction import BATCH, predict

COUNT = 10_000


def main(rounds: int) -> None:
    """Print the seconds of each round, and of each way its median and its mean."""
    device.set_arithmetic("auto", deterministic=False)
    network = unet.build(material.MNIST, material.MNIST, **training.OPTIONS)
    images = np.random.default_rng(0).integers(0, 256, (COUNT, *material.MNIST), np.uint8)
    ways = {
        "Keras": partial(network.predict, images, batch_size=BATCH, verbose=0),
        "ours": partial(predict, network, images),
    }
    assert (ways["Keras"]() == ways["ours"]()).all()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
        print(number, *(f"{name} {each[-1]:.2f} s" for name, each in seconds.items()), flush=True)
    for name, each in seconds.items():
        print(f"{name}: median {np.median(each):.2f} s, mean {np.mean(each):.2f} s, most {max(each):.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
