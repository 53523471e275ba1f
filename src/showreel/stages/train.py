"""From prepared images to a trained network, its history, and the reel of what it predicted after every epoch."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from showreel.params import registry
from showreel.pipeline.lineage import Lineage
from showreel.storage import atomic, prepared
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.examples import PairedSplit
from showreel.storage.fields import SPLITS, Split
from showreel.tasks.restoration import learning
from showreel.training import checkpoint, device, halves, network_file
from showreel.training.checkpoint import Run
from showreel.training.feeding import Feed
from showreel.training.prediction import predict

REEL_IMAGES = 10

Watcher = Callable[[keras.Model, Run], None]
"""What is shown the network and the run so far after every epoch; it changes neither."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """What to train and how.

    Attributes:
        architecture: a file name in `models/`.
        options: the architecture's options.
        seed: of the initial weights and the order of the images.
        epochs: passes over the training split.
        batch_size: images a step.
        learning_rate: of Adam in the first step; it falls to 0 along half a cosine.
        precision: `bfloat16`, `float32`, or `auto` for the faster one on this machine.
        deterministic: whether TensorFlow may only use operations that always give the same bits.
        devices: how many share each batch.
    """

    architecture: str
    options: Mapping[str, Any]
    seed: int
    epochs: int
    batch_size: int
    learning_rate: float
    precision: device.Precision
    deterministic: bool
    devices: int = 1


def train(
    experiment: str,
    *,
    degraded: Path,
    clean: Path,
    model: Path,
    reel: Path,
    history: Path,
    timing: Path,
    kept: Path,
    recipe: Recipe,
    lineage: Lineage,
    watchers: Sequence[Watcher] = (),
) -> None:
    """Train a network and keep the weights of the epoch with the best validation score.

    Args:
        experiment: its name, for messages.
        degraded: the prepared file of inputs.
        clean: the prepared file of targets.
        model: the `.keras` file to write.
        reel: the reel file to write.
        history: the CSV file to write, one row an epoch.
        timing: the CSV file to write of seconds and images a second, one row an epoch: a log, no result.
        kept: the checkpoint, by which a killed training goes on from its last epoch; a finished one leaves none.
        recipe: what to train and how.
        lineage: of this run.
        watchers: who else wants to see how it goes.

    Raises:
        ParamsError: the architecture cannot map the inputs to the targets, or devices are missing.
        ShowreelError: a prepared file is missing or damaged, or the loss is not finite.
    """
    splits = {split: PairedSplit.of(degraded, clean, split) for split in SPLITS}
    with device.claimed(alone=True, count=recipe.devices) as processor:
        precision = device.set_arithmetic(recipe.precision, deterministic=recipe.deterministic)
        halved = recipe.devices == 1 and recipe.batch_size > 1 and halves.one_core_each()
        feed = Feed(splits["train"], recipe.batch_size, devices=recipe.devices)
        with device.strategy(recipe.devices).scope():
            network = _compiled(experiment, recipe, splits["train"], feed.steps, halved=halved)
        key = lineage.origin(precision=precision)
        run = _begun(kept, key, network, processor)
        keep = partial(_keep, kept, key)
        _fit(experiment, run, network, feed, splits, recipe, [keep, *watchers])
    network.set_weights(run.best_weights)
    facts = {"precision": precision, "devices": run.devices, "kept_epoch": run.best_epoch}
    footage = _reel(run, splits["test"], lineage.origin(**facts))
    with lineage.publishing(model, reel, history, **facts) as (model_file, reel_file, history_file):
        network_file.save(network, model_file, footage.origin)
        prepared.write(reel_file, footage)
        history_file.write_text(_table(run.history))
    atomic.write_text(timing, _table(run.timing))
    kept.unlink(missing_ok=True)


def _compiled(experiment: str, recipe: Recipe, source: PairedSplit, steps: int, *, halved: bool) -> keras.Model:
    """Build the network that the recipe asks for, with its optimizer and first weights.

    Args:
        experiment: its name, for messages.
        recipe: what to build and how to train it.
        source: a split, for the images' shapes.
        steps: of an epoch.
        halved: whether both halves of a batch have a core each.
    """
    keras.utils.set_random_seed(recipe.seed % 2**32)
    build = registry.module("models", recipe.architecture).build
    try:
        network = build(source.input_shape, source.output_shape, **recipe.options)
    except ValueError as error:
        raise ParamsError(f"experiments.{experiment}.model: {error}") from error
    if halved:
        network = halves.halve(network)
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.epochs * steps)
    network.compile(keras.optimizers.Adam(rate), learning.LOSS)
    network.optimizer.build(network.trainable_variables)
    return network


def _variables(network: keras.Model) -> list[keras.Variable]:
    """Return all that changes in training: weights, the states of random layers, and the optimizer's moments."""
    return [*network.variables, *network.optimizer.variables]


