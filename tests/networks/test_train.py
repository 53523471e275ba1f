import json
import math
import multiprocessing
import os
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from checkouts import begun

from showreel.models.parts.blocks import Shape
from showreel.stages import train as stage
from showreel.stages.degrade import degrade
from showreel.stages.train import Recipe, train
from showreel.storage import examples, prepared
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.examples import PairedSplit
from showreel.storage.fields import SPLITS, Block
from showreel.tasks.restoration import learning
from showreel.training import checkpoint, feeding, halves, network_file
from showreel.training.checkpoint import Run
from showreel.training.network_file import load
from showreel.training.prediction import predict

COUNTS = dict(zip(SPLITS, (48, 16, 12), strict=True))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with smooth 8×8 images, clean and with noise."""
    folder = tmp_path_factory.mktemp("data")
    y, x = np.mgrid[:8, :8]
    images = np.stack([40 + 3 * k + 8 * x + 4 * ((y * k) % 8) for k in range(48)]).astype(np.uint8)[..., None]
    blocks = {split: Block(images[:count], np.zeros(count, np.int32)) for split, count in COUNTS.items()}
    prepared.write_prepared(folder / "clean.h5", ((s, [b]) for s, b in blocks.items()), {"dataset": "made-up"})
    degrade("noisy", folder / "clean.h5", folder / "noisy.h5", seed=1, options={"sigma": 0.2}, lineage=begun())
    return folder


def run(
    data: Path,
    folder: Path,
    *,
    seed: int = 3,
    architecture: str = "unet",
    options: Mapping[str, int] = MappingProxyType({"depth": 1, "filters": 2}),
    **changes: float | str,
) -> dict[str, Path]:
    """Train a tiny network and return where its outputs are."""
    recipe: dict[str, object] = {"epochs": 4, "batch_size": 16, "learning_rate": 0.01, "precision": "float32"}
    recipe |= {"deterministic": False, **changes}
    names = {"model": "a.keras", "reel": "a.reel.h5", "history": "history.csv", "timing": "t.csv", "kept": "c/a.npz"}
    paths = {name: folder / file for name, file in names.items()}
    train(
        "tiny",
        degraded=data / "noisy.h5",
        clean=data / "clean.h5",
        recipe=Recipe(architecture, options, seed, **recipe),  # type: ignore[arg-type]
        lineage=begun(data / "noisy.h5", data / "clean.h5"),
        **paths,  # type: ignore[arg-type]
    )
    return paths


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return run(data, tmp_path_factory.mktemp("trained"))


def test_history_has_a_row_an_epoch(trained: dict[str, Path]) -> None:
    history = pd.read_csv(trained["history"])
    assert list(history) == ["epoch", "loss", "validation_loss", "validation_psnr"]
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    timing = pd.read_csv(trained["timing"])
    assert list(timing) == ["epoch", "seconds", "images_per_second"]
    assert (timing > 0).all(axis=None)
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert np.isfinite(history).all(axis=None)


def test_the_reel_begins_before_training_and_shows_the_first_test_images(trained: dict[str, Path], data: Path) -> None:
    reel = prepared.read(trained["reel"], prepared.Reel)
    assert reel.epochs.tolist() == [0, 1, 2, 3, 4]
    assert reel.indices.tolist() == list(range(10))
    assert reel.predictions.shape == (5, 10, 8, 8, 1)
    np.testing.assert_array_equal(reel.target, prepared.read_split(data / "clean.h5", "test").images[:10])
    np.testing.assert_array_equal(reel.degraded, prepared.read_split(data / "noisy.h5", "test").images[:10])
    assert not reel.predictions[0].any()
    assert reel.psnr[-1] > reel.psnr[0]


def test_the_weights_kept_are_those_that_were_best_on_validation(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate: Callable[..., dict[str, float]] = stage._validate
    calls: list[float] = []

    def spoiled(run: Run, network: keras.Model, source: PairedSplit, epoch: int) -> dict[str, float]:
        """Validate as ever, but make the network forget everything before its third epoch ends."""
        if len(calls) == 2:
            network.set_weights([np.zeros_like(weights) for weights in network.get_weights()])
        scores = validate(run, network, source, epoch)
        calls.append(scores["validation_psnr"])
        return scores

    monkeypatch.setattr(stage, "_validate", spoiled)
    paths = run(data, tmp_path, epochs=3)
    validation = [prepared.read_split(data / f"{name}.h5", "validation").images for name in ("noisy", "clean")]
    scores = learning.psnr(validation[1], predict(load(paths["model"]), validation[0]))
    history = pd.read_csv(paths["history"])["validation_psnr"]
    assert history.to_numpy().argmax() < 2
    assert scores.mean() == pytest.approx(max(calls), abs=1e-6)
    assert scores.mean() == pytest.approx(history.max(), abs=1e-4)
    assert scores.mean() > calls[-1] + 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    trained: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    again, other = run(data, tmp_path / "again"), run(data, tmp_path / "other", seed=4)
    for name in ("model", "reel", "history"):
        assert again[name].read_bytes() == trained[name].read_bytes()
        assert other[name].read_bytes() != trained[name].read_bytes()


def test_model_and_reel_say_where_they_come_from(trained: dict[str, Path]) -> None:
    with zipfile.ZipFile(trained["model"]) as file:
        origin = json.loads(file.comment)
    assert json.loads(prepared.read(trained["reel"], prepared.Reel).origin) == origin
    assert origin["params"] == {"seed": 20}
    assert origin["precision"] == "float32"
    assert [Path(name).name for name in origin["inputs"]] == ["clean.h5", "noisy.h5"]
    assert len(origin["devices"]) == 1


def test_the_kept_epoch_is_told(trained: dict[str, Path]) -> None:
    with zipfile.ZipFile(trained["model"]) as file:
        kept = json.loads(file.comment)["kept_epoch"]
    history = pd.read_csv(trained["history"])
    assert kept == history["epoch"][history["validation_psnr"].to_numpy().argmax()]


def test_scores_and_frames_do_not_depend_on_the_parts_that_are_read(
    trained: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "PART_VALUES", 5 * 8 * 8)
    parts = run(data, tmp_path)
    reels = [prepared.read(paths["reel"], prepared.Reel) for paths in (trained, parts)]
    np.testing.assert_allclose(reels[1].psnr, reels[0].psnr, atol=1e-4)
    np.testing.assert_array_equal(reels[1].target, reels[0].target)
    assert np.abs(reels[1].predictions.astype(int) - reels[0].predictions).max() <= 1
    histories = [pd.read_csv(paths["history"]) for paths in (trained, parts)]
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-4)


def test_images_beyond_the_memory_s_share_are_streamed_and_learnt_alike(
    trained: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "MEMORY_BYTES", 0)
    monkeypatch.setattr(feeding, "WINDOW_BYTES", 32 * 2 * 64)
    monkeypatch.setattr(prepared, "CHUNK_BYTES", 4 * 64)
    streamed, again = run(data, tmp_path / "streamed"), run(data, tmp_path / "again")
    assert streamed["model"].read_bytes() == again["model"].read_bytes()
    assert streamed["model"].read_bytes() != trained["model"].read_bytes()
    reels = [prepared.read(paths["reel"], prepared.Reel) for paths in (trained, streamed)]
    gains = [reel.psnr.max() - reel.psnr[0] for reel in reels]
    assert gains[1] == pytest.approx(gains[0], rel=0.2)


def test_a_loss_that_is_not_finite_is_an_error_and_nothing_is_written(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"tiny: the loss is \w+ in epoch \d; lower training\.learning_rate"):
        run(data, tmp_path / "out", learning_rate=1e30)
    assert not (tmp_path / "out").exists()


def test_weights_that_the_last_step_of_the_first_epoch_breaks_are_an_error(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"tiny: the loss is nan in epoch 1; lower training\.learning_rate"):
        run(data, tmp_path / "out", learning_rate=math.inf, batch_size=64, epochs=1)
    assert not (tmp_path / "out").exists()


def test_shapes_that_cannot_fit_name_the_key(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"experiments\.tiny\.model: upscaler doubles"):
        run(data, tmp_path / "out", architecture="upscaler")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [{"depth": -1, "filters": 2}, {"depth": 1, "filters": 0}])
def test_impossible_options_name_the_key(data: Path, tmp_path: Path, options: dict[str, int]) -> None:
    with pytest.raises(ParamsError, match=r"experiments\.tiny\.model: depth -?\d and filters \d: it takes at least"):
        run(data, tmp_path / "out", options=options)
    assert not (tmp_path / "out").exists()


def test_files_that_do_not_belong_together_are_refused(data: Path, tmp_path: Path) -> None:
    block = Block(np.zeros((5, 8, 8, 1), np.uint8), np.zeros(5, np.int32))
    prepared.write_prepared(tmp_path / "noisy.h5", ((split, [block]) for split in SPLITS), {})
    (tmp_path / "clean.h5").symlink_to(data / "clean.h5")
    with pytest.raises(ShowreelError, match=r"noisy\.h5: its train split does not match .*degrade stage again"):
        run(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Killed(BaseException):
    """Stands for the end of the process."""


def interrupted(data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, epoch: int, **changes: Any) -> None:
    """Train until an epoch's checkpoint is kept, and no further."""
    save = checkpoint.save

    def save_and_end(path: Path, key: str, run: Run, variables: checkpoint.Arrays) -> None:
        save(path, key, run, variables)
        if len(run.history) == epoch:
            raise Killed

    monkeypatch.setattr(checkpoint, "save", save_and_end)
    with pytest.raises(Killed):
        run(data, folder, **changes)
    monkeypatch.setattr(checkpoint, "save", save)


