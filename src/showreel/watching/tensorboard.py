"""A training as TensorBoard's event files: curves, weight histograms, pictures, and the network's graph.

After a kill the files go on where they ended. What the run does not remember, the learning rate and the weights, is
then missing for the one epoch in which the kill came, unless it came after that epoch was logged.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from showreel.training.checkpoint import Run
from showreel.watching.strip import strip

if TYPE_CHECKING:
    from showreel.training.loop import Watcher

LAST = "loss"
"""The tag that is written last in each epoch: who has it, has the epoch."""


@contextmanager
def watching(folder: Path) -> Iterator["Watcher"]:
    """Yield a watcher that logs every epoch into a folder; files of another training in it are removed."""
    writer: Any = None
    logged = -1

    def watch(network: keras.Model, run: Run) -> None:
        nonlocal writer, logged
        if writer is None:
            logged = _logged(folder, run)
            writer = tf.summary.create_file_writer(str(folder))
        with writer.as_default():
            if logged < 0:
                tf.summary.graph(_graph(network))
            _log_state(network, len(run.history))
            for epoch in range(logged + 1, len(run.history) + 1):
                _log_epoch(run, epoch)
        writer.flush()
        logged = len(run.history)

    try:
        yield watch
    finally:
        if writer is not None:
            writer.close()


def _logged(folder: Path, run: Run) -> int:
    """Return the last epoch of this training that is in the folder; empty it and return -1 if it is another's."""
    losses = _losses(folder)
    if losses and np.array_equal(losses, np.array([row["loss"] for row in run.history[: len(losses)]], np.float32)):
        return len(losses)
    shutil.rmtree(folder, ignore_errors=True)
    return -1


def _losses(folder: Path) -> list[float]:
    if not folder.exists():
        return []
    events = EventAccumulator(str(folder), {"tensors": 0}).Reload()
    if LAST not in events.Tags()["tensors"]:
        return []
    return [float(tf.make_ndarray(event.tensor_proto)) for event in events.Tensors(LAST)]


def _graph(network: keras.Model) -> tf.Graph:
    """Trace the network, without running it."""
    inputs = tf.nest.map_structure(lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype), network.input)
    return tf.function(network).get_concrete_function(inputs).graph


def _log_state(network: keras.Model, epoch: int) -> None:
    """Log what only the network knows. A histogram needs 30 numbers of memory for each weight: none of the GPU's."""
    tf.summary.scalar("learning_rate", network.optimizer.learning_rate, epoch)
    with tf.device("CPU"):
        for variable in network.weights:
            tf.summary.histogram(variable.path, keras.ops.convert_to_numpy(variable), epoch)


def _log_epoch(run: Run, epoch: int) -> None:
    """Log what the run remembers of an epoch; before the first one, that is the outputs and their score."""
    if (pictures := strip(run.outputs[epoch])) is not None:
        tf.summary.image("predictions", pictures[np.newaxis], epoch)
    tf.summary.scalar("test_score", run.test_scores[epoch], epoch)
    if epoch:
        scores = run.history[epoch - 1] | run.timing[epoch - 1]
        for name in ("examples_per_second", "validation_score", "validation_loss", LAST):
            tf.summary.scalar(name, scores[name], epoch)
