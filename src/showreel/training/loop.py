"""The training itself, epoch by epoch: what is learnt, what is kept of it, and how it goes on after a kill."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import Split
from showreel.storage.prepared import joined
from showreel.training import checkpoint, device, halves
from showreel.training.checkpoint import Run
from showreel.training.feeding import Feed

REEL_EXAMPLES = 10

Watcher = Callable[[keras.Model, Run], None]
"""What is shown the network and the run so far after every epoch; it changes neither."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """What to train and how.

    Attributes:
        build: the function of `models/<name>.py`.
        options: its options.
        seed: of the initial weights and the order of the examples.
        epochs: passes over the training split.
        batch_size: examples a step.
        learning_rate: of Adam in the first step; it falls to 0 along half a cosine.
        precision: `bfloat16`, `float32`, or `auto` for the faster one on this machine.
        deterministic: whether TensorFlow may only use operations that always give the same bits.
        devices: how many share each batch.
    """

    build: Callable[..., keras.Model]
    options: Mapping[str, Any]
    seed: int
    epochs: int
    batch_size: int
    learning_rate: float
    precision: device.Precision
    deterministic: bool
    devices: int = 1


class Experiment(NamedTuple):
    """What is trained.

    Attributes:
        name: of the experiment, for messages.
        learning: the task's module `learning`: a `tasks.contract.Learning`.
        splits: its examples.
        recipe: how it is trained.
    """

    name: str
    learning: Any
    splits: Mapping[Split, ExampleSplit]
    recipe: Recipe


def feed(experiment: Experiment) -> Feed:
    """Return the batches of an experiment's training split."""
    recipe = experiment.recipe
    batch = experiment.learning.batch
    return Feed(experiment.splits["train"], batch, recipe.batch_size, devices=recipe.devices)


def halved(recipe: Recipe) -> bool:
    """Tell whether both halves of a batch have a core each; to be called before TensorFlow computes anything."""
    return recipe.devices == 1 and recipe.batch_size > 1 and halves.one_core_each()


def compiled(
    experiment: Experiment, steps: int, parent: keras.Model | None = None, *, halved: bool = False
) -> keras.Model:
    """Build the network that a recipe asks for, with its optimizer and first weights.

    Args:
        experiment: what is trained.
        steps: of an epoch.
        parent: the network whose weights it begins with, layer by layer, where names and shapes are equal.
        halved: whether both halves of a batch have a core each.

    Raises:
        ParamsError: the model cannot map the inputs to the targets, or has no layer of its parent's.
    """
    name, learning, splits, recipe = experiment
    keras.utils.set_random_seed(recipe.seed % 2**32)
    source = splits["train"]
    try:
        network = recipe.build(*learning.shapes(source.inputs, source.targets), **recipe.options)
    except ValueError as error:
        raise ParamsError(f"experiments.{name}.model: {error}") from error
    if parent is not None:
        _inherit(name, network, parent)
    if halved:
        network = halves.halve(network)
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.epochs * steps)
    network = learning.compiled(network, keras.optimizers.Adam(rate))
    network.optimizer.build(network.trainable_variables)
    return network


def begun(path: Path, key: str, network: keras.Model, processor: str) -> Run:
    """Take a run up where its checkpoint left it, or begin one."""
    saved = checkpoint.load(path, key)
    run, state = saved or (Run(), [])
    for variable, value in zip(_variables(network), state, strict=bool(saved)):
        variable.assign(value)
    if saved:
        log.warning("%s: goes on after epoch %d", path.stem, len(run.history))
    run.devices = list(dict.fromkeys([*run.devices, processor]))
    return run


def keep(path: Path, key: str, network: keras.Model, run: Run) -> None:
    """Save a run's checkpoint, with the state of the network and its optimizer."""
    state = [keras.ops.convert_to_numpy(variable) for variable in _variables(network)]
    checkpoint.save(path, key, run, state)