@pytest.mark.parametrize("epoch", [1, 3, 4])
def test_a_training_that_was_killed_ends_as_one_that_was_not(
    trained: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:
    interrupted(data, tmp_path, monkeypatch, epoch)
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
    resumed = run(data, tmp_path)
    for name in ("model", "reel", "history"):
        assert resumed[name].read_bytes() == trained[name].read_bytes()
    assert len(pd.read_csv(resumed["timing"])) == 4
    assert not resumed["kept"].exists()


def test_random_layers_go_on_where_they_were(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(input_shape: Shape, output_shape: Shape, **options: int) -> keras.Model:
        """Name every layer: Keras's own names count up within a process."""
        images = keras.Input(input_shape, dtype="uint8", name="images")
        features = keras.layers.Rescaling(1 / 255, name="scaled")(images)
        features = keras.layers.Dropout(0.5, seed=1, name="dropped")(features)
        features = keras.layers.BatchNormalization(name="normal")(features)
        return keras.Model(images, keras.layers.Conv2D(1, 3, padding="same", name="out")(features), name="random")

    monkeypatch.setattr("showreel.params.registry.module", lambda folder, name: SimpleNamespace(build=build))
    whole = run(data, tmp_path / "whole")
    interrupted(data, tmp_path / "parts", monkeypatch, 2)
    parts = run(data, tmp_path / "parts")
    for name in ("model", "reel", "history"):
        assert parts[name].read_bytes() == whole[name].read_bytes()


def test_a_checkpoint_of_other_inputs_is_not_mixed_in(
    trained: dict[str, Path],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "other").mkdir()
    degrade("noisy", data / "clean.h5", tmp_path / "other/noisy.h5", seed=9, options={"sigma": 0.2}, lineage=begun())
    (tmp_path / "other/clean.h5").symlink_to(data / "clean.h5")
    interrupted(tmp_path / "other", tmp_path, monkeypatch, 2)
    ended = run(data, tmp_path)
    assert "belongs to a training with other inputs" in caplog.text
    assert ended["model"].read_bytes() == trained["model"].read_bytes()


def test_an_input_that_changes_meanwhile_fails_the_training_and_publishes_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("noisy.h5", "clean.h5"):
        (tmp_path / name).write_bytes((data / name).read_bytes())
    interrupted(tmp_path, tmp_path / "out", monkeypatch, 4)
    save = network_file.save

    def save_late(*arguments: Any) -> None:
        save(*arguments)
        (tmp_path / "clean.h5").write_bytes(b"other")

    monkeypatch.setattr(network_file, "save", save_late)
    with pytest.raises(ShowreelError, match=r"clean\.h5: changed while `showreel test` ran"):
        run(tmp_path, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["c"]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core only")
def test_halves_train_as_whole_batches_do(data: Path, tmp_path: Path) -> None:
    """In processes of their own: TensorFlow takes its threads once."""
    paths = []
    for halved in (True, False):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_two_cores) as pool:
            paths.append(pool.submit(_trained, data, tmp_path / f"{halved}", halved=halved).result())
    assert paths[0]["model"].read_bytes() != paths[1]["model"].read_bytes()
    histories = [pd.read_csv(one["history"]) for one in paths]
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-3)


def _two_cores() -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])


