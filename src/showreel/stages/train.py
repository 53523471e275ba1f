"""From prepared images to a trained network, its history, and the reel of what it predicted after every epoch."""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from showreel import atomic, find, provenance, storage
from showreel.block import SPLITS, Split
from showreel.errors import ParamsError, ShowreelError
from showreel.models import archive, device
from showreel.models.feeding import Feed, Pairs, predict
from showreel.objectives.restoration import learning

REEL_IMAGES = 10


@dataclass(frozen=True)
class Recipe:
    """How to train: the values of `training` in params.yaml.

    Attributes:
        epochs: passes over the training split.
        batch_size: images a step.
        learning_rate: of Adam in the first step; it falls to 0 along half a cosine.
        precision: `bfloat16`, `float32`, or `auto` for the faster one on this machine.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    precision: device.Precision


@dataclass
class Run:
    """What a training leaves behind, epoch by epoch.

    Attributes:
        history: one row an epoch.
        frames: uint8 (n, h, w, c), the predictions of the reel's images, before training and after every epoch.
        test_psnr: mean PSNR in dB over the complete test split, likewise. Nothing is chosen by it.
        best_psnr: the best mean PSNR over the validation split so far.
        best_weights: the network's weights at that time.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    frames: list[NDArray[np.uint8]] = field(default_factory=list)
    test_psnr: list[float] = field(default_factory=list)
    best_psnr: float = -math.inf
    best_weights: list[NDArray[np.float32]] = field(default_factory=list)


def train(
    experiment: str,
    *,
    degraded: Path,
    clean: Path,
    model: Path,
    reel: Path,
    history: Path,
    architecture: str,
    options: Mapping[str, Any],
    recipe: Recipe,
    seed: int,
) -> None:
    """Train a network and keep the weights of the epoch with the best validation score.

    Args:
        experiment: its name, for messages.
        degraded: the prepared file of inputs.
        clean: the prepared file of targets.
        model: the `.keras` file to write.
        reel: the reel file to write.
        history: the CSV file to write, one row an epoch.
        architecture: a file name in `models/`.
        options: the architecture's options.
        recipe: epochs, batch size, learning rate, precision.
        seed: of the initial weights and the order of the images.

    Raises:
        ParamsError: the architecture cannot map the inputs to the targets.
        ShowreelError: a prepared file is missing or damaged, or the loss is not finite.
    """
    processor = device.claim()
    keras.config.set_dtype_policy(device.dtype_policy(recipe.precision))
    keras.utils.set_random_seed(seed % 2**32)
    splits = {split: _pairs(degraded, clean, split) for split in SPLITS}
    network = _built(experiment, architecture, options, splits["train"])
    steps = recipe.epochs * math.ceil(len(splits["train"].target) / recipe.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps)
    network.compile(keras.optimizers.Adam(rate), learning.LOSS)
    run = _fit(experiment, network, splits, recipe, seed, steps)
    origin = provenance.origin(
        ("showreel.stages.train", f"showreel.models.{architecture}"),
        (degraded, clean),
        architecture=architecture,
        options=dict(options),
        recipe=asdict(recipe),
        seed=seed,
        device=processor,
        precision=keras.config.dtype_policy().name,
    )
    network.set_weights(run.best_weights)
    archive.save(network, model, origin)
    _reel(run, splits["test"], origin).write(reel)
    atomic.write_text(history, pd.DataFrame(run.history).to_csv(index=False, float_format="%.6g"))


def _pairs(degraded: Path, clean: Path, split: Split) -> Pairs:
    pairs = Pairs(storage.read_split(degraded, split).images, storage.read_split(clean, split).images)
    if len(pairs.degraded) != len(pairs.target):
        raise ShowreelError(f"{degraded}: its {split} split does not match {clean}; run its degrade stage again")
    return pairs


def _built(experiment: str, architecture: str, options: Mapping[str, Any], pairs: Pairs) -> keras.Model:
    build = find.module("models", architecture).build
    try:
        return build(pairs.degraded.shape[1:], pairs.target.shape[1:], **options)
    except ValueError as error:
        raise ParamsError(f"experiments.{experiment}.model: {error}") from error


def _fit(
    experiment: str, network: keras.Model, splits: Mapping[Split, Pairs], recipe: Recipe, seed: int, steps: int
) -> Run:
    run = Run()
    feed = Feed(splits["train"], recipe.batch_size)
    with tqdm(total=steps, desc=f"train {experiment}", unit=" steps", disable=None) as progress:
        tick = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: progress.update())
        _film(run, network, splits["test"])
        for epoch in range(1, recipe.epochs + 1):
            start = time.perf_counter()
            batches = feed.batches(np.random.default_rng((seed, epoch)))
            loss = network.fit(batches, verbose=0, shuffle=False, callbacks=[tick]).history["loss"][0]
            seconds = time.perf_counter() - start
            if not math.isfinite(loss):
                raise ShowreelError(f"{experiment}: the loss is {loss} in epoch {epoch}; lower training.learning_rate")
            psnr = _validate(run, network, splits["validation"])
            _film(run, network, splits["test"])
            images_per_second = len(splits["train"].target) / seconds
            run.history.append(
                {"epoch": epoch, "loss": loss, **psnr, "seconds": seconds, "images_per_second": images_per_second}
            )
            progress.set_postfix(epoch=epoch, validation_psnr=f"{psnr['validation_psnr']:.2f} dB")
    return run


def _validate(run: Run, network: keras.Model, pairs: Pairs) -> dict[str, float]:
    """Score the network on the validation split, and remember its weights if it never was better."""
    predictions = predict(network, pairs.degraded)
    psnr = float(learning.psnr(pairs.target, predictions).mean())
    if psnr > run.best_psnr:
        run.best_psnr, run.best_weights = psnr, network.get_weights()
    return {"validation_loss": float(learning.mse(pairs.target, predictions).mean()), "validation_psnr": psnr}


def _film(run: Run, network: keras.Model, pairs: Pairs) -> None:
    """Keep what the network makes of the reel's images now, and its score over all test images."""
    predictions = predict(network, pairs.degraded)
    run.frames.append(np.rint(predictions[:REEL_IMAGES] * 255).astype(np.uint8))
    run.test_psnr.append(float(learning.psnr(pairs.target, predictions).mean()))


def _reel(run: Run, test: Pairs, origin: str) -> storage.Reel:
    return storage.Reel(
        origin=origin,
        indices=np.arange(len(run.frames[0])),
        degraded=test.degraded[:REEL_IMAGES],
        target=test.target[:REEL_IMAGES],
        epochs=np.arange(len(run.frames)),
        predictions=np.stack(run.frames),
        psnr=np.array(run.test_psnr),
    )