def _keep(kept: Path, key: str, network: keras.Model, run: Run) -> None:
    state = [keras.ops.convert_to_numpy(variable) for variable in _variables(network)]
    checkpoint.save(kept, key, run, state)


def _begun(kept: Path, key: str, network: keras.Model, processor: str) -> Run:
    """Take a run up where its checkpoint left it, or begin one."""
    found = checkpoint.load(kept, key)
    run, state = found or (Run(), [])
    for variable, value in zip(_variables(network), state, strict=bool(found)):
        variable.assign(value)
    if found:
        log.warning("%s: goes on after epoch %d", kept.stem, len(run.history))
    run.devices = list(dict.fromkeys([*run.devices, processor]))
    return run


def _fit(
    experiment: str,
    run: Run,
    network: keras.Model,
    feed: Feed,
    splits: Mapping[Split, PairedSplit],
    recipe: Recipe,
    watchers: Sequence[Watcher],
) -> None:
    """Train for the epochs that the run lacks, and show the watchers each."""
    images, done = splits["train"].count, len(run.history)
    total, begun = feed.steps * recipe.epochs, feed.steps * done
    with tqdm(total=total, initial=begun, desc=f"train {experiment}", unit=" steps", disable=None) as progress:
        tick = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: progress.update())
        if not done:
            _film(run, network, splits["test"])
        for epoch in range(done + 1, recipe.epochs + 1):
            start = time.perf_counter()
            batches = feed.batches(np.random.default_rng((recipe.seed, epoch)))
            loss = network.fit(batches, verbose=0, shuffle=False, callbacks=[tick]).history["loss"][0]
            seconds = time.perf_counter() - start
            _check_finite(experiment, epoch, loss)
            scores = _validate(run, network, splits["validation"], epoch)
            _check_finite(experiment, epoch, scores["validation_loss"])
            _film(run, network, splits["test"])
            run.history.append({"epoch": epoch, "loss": loss, **scores})
            run.timing.append({"epoch": epoch, "seconds": seconds, "images_per_second": images / seconds})
            for watch in watchers:
                watch(network, run)
            progress.set_postfix(epoch=epoch, validation_psnr=f"{scores['validation_psnr']:.2f} dB")


def _check_finite(experiment: str, epoch: int, loss: float) -> None:
    if not math.isfinite(loss):
        raise ShowreelError(f"{experiment}: the loss is {loss} in epoch {epoch}; lower training.learning_rate")


def _validate(run: Run, network: keras.Model, source: PairedSplit, epoch: int) -> dict[str, float]:
    """Score the network on the validation split, and remember its weights if it never was better."""
    losses, scores = [], []
    for pairs in source.parts():
        predictions = predict(network, pairs.degraded)
        losses.append(learning.mse(pairs.target, predictions))
        scores.append(learning.psnr(pairs.target, predictions))
    psnr = float(np.concatenate(scores).mean())
    if psnr > run.best_psnr:
        run.best_psnr, run.best_epoch, run.best_weights = psnr, epoch, network.get_weights()
    return {"validation_loss": float(np.concatenate(losses).mean()), "validation_psnr": psnr}


def _film(run: Run, network: keras.Model, source: PairedSplit) -> None:
    """Keep what the network makes of the reel's images now, and its score over all test images."""
    frame, scores = np.empty((0, *source.output_shape), np.uint8), []
    for pairs in source.parts():
        predictions = predict(network, pairs.degraded)
        scores.append(learning.psnr(pairs.target, predictions))
        missing = REEL_IMAGES - len(frame)
        frame = np.concatenate([frame, np.rint(predictions[:missing] * 255).astype(np.uint8)])
    run.frames.append(frame)
    run.test_psnr.append(float(np.concatenate(scores).mean()))


def _reel(run: Run, source: PairedSplit, origin: str) -> prepared.Reel:
    pairs = source.read(slice(0, REEL_IMAGES))
    return prepared.Reel(
        origin=origin,
        indices=np.arange(len(run.frames[0])),
        degraded=pairs.degraded,
        target=pairs.target,
        epochs=np.arange(len(run.frames)),
        predictions=np.stack(run.frames),
        psnr=np.array(run.test_psnr),
    )


def _table(rows: list[dict[str, float]]) -> str:
    return str(pd.DataFrame(rows).to_csv(index=False, float_format="%.6g", lineterminator="\n"))
