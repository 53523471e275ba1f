"""Shuffled batches to train on, all of one size: of images that stay in memory, or of as many as the disk holds.

TensorFlow compiles a network for one size of batches, and fuses more of it where it knows the size. So what an epoch's
last batch lacks is filled up with other images of that epoch, or of its last window, which come again.

What is larger than `MEMORY_BYTES` is streamed. Every epoch deals the runs of rows that the file keeps together (its
chunks) out at random to equal windows of at most `WINDOW_BYTES`, reads one window ahead of the training, and draws
batches from all over the window. Every image can meet every other one in a batch; only that the rows of one run share a
window tells the order from a full shuffle. Of b images of a batch, an image finds on average less than b · run / window
of its own run: with 128 images a batch and 256 KiB of inputs and as much of targets a run, 1 in 5 just above
`MEMORY_BYTES`, where a third of the file is a window, and 1 in 8 in large files. By that share the variance of a
batch's mean can grow at worst, in a file whose runs are each of one kind.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from showreel.storage import prepared
from showreel.storage.examples import PairedSplit
from showreel.training.batching import untuned

MEMORY_BYTES = 1 << 30
"""Inputs and targets up to this size are kept in memory and shuffled as a whole."""

WINDOW_BYTES = 1 << 29
"""Inputs and targets that are shuffled together where there are more; two such windows are in memory."""


AT_ONCE = 2
"""Batches that are made side by side; more are no faster."""


class Feed:
    """Batches of one split, in an order that is drawn anew for every epoch.

    The images stay uint8 on the host; the targets of each batch are scaled to [0, 1] inside TensorFlow.

    Attributes:
        steps: the batches of one epoch.
    """

    def __init__(self, source: PairedSplit, batch_size: int, *, devices: int = 1) -> None:
        """Look a split up, and keep it in memory if it is small.

        Args:
            source: the split.
            batch_size: images of a batch; a smaller split is one batch.
            devices: how many share each batch evenly.
        """
        self._source, self._batch_size = source, min(batch_size, -(-source.count // devices) * devices)
        self.steps = -(-source.count // self._batch_size)
        self._kept: tuple[tf.Tensor, tf.Tensor] | None = None
        if source.count * source.image_bytes <= MEMORY_BYTES:
            pairs = source.read()
            with tf.device("CPU"):
                self._kept = tf.constant(pairs.degraded), tf.constant(pairs.target)

    def batches(self, generator: np.random.Generator) -> tf.data.Dataset:
        """Return the pairs of one epoch, each at least once: uint8 (b, h', w', c), float32 (b, h, w, c) in [0, 1]."""
        if self._kept:
            order = generator.permutation(self._source.count)
            with tf.device("CPU"):
                batches = _gathered(*self._kept, tf.constant(self._filled(order)))
        else:
            batches = self._windows(generator).prefetch(1).flat_map(_gathered)
        counted = batches.apply(tf.data.experimental.assert_cardinality(self.steps))
        return untuned(counted.prefetch(2))

    def _filled(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        """Cut an order into batches, (steps, b); the last one goes on with the order's beginning."""
        return np.resize(order, (-(-len(order) // self._batch_size), self._batch_size))

    def _windows(self, generator: np.random.Generator) -> tf.data.Dataset:
        """Return what is shuffled together: inputs and targets as the file has them, and their places in batches."""
        source, size = self._source, self._batch_size
        most = max(1, WINDOW_BYTES // source.image_bytes // size)
        number = -(-source.count // (most * size))
        run = prepared.chunk_rows(source.output_shape)
        windows = dealt(source.count, run=run, batch=size, windows=number, generator=generator)

        def read() -> Iterator[tuple[NDArray[np.generic], ...]]:
            for rows in windows:
                yield *source.read_runs(_runs(rows)), self._filled(np.argsort(np.argsort(rows)))

        images = (tf.TensorSpec((None, *shape), tf.uint8) for shape in (source.input_shape, source.output_shape))
        return tf.data.Dataset.from_generator(read, output_signature=(*images, tf.TensorSpec((None, size), tf.int64)))


def _gathered(degraded: tf.Tensor, target: tf.Tensor, order: tf.Tensor) -> tf.data.Dataset:
    """Return batches of images in an order, int64 (steps, b)."""

    def batch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rows = order[step]
        return tf.gather(degraded, rows), tf.cast(tf.gather(target, rows), tf.float32) / 255

    return tf.data.Dataset.range(tf.shape(order, tf.int64)[0]).map(batch, AT_ONCE, deterministic=True)


def dealt(count: int, *, run: int, batch: int, windows: int, generator: np.random.Generator) -> list[NDArray[np.int64]]:
    """Deal rows out to windows, run by run, and shuffle each window.

    Args:
        count: rows there are.
        run: consecutive rows that are dealt together; the last run may be shorter, and one at a window's end is cut.
        batch: rows of a batch; a window has whole batches, but for the last one's last.
        windows: how many there are, at most one a batch; they differ by one batch at most.
        generator: draws the order.

    Returns:
        The windows' rows, int64, in the order in which they come; all rows once.
    """
    starts = generator.permutation(np.arange(0, count, run))
    order = np.concatenate([np.arange(start, min(start + run, count)) for start in starts])
    steps = -(-count // batch)
    ends = [steps * number // windows * batch for number in range(windows + 1)]
    return [generator.permutation(order[start:end]) for start, end in pairwise(ends)]


def _runs(rows: NDArray[np.int64]) -> list[slice]:
    """Return the runs of consecutive rows among some rows."""
    ordered = np.sort(rows)
    ends = [0, *(np.flatnonzero(np.diff(ordered) != 1) + 1), len(ordered)]
    return [slice(int(ordered[start]), int(ordered[end - 1]) + 1) for start, end in pairwise(ends)]