def _trained(data: Path, folder: Path, *, halved: bool) -> dict[str, Path]:
    if not halved:
        os.environ["TF_NUM_INTEROP_THREADS"] = "2"
    paths = run(data, folder, batch_size=15)
    assert halves.one_core_each() is halved
    return paths


def test_two_devices_train_as_one_does(data: Path, tmp_path: Path) -> None:
    """Two logical ones of the processor, in a process of their own: TensorFlow counts its devices once.

    48 images are two batches of 20 and one that is filled up, and fewer than 64.
    """
    sizes = {"twenty": 20, "again": 20, "sixty-four": 64}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_two_devices) as pool:
        shared = {
            name: pool.submit(run, data, tmp_path / name, batch_size=size, devices=2).result()
            for name, size in sizes.items()
        }
    assert shared["twenty"]["model"].read_bytes() == shared["again"]["model"].read_bytes()
    for name in ("twenty", "sixty-four"):
        alone = run(data, tmp_path / f"{name} alone", batch_size=sizes[name])
        histories = [pd.read_csv(paths["history"]) for paths in (alone, shared[name])]
        np.testing.assert_allclose(histories[1], histories[0], rtol=1e-3)
        reels = [prepared.read(paths["reel"], prepared.Reel) for paths in (alone, shared[name])]
        np.testing.assert_allclose(reels[1].psnr, reels[0].psnr, atol=1e-2)
        assert np.abs(reels[1].predictions.astype(int) - reels[0].predictions).max() <= 1
        assert json.loads(reels[1].origin)["devices"][0].startswith("2 × ")


