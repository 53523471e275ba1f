"""From prepared examples to a trained network, its history, and the reel of what it made of some after every epoch."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd

from showreel.params import registry
from showreel.params.schema import RANDOM, Params
from showreel.pipeline import paths
from showreel.pipeline.lineage import Lineage
from showreel.storage import atomic, reel
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import SPLITS, to_json
from showreel.storage.reel import Reel
from showreel.training import device, loop, network_file
from showreel.training.checkpoint import Run
from showreel.training.loop import REEL_EXAMPLES, Experiment, Recipe, Watcher


class Paths(NamedTuple):
    """Where a training's files are.

    Attributes:
        input: the prepared file of what the network is given.
        dataset: the data set's own prepared file.
        parent: the network whose weights it begins with; None where they are random.
        model: the `.keras` file to write.
        reel: the reel file to write.
        history: the CSV file to write, one row an epoch.
        timing: the CSV file to write of seconds and examples a second, one row an epoch: a log, no result.
        checkpoint: by which a killed training goes on from its last epoch; a finished one leaves none.
    """

    input: Path
    dataset: Path
    parent: Path | None
    model: Path
    reel: Path
    history: Path
    timing: Path
    checkpoint: Path

    @classmethod
    def of(cls, name: str, declared: Params) -> "Paths":
        """Return the paths of a declared experiment."""
        experiment = declared.experiments[name]
        return cls(
            input=paths.prepared(experiment.input),
            dataset=paths.prepared(experiment.dataset),
            parent=None if experiment.weights == RANDOM else paths.model(experiment.weights),
            model=paths.model(name),
            reel=paths.reel(name),
            history=paths.history(name),
            timing=paths.timing(name),
            checkpoint=paths.checkpoint(name),
        )


def train(
    name: str,
    files: Paths,
    *,
    task: str,
    model: str,
    options: dict[str, Any],
    seed: int,
    training: dict[str, Any],
    lineage: Lineage,
    watchers: Sequence[Watcher] = (),
) -> None:
    """Train a network and keep the weights of the epoch with the best validation score.

    Args:
        name: of the experiment, for messages.
        files: what is read and written.
        task: a folder of `tasks/`.
        model: a file of `models/`.
        options: the model's.
        seed: of the initial weights and the order of the examples.
        training: the other values of a `Recipe`.
        lineage: of this run.
        watchers: who else wants to see how it goes.

    Raises:
        ParamsError: the model cannot map the inputs to the targets, or devices are missing.
        ShowreelError: a prepared file is missing or damaged, lacks a field, or the loss is not finite.
    """
    learning = registry.module("tasks", task, "learning")
    fields = learning.INPUTS, learning.TARGETS
    splits = {split: ExampleSplit.of(files.input, files.dataset, split, *fields) for split in SPLITS}
    recipe = Recipe(registry.module("models", model).build, options, seed, **training)
    network, run, precision = _trained(Experiment(name, learning, splits, recipe), files, lineage, watchers)
    facts: dict[str, Any] = {"precision": precision, "devices": run.devices, "kept_epoch": run.best_epoch}
    if files.parent:
        facts["parent"] = json.loads(network_file.origin(files.parent))
    recorded = _reel(run, splits["test"], task=task, origin=lineage.origin)
    with lineage.publishing(files.model, files.reel, files.history, **facts) as (model_file, reel_file, history_file):
        network_file.save(network, model_file, lineage.origin)
        reel.write(reel_file, recorded)
        history_file.write_text(_table(run.history))
    atomic.write_text(files.timing, _table(run.timing))
    files.checkpoint.unlink(missing_ok=True)


def _trained(
    experiment: Experiment, files: Paths, lineage: Lineage, watchers: Sequence[Watcher]
) -> tuple[keras.Model, Run, str]:
    """Return the network with the weights of its best epoch, the run, and the arithmetic."""
    recipe = experiment.recipe
    with device.claimed(alone=True, count=recipe.devices) as processor:
        precision = device.set_arithmetic(recipe.precision, deterministic=recipe.deterministic)
        halved = loop.halved(recipe)
        parent = network_file.load(files.parent) if files.parent else None
        feed = loop.feed(experiment)
        with device.strategy(recipe.devices).scope():
            network = loop.compiled(experiment, feed.steps, parent, halved=halved)
        key = lineage.key(precision=precision)
        run = loop.begun(files.checkpoint, key, network, processor)
        loop.fit(experiment, run, network, feed, [partial(loop.keep, files.checkpoint, key), *watchers])
    network.set_weights(run.best_weights)
    return network, run, precision


def _reel(run: Run, source: ExampleSplit, *, task: str, origin: str) -> Reel:
    described = source.inputs | source.targets
    examples = source.read(slice(0, REEL_EXAMPLES))
    return Reel(
        origin=origin,
        task=task,
        score=next(iter(registry.module("tasks", task, "scores").SCORES)),
        fields=json.dumps({name: to_json(about.field) for name, about in described.items()}, sort_keys=True),
        indices=np.arange(len(run.outputs[0])),
        inputs=examples.inputs,
        targets=examples.targets,
        epochs=np.arange(len(run.outputs)),
        scores=np.array(run.test_scores),
        outputs=np.stack(run.outputs),
    )


def _table(rows: list[dict[str, float]]) -> str:
    return str(pd.DataFrame(rows).to_csv(index=False, float_format="%.6g", lineterminator="\n"))
