"""Where a training step's time goes: a line a layer, with its share of this machine's matrix rate.

    python benchmarks/layers.py [bfloat16|float32]

TensorFlow's profiler watches 20 steps of the U-Net of params.yaml on images of MNIST's size, 128 a batch. Seconds are
those of the operations, summed over those that run side by side, but for the halves of a batch, of which each has a
core: their mean counts. What no convolution does (activations, sums, the optimizer) has a line of its own. The matrix
rate is that of products of 2048×2048 matrices on all cores, two at once if batches are halved.
"""

import collections
import re
import sys
import tempfile
import time
from pathlib import Path

from showreel.__main__ import set_up_libraries

set_up_libraries()

# ruff: noqa: E402
import keras
import numpy as np
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from showreel.models import unet
from showreel.tasks.restoration import learning
from showreel.training import device, halves
from showreel.training.batching import untuned

SHAPE, OPTIONS, BATCH, STEPS = (28, 28, 1), {"depth": 2, "filters": 16}, 128, 20
EPOCHS = 5
SIDE, REPEATS = 2048, 20
NAMED = re.compile(r"StatefulPartitionedCall/(gradient_tape/)?unet(?:_\d+)?/(\w+?)(?:_1)?/(.*):(\w+)$")


def main(precision: device.Precision) -> None:
    """Print the table."""
    policy = device.set_arithmetic(precision, deterministic=False)
    halved = halves.one_core_each()
    at_once = 2 if halved else 1
    network = unet.build(SHAPE, SHAPE, **OPTIONS)
    if halved:
        network = halves.halve(network)
    network.compile(keras.optimizers.Adam(0.001), learning.LOSS)
    rate = _matrix_rate(tf.bfloat16 if policy == "mixed_bfloat16" else tf.float32, at_once)
    images = np.random.default_rng(0).integers(0, 256, (BATCH * STEPS, *SHAPE), np.uint8)
    pairs = tf.data.Dataset.from_tensor_slices((images, np.float32(images / 255)))
    batches = untuned(pairs.batch(BATCH, drop_remainder=True).cache().prefetch(2))
    network.fit(batches, verbose=0)
    start = time.perf_counter()
    network.fit(batches, epochs=EPOCHS, verbose=0)
    seconds = (time.perf_counter() - start) / EPOCHS
    times, work = _traced(network, batches, at_once), _operations(network)
    total = sum(work.values()) * BATCH * STEPS
    print(f"{policy}: {BATCH * STEPS / seconds:,.0f} images/s, {total / seconds / 1e9:.0f} GFLOP/s of convolutions, ")
    print(f"{total / seconds / rate:.0%} of {rate / 1e9:.0f} GFLOP/s that products of matrices reach\n")
    print("| layer | GFLOP | ms forward | ms backward | share of all | of the matrix rate |")
    print("| --- | --- | --- | --- | --- | --- |")
    everything = sum(sum(pair) for pair in times.values())
    for layer, (forward, backward) in sorted(times.items(), key=lambda item: -sum(item[1])):
        flops = work.get(layer, 0) * BATCH * STEPS
        share = f"{flops / (forward + backward) / rate:.0%}" if flops else ""
        print(
            f"| {layer} | {flops / 1e9 / STEPS:.2f} | {1000 * forward / STEPS:.2f} | {1000 * backward / STEPS:.2f} "
            f"| {(forward + backward) / everything:.1%} | {share} |"
        )


def _matrix_rate(dtype: tf.DType, at_once: int) -> float:
    """Return floating-point operations a second of matrix products, so many side by side: the best of some rounds."""
    factors = [[tf.cast(tf.random.normal((SIDE, SIDE)), dtype) for _ in range(2)] for _ in range(at_once)]
    products = tf.function(lambda: [tf.matmul(left, right) for left, right in factors])
    products()
    best = 0.0
    for _ in range(REPEATS):
        start = time.perf_counter()
        keras.tree.map_structure(np.asarray, products())
        best = max(best, at_once * 2 * SIDE**3 / (time.perf_counter() - start))
    return best


def _operations(network: keras.Model) -> dict[str, float]:
    """Return the floating-point operations of each convolution on one image, forward and twice as many backward."""
    found = {}
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            forward = 2 * np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:3])
            found[layer.name] = float(forward * (2 if layer.name == "stem" else 3))
    return found


def _traced(network: keras.Model, batches: tf.data.Dataset, at_once: int) -> dict[str, list[float]]:
    """Return each layer's seconds forward and backward; of what is no layer's, under the operation's name."""
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        network.fit(batches, verbose=0)
        tf.profiler.experimental.stop()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    times: dict[str, list[float]] = collections.defaultdict(lambda: [0.0, 0.0])
    convolutions = set(_operations(network))
    for plane in space.planes:
        for line in plane.lines if "CPU" in plane.name else ():
            for event in line.events:
                if found := NAMED.match(plane.event_metadata[event.metadata_id].name):
                    backward, layer, _, operation = found.groups()
                    if f"{layer}_second" in convolutions:  # TensorFlow fuses sum and ReLU into the convolution before
                        layer = f"{layer}_second"
                    name = layer if layer in convolutions and "Conv" in operation else f"all {operation}"
                    times[name][bool(backward)] += event.duration_ps / 1e12 / at_once
    return dict(times)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "bfloat16")  # type: ignore[arg-type]