def fit(experiment: Experiment, run: Run, network: keras.Model, feed: Feed, watchers: Sequence[Watcher]) -> None:
    """Train for the epochs that the run lacks, and show the watchers each.

    Raises:
        ShowreelError: the loss is not finite.
    """
    name, _, splits, recipe = experiment
    examples, finished = splits["train"].count, len(run.history)
    total, initial = feed.steps * recipe.epochs, feed.steps * finished
    with tqdm(total=total, initial=initial, desc=f"train {name}", unit=" steps", disable=None) as progress:
        tick = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: progress.update())
        if not finished:
            _record(experiment, run, network)
        for epoch in range(finished + 1, recipe.epochs + 1):
            start = time.perf_counter()
            batches = feed.batches(np.random.default_rng((recipe.seed, epoch)))
            loss = network.fit(batches, verbose=0, shuffle=False, callbacks=[tick]).history["loss"][0]
            seconds = time.perf_counter() - start
            _check_finite(name, epoch, loss)
            scores = _validate(experiment, run, network, epoch)
            _check_finite(name, epoch, scores["validation_loss"])
            _record(experiment, run, network)
            run.history.append({"epoch": epoch, "loss": loss, **scores})
            run.timing.append({"epoch": epoch, "seconds": seconds, "examples_per_second": examples / seconds})
            for watch in watchers:
                watch(network, run)
            progress.set_postfix(epoch=epoch, validation_score=f"{scores['validation_score']:.4g}")


def _variables(network: keras.Model) -> list[keras.Variable]:
    """Return all that changes in training: weights, the states of random layers, and the optimizer's moments."""
    return [*network.variables, *network.optimizer.variables]


def _inherit(name: str, network: keras.Model, parent: keras.Model) -> None:
    """Set the weights of those layers that a parent has under the same name and with the same shapes."""
    theirs = {layer.name: layer for layer in parent.layers if layer.weights}
    inherited = []
    for layer in network.layers:
        other = theirs.get(layer.name)
        if layer.weights and other and [w.shape for w in layer.weights] == [w.shape for w in other.weights]:
            layer.set_weights(other.get_weights())
            inherited.append(layer.name)
    if not inherited:
        raise ParamsError(
            f"experiments.{name}.weights: no layer of this network has the name and shapes of one of its parent's; "
            "give both the same model, or models that share layers"
        )
    log.warning("%s: begins with %d layers of its parent's %d", name, len(inherited), len(theirs))


def _check_finite(name: str, epoch: int, loss: float) -> None:
    if not math.isfinite(loss):
        raise ShowreelError(f"{name}: the loss is {loss} in epoch {epoch}; lower training.learning_rate")


def _validate(experiment: Experiment, run: Run, network: keras.Model, epoch: int) -> dict[str, float]:
    """Score the network on the validation split, and remember its weights if it never was better."""
    learning, losses, scores = experiment.learning, [], []
    for example in experiment.splits["validation"].parts():
        outputs = learning.outputs(network, example.inputs)
        losses.append(learning.loss(example.targets, outputs))
        scores.append(learning.score(example.targets, outputs))
    score = float(np.concatenate(scores).mean())
    sign = 1 if learning.BETTER == "higher" else -1
    if run.best_score is None or sign * score > sign * run.best_score:
        run.best_score, run.best_epoch, run.best_weights = score, epoch, network.get_weights()
    return {"validation_loss": float(np.concatenate(losses).mean()), "validation_score": score}


def _record(experiment: Experiment, run: Run, network: keras.Model) -> None:
    """Keep what the network makes of the reel's examples now, and its score over all test examples."""
    learning = experiment.learning
    recorded: list[NDArray[Any]] = []
    scores, missing = [], REEL_EXAMPLES
    for example in experiment.splits["test"].parts():
        outputs = learning.outputs(network, example.inputs)
        scores.append(learning.score(example.targets, outputs))
        if missing > 0:
            recorded.append(learning.recorded(outputs[:missing]))
            missing -= len(recorded[-1])
    run.outputs.append(np.asarray(joined(recorded)))
    run.test_scores.append(float(np.concatenate(scores).mean()))
