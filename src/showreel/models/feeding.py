"""Images into a network: shuffled batches to train on, and predictions in order."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

PREDICTION_BATCH = 1024


class Pairs(NamedTuple):
    """One split's inputs and targets: uint8 (n, h', w', c) and uint8 (n, h, w, c)."""

    degraded: NDArray[np.uint8]
    target: NDArray[np.uint8]


class Feed:
    """Batches of one split, in an order that is drawn anew for every epoch.

    The images stay uint8 on the host; each batch is gathered and its targets scaled to [0, 1] inside TensorFlow.
    """

    def __init__(self, pairs: Pairs, batch_size: int) -> None:
        with tf.device("CPU"):
            self._degraded, self._target = tf.constant(pairs.degraded), tf.constant(pairs.target)
        self._batch_size = batch_size

    def batches(self, generator: np.random.Generator) -> tf.data.Dataset:
        """Return all pairs once: uint8 (b, h', w', c), float32 (b, h, w, c) in [0, 1]; the last batch may be short."""
        order = generator.permutation(len(self._target))
        batches = tf.data.Dataset.from_tensor_slices(order).batch(self._batch_size)
        return batches.map(self._gathered, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)

    def _gathered(self, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        target = tf.gather(self._target, indices)
        return tf.gather(self._degraded, indices), tf.cast(target, tf.float32) / 255


def predict(
    network: keras.Model, degraded: NDArray[np.uint8], on_batch: Callable[..., object] | None = None
) -> NDArray[np.float32]:
    """Return the network's float32 output in [0, 1] for uint8 images, in their order."""
    callbacks = [keras.callbacks.LambdaCallback(on_predict_batch_end=on_batch)] if on_batch else []
    return np.asarray(network.predict(degraded, batch_size=PREDICTION_BATCH, verbose=0, callbacks=callbacks))
