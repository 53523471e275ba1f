"""Both halves of a batch at once: how a network uses a processor's cores best.

TensorFlow gives an operation to all threads, and those that are done wait for the last one, operation by operation.
With half of the threads for each half of the batch, fewer wait for each other (docs/explanation/performance.md).
"""

import contextlib
import os

import keras
import tensorflow as tf

THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""The variables by which TensorFlow's users choose their threads."""


class Halved(keras.Model):  # type: ignore[misc]
    """A network of the same layers as another, `Halved(network.input, network.output)`, which it trains and predicts.

    The gradient is that of the whole batch, so that both learn the same but for rounding. The network has a loss and no
    other metric.
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
        (mean,) = self.metrics
        mean.update_state(tf.add_n(losses), sample_weight=tf.shape(data[0])[0])
        return {mean.name: mean.result()}

    def predict_step(self, images: tf.Tensor) -> tf.Tensor:
        """Return what becomes of images."""
        predictions = [self(half, training=False) for (half,) in _halves(images)]
        return tf.concat(predictions, axis=0)[: tf.shape(images)[0]]


def set_threads() -> None:
    """Let TensorFlow run two operations at a time, each on half of the cores.

    Not if the environment says how many threads it may use, nor once it computes: then it keeps what it has.
    """
    if os.environ.keys().isdisjoint(THREADS):
        with contextlib.suppress(RuntimeError):
            tf.config.threading.set_inter_op_parallelism_threads(2)
            tf.config.threading.set_intra_op_parallelism_threads(max(1, len(os.sched_getaffinity(0)) // 2))


def _halves(*arrays: tf.Tensor) -> list[tuple[tf.Tensor, ...]]:
    """Cut each array's images in two; an only one is in both halves, since operations fail without any."""
    middle = tf.shape(arrays[0])[0] // 2
    return [tuple(array[: tf.maximum(middle, 1)] for array in arrays), tuple(array[middle:] for array in arrays)]