@pytest.mark.faults
def test_a_killed_training_on_two_devices_goes_on(data: Path, tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_two_devices) as pool:
        whole = pool.submit(run, data, tmp_path / "whole", devices=2).result()
        resumed = pool.submit(_interrupted_and_resumed, data, tmp_path / "resumed").result()
    for name in ("model", "reel", "history"):
        assert resumed[name].read_bytes() == whole[name].read_bytes()


def _two_devices() -> None:
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)


def _interrupted_and_resumed(data: Path, folder: Path) -> dict[str, Path]:
    with pytest.MonkeyPatch.context() as patched:
        interrupted(data, folder, patched, 2, devices=2)
    return run(data, folder, devices=2)


def test_devices_that_are_missing_are_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"training\.devices: 3, but TensorFlow sees 1 here; 1 gives the same"):
        run(data, tmp_path, devices=3)


def test_deterministic_training_gives_the_same_bits(data: Path, tmp_path: Path) -> None:
    """In processes of their own: the mode cannot be left again."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context) as pool:
        first, second = pool.map(_deterministic, [data, data], [tmp_path / "a", tmp_path / "b"])
    assert first == second


def _deterministic(data: Path, folder: Path) -> list[bytes]:
    paths = run(data, folder, deterministic=True, precision="bfloat16")
    return [paths[name].read_bytes() for name in ("model", "reel", "history")]
