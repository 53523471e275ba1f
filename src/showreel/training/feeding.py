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

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from showreel.storage.examples import ExampleSplit, Place
from showreel.storage.fields import Fields, Ragged, Rows
from showreel.storage.reel import LENGTHS
from showreel.training.batching import untuned

Tensors = dict[str, Any]
"""Field → a tensor of its rows, a ragged one where they differ in length."""
Batch = Callable[[Tensors, Tensors], tuple[Any, Any]]
"""What a task makes of a batch: see `Learning.batch` in tasks/contract.py."""

MEMORY_BYTES = 1 << 30
"""Inputs and targets up to this size are kept in memory and shuffled as a whole."""

WINDOW_BYTES = 1 << 29
"""Inputs and targets that are shuffled together where there are more; two such windows are in memory."""


AT_ONCE = 2
"""Batches that are made side by side; more are no faster."""


class Feed:
    """Batches of one split, in an order that is drawn anew for every epoch.

    The rows stay on the host as the files have them; what the task makes of a batch is computed inside TensorFlow.

    Attributes:
        steps: the batches of one epoch.
    """

    def __init__(self, source: ExampleSplit, batch: Batch, batch_size: int, *, devices: int = 1) -> None:
        """Look a split up, and keep it in memory if it is small.

        Args:
            source: the split.
            batch: what the task makes of the fields of a batch.
            batch_size: examples of a batch; a smaller split is one batch.
            devices: how many share each batch evenly.
        """
        self._source, self._batch = source, batch
        self._batch_size = min(batch_size, -(-source.count // devices) * devices)
        self.steps = -(-source.count // self._batch_size)
        self._memory: tuple[Tensors, Tensors] | None = None
        if source.count * source.row_bytes <= MEMORY_BYTES:
            examples = source.read()
            with tf.device("CPU"):
                self._memory = _tensors(examples.inputs), _tensors(examples.targets)

    def batches(self, generator: np.random.Generator) -> tf.data.Dataset:
        """Return the batches of one epoch, each example in one at least: what the network is given, and its targets."""
        if self._memory:
            order = generator.permutation(self._source.count)
            with tf.device("CPU"):
                batches = self._gathered(*self._memory, tf.constant(self._filled(order)))
        else:
            batches = self._windows(generator).prefetch(1).flat_map(self._gathered)
        counted = batches.apply(tf.data.experimental.assert_cardinality(self.steps))
        return untuned(counted.prefetch(2))

    def _filled(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        """Cut an order into batches, (steps, b); the last one goes on with the order's beginning."""
        return np.resize(order, (-(-len(order) // self._batch_size), self._batch_size))

    def _windows(self, generator: np.random.Generator) -> tf.data.Dataset:
        """Return what is shuffled together: inputs and targets as the files have them, and their places in batches."""
        source, size = self._source, self._batch_size
        most = max(1, WINDOW_BYTES // source.row_bytes // size)
        number = -(-source.count // (most * size))
        windows = dealt(source.count, run=source.run_rows, batch=size, windows=number, generator=generator)

        def read() -> Iterator[tuple[Any, ...]]:
            for rows in windows:
                inputs, targets = source.read_runs(_runs(rows))
                yield _values(inputs), _values(targets), self._filled(np.argsort(np.argsort(rows)))

        specs = (_specs(source.input_places), _specs(source.target_places))
        return tf.data.Dataset.from_generator(read, output_signature=(*specs, tf.TensorSpec((None, size), tf.int64)))

    def _gathered(self, inputs: Tensors, targets: Tensors, order: tf.Tensor) -> tf.data.Dataset:
        """Return batches of examples in an order, int64 (steps, b)."""

        def batch(step: tf.Tensor) -> tuple[Any, Any]:
            rows = order[step]
            return self._batch(_rows(inputs, rows), _rows(targets, rows))

        return tf.data.Dataset.range(tf.shape(order, tf.int64)[0]).map(batch, AT_ONCE, deterministic=True)


def _tensor(rows: Rows) -> Any:
    return (
        tf.RaggedTensor.from_row_lengths(rows.values, rows.lengths) if isinstance(rows, Ragged) else tf.constant(rows)
    )


def _tensors(fields: Fields) -> Tensors:
    return {name: _tensor(rows) for name, rows in fields.items()}


def _values(fields: Fields) -> Tensors:
    """Return what a generator hands to TensorFlow."""
    return {name: _tensor(rows) if isinstance(rows, Ragged) else rows for name, rows in fields.items()}


def _specs(places: Mapping[str, Place]) -> dict[str, Any]:
    """Describe the fields of a window."""
    return {
        name: tf.RaggedTensorSpec((None, None, *described.shape), described.dtype, 1)
        if described.field.ragged
        else tf.TensorSpec((None, *described.shape), described.dtype)
        for name, (_, described) in places.items()
    }


def _rows(fields: Tensors, rows: tf.Tensor) -> Tensors:
    """Pick rows of each field; those that differ in length are padded with zeros, and come with their lengths."""
    picked: Tensors = {}
    for name, values in fields.items():
        gathered = tf.gather(values, rows)
        if isinstance(values, tf.RaggedTensor):
            picked[name + LENGTHS] = gathered.row_lengths()
            gathered = gathered.to_tensor()
        picked[name] = gathered
    return picked


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
