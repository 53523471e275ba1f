"""Both halves of a batch at once: how a network uses two cores best.

TensorFlow gives all threads to one operation, and those that are done wait for the last one, operation by operation.
Where each half of the batch has a core of its own, none waits (docs/explanation/performance.md).
"""

import contextlib
import os

import keras
import tensorflow as tf

from showreel.training import device

THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""The variables by which TensorFlow's users choose their threads."""


class Halved(keras.Model):  # type: ignore[misc]
    """A network that trains and predicts in halves of a batch; `halve` makes one.

    Its gradient is that of the whole batch: it learns the same but for rounding, unless a layer draws random numbers or
    looks at several images, which are then those of a half. It is compiled with a loss and no metrics.
    """

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Take one step of the optimizer, on images and targets; return the mean loss so far."""
        halves = _halves(*data)
        count = sum(tf.shape(images)[0] for images, _ in halves)
        losses, gradients = [], []
        for images, targets in halves:
            with tf.GradientTape() as tape:
                loss = self.compute_loss(images, targets, self(images, training=True), training=True)
                loss *= tf.cast(tf.shape(images)[0] / count, loss.dtype)
            losses.append(loss)
            gradients.append(tape.gradient(loss, self.trainable_variables))
        self.optimizer.apply([tf.add(*pair) for pair in zip(*gradients, strict=True)], self.trainable_variables)
        mean = self.metrics[0]
        mean.update_state(tf.add_n(losses), sample_weight=tf.shape(data[0])[0])
        return {mean.name: mean.result()}

    def predict_step(self, images: tf.Tensor) -> tf.Tensor:
        """Return what becomes of images."""
        predictions = [self(half, training=False) for (half,) in _halves(images)]
        return tf.concat(predictions, axis=0)[: tf.shape(images)[0]]


def halve(network: keras.Model) -> Halved:
    """Return a network of the same layers that trains and predicts in halves."""
    return Halved(network.input, network.output, name=network.name)


def one_core_each() -> bool:
    """Let TensorFlow run two operations at a time, each on one of the two cores; tell whether it does.

    It does not on a GPU, on more cores or one (what would be best there was not measured), if the environment says how
    many threads to use, and once it computes with others.
    """
    if device.gpus() or len(os.sched_getaffinity(0)) != 2 or not os.environ.keys().isdisjoint(THREADS):
        return False
    threading = tf.config.threading
    with contextlib.suppress(RuntimeError):
        threading.set_inter_op_parallelism_threads(2)
        threading.set_intra_op_parallelism_threads(1)
    return (threading.get_inter_op_parallelism_threads(), threading.get_intra_op_parallelism_threads()) == (2, 1)


def _halves(*arrays: tf.Tensor) -> list[tuple[tf.Tensor, ...]]:
    """Cut each array's images in two; a single one is in both halves, since operations fail on none."""
    middle = tf.shape(arrays[0])[0] // 2
    return [tuple(array[: tf.maximum(middle, 1)] for array in arrays), tuple(array[middle:] for array in arrays)]
