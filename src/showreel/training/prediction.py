"""What a network makes of images, in their order."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from showreel.training.batching import untuned
from showreel.training.halves import Halved

BATCH = 1024
"""Images that go through the network at a time, unless they are large."""

BATCH_VALUES = 1 << 22
"""Values of the output that they have at most; of a single image there may be more."""


def predict(
    network: keras.Model, degraded: NDArray[np.uint8], on_batch: Callable[..., object] | None = None
) -> NDArray[np.float32]:
    """Return the network's float32 output in [0, 1] for uint8 images, one at least, in their order.

    A network on several devices or in halves is given a multiple of their number: one without an image would fail.
    """
    callbacks = [keras.callbacks.LambdaCallback(on_predict_batch_end=on_batch)] if on_batch else []
    shares = 2 if isinstance(network, Halved) else network.distribute_strategy.num_replicas_in_sync
    count = len(degraded)
    size = min(BATCH, max(1, BATCH_VALUES // int(np.prod(network.output_shape[1:]))))
    size = max(1, size // shares) * shares
    if count % shares:
        degraded = np.concatenate([degraded, np.repeat(degraded[-1:], -count % shares, axis=0)])
    restored = network.predict(_batches(degraded, size), verbose=0, callbacks=callbacks)
    return np.asarray(restored)[:count]


def _batches(images: NDArray[np.uint8], size: int) -> tf.data.Dataset:
    with tf.device("CPU"):
        kept = tf.constant(images)
    steps = tf.data.Dataset.range(-(-len(images) // size))
    return untuned(steps.map(lambda step: kept[step * size : (step + 1) * size]).prefetch(1))
