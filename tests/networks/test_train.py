import contextlib
import json
import math
import multiprocessing
import os
import shutil
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
from small_data import read_images, write_images

from showreel.models.parts.blocks import Shape
from showreel.params import registry
from showreel.stages.degrade import degrade
from showreel.stages.train import Paths, train
from showreel.storage import examples, prepared, reel
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.fields import SPLITS
from showreel.storage.reel import Reel
from showreel.tasks.restoration import learning
from showreel.training import checkpoint, feeding, halves, loop, network_file
from showreel.training.checkpoint import Run
from showreel.training.loop import Experiment
from showreel.training.network_file import load
from showreel.training.prediction import predict

COUNTS = dict(zip(SPLITS, (48, 16, 12), strict=True))
RECORD = Path("lineage/train/tiny.json")
"""Relative to the folder of the data: outputs hold this path, and equal trainings are to give equal bytes."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with smooth 8×8 images, clean and with noise."""
    folder = tmp_path_factory.mktemp("data")
    y, x = np.mgrid[:8, :8]
    images = np.stack([40 + 3 * k + 8 * x + 4 * ((y * k) % 8) for k in range(48)]).astype(np.uint8)[..., None]
    write_images(folder / "clean.h5", {split: images[:count] for split, count in COUNTS.items()}, dataset="made-up")
    make_noisy(folder / "clean.h5", folder / "noisy.h5", seed=1)
    return folder


def make_noisy(clean: Path, path: Path, *, seed: int) -> None:
    degrade("clean-noisy", "noisy", clean, path, seed=seed, options={"sigma": 0.2}, lineage=begun())


def run(
    data: Path,
    folder: Path,
    *,
    seed: int = 3,
    architecture: str = "unet",
    options: Mapping[str, int] = MappingProxyType({"depth": 1, "filters": 2}),
    parent: Path | None = None,
    **changes: float | str,
) -> Paths:
    """Train a tiny network and return where its outputs are."""
    training: dict[str, Any] = {"epochs": 4, "batch_size": 16, "learning_rate": 0.01, "precision": "float32"}
    training |= {"deterministic": False, **changes}
    names = {"model": "a.keras", "reel": "a.reel.h5", "history": "history.csv", "timing": "t.csv"}
    outputs = {name: folder / file for name, file in (names | {"checkpoint": "c/a.npz"}).items()}
    files = Paths(data / "noisy.h5", data / "clean.h5", parent, **outputs)
    with contextlib.chdir(data):
        lineage = begun(files.input, files.dataset, record=RECORD)
        train("tiny", files, task="restoration", model=architecture, options=dict(options), seed=seed,
              training=training, lineage=lineage)  # fmt: skip
    return files


def results(files: Paths) -> list[bytes]:
    """Return the bytes of a training's results."""
    return [path.read_bytes() for path in (files.model, files.reel, files.history)]


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A training, whose record is beside its outputs, too: others overwrite it."""
    files = run(data, tmp_path_factory.mktemp("trained"))
    shutil.copy(data / RECORD, files.model.with_name("record.json"))
    return files


def record(trained: Paths) -> dict[str, Any]:
    return dict(json.loads(trained.model.with_name("record.json").read_text()))


def test_history_has_a_row_an_epoch(trained: Paths) -> None:
    history = pd.read_csv(trained.history)
    assert list(history) == ["epoch", "loss", "validation_loss", "validation_score"]
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    timing = pd.read_csv(trained.timing)
    assert list(timing) == ["epoch", "seconds", "examples_per_second"]
    assert (timing > 0).all(axis=None)
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert np.isfinite(history).all(axis=None)


def test_the_reel_begins_before_training_and_shows_the_first_test_images(trained: Paths, data: Path) -> None:
    recorded = reel.read(trained.reel, Reel)
    assert recorded.epochs.tolist() == [0, 1, 2, 3, 4]
    assert recorded.indices.tolist() == list(range(10))
    assert recorded.outputs.shape == (5, 10, 8, 8, 1)
    np.testing.assert_array_equal(recorded.targets["image"], read_images(data / "clean.h5", "test")[:10])
    np.testing.assert_array_equal(recorded.inputs["image"], read_images(data / "noisy.h5", "test")[:10])
    assert not recorded.outputs[0].any()
    assert recorded.scores[-1] > recorded.scores[0]
    assert (recorded.task, recorded.score) == ("restoration", "psnr")
    assert reel.described(recorded)["image"].kind == "image"


def test_the_weights_kept_are_those_that_were_best_on_validation(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate: Callable[..., dict[str, float]] = loop._validate
    calls: list[float] = []

    def spoiled(experiment: Experiment, run: Run, network: keras.Model, epoch: int) -> dict[str, float]:
        """Validate as ever, but make the network forget everything before its third epoch ends."""
        if len(calls) == 2:
            network.set_weights([np.zeros_like(weights) for weights in network.get_weights()])
        scores = validate(experiment, run, network, epoch)
        calls.append(scores["validation_score"])
        return scores

    monkeypatch.setattr(loop, "_validate", spoiled)
    files = run(data, tmp_path, epochs=3)
    validation = [read_images(data / f"{name}.h5", "validation") for name in ("noisy", "clean")]
    scores = learning.psnr(validation[1], predict(load(files.model), validation[0]))
    history = pd.read_csv(files.history)["validation_score"]
    assert history.to_numpy().argmax() < 2
    assert scores.mean() == pytest.approx(max(calls), abs=1e-6)
    assert scores.mean() == pytest.approx(history.max(), abs=1e-4)
    assert scores.mean() > calls[-1] + 1


def test_where_lower_is_better_the_weights_kept_are_those_with_the_lowest_score(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "BETTER", "lower")
    files = run(data, tmp_path)
    history = pd.read_csv(files.history)["validation_score"]
    assert history.to_numpy().argmin() != history.to_numpy().argmax()
    noisy, clean = (read_images(data / f"{name}.h5", "validation") for name in ("noisy", "clean"))
    assert learning.psnr(clean, predict(load(files.model), noisy)).mean() == pytest.approx(history.min(), abs=1e-4)
    assert json.loads((data / RECORD).read_text())["kept_epoch"] == history.to_numpy().argmin() + 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(trained: Paths, data: Path, tmp_path: Path) -> None:
    again, other = run(data, tmp_path / "again"), run(data, tmp_path / "other", seed=4)
    for first, second, third in zip(*map(results, (trained, again, other)), strict=True):
        assert first == second != third


def test_model_and_reel_name_the_record_of_their_making(trained: Paths) -> None:
    origin = json.loads(network_file.origin(trained.model))
    assert json.loads(reel.read(trained.reel, Reel).origin) == origin
    assert origin == {"record": RECORD.as_posix(), "id": record(trained)["id"]}


def test_the_record_says_what_was_trained_with_which_arithmetic_and_where(trained: Paths) -> None:
    told = record(trained)
    assert told["params"] == {"seed": 20}
    assert told["precision"] == "float32"
    assert [Path(name).name for name in told["inputs"]] == ["clean.h5", "noisy.h5"]
    assert len(told["devices"]) == 1
    assert "parent" not in told


def test_the_kept_epoch_is_told(trained: Paths) -> None:
    history = pd.read_csv(trained.history)
    kept = history["epoch"][history["validation_score"].to_numpy().argmax()]
    assert record(trained)["kept_epoch"] == kept


def test_a_training_begins_with_its_parents_weights_and_its_record_names_the_parent(
    trained: Paths, data: Path, tmp_path: Path
) -> None:
    files = run(data, tmp_path, seed=9, parent=trained.model, epochs=1)
    first = reel.read(files.reel, Reel).outputs[0]
    expected = learning.recorded(predict(load(trained.model), read_images(data / "noisy.h5", "test")[:10]))
    np.testing.assert_array_equal(first, expected)
    assert json.loads((data / RECORD).read_text())["parent"] == json.loads(network_file.origin(trained.model))


def test_a_parent_that_shares_no_layer_is_refused_and_nothing_is_written(
    trained: Paths, data: Path, tmp_path: Path
) -> None:
    images = keras.Input((8, 8, 1), dtype="uint8")
    stranger = keras.Model(images, keras.layers.Conv2D(1, 3, padding="same", name="stranger")(images / 255))
    network_file.save(stranger, tmp_path / "stranger.keras", "{}")
    with pytest.raises(ParamsError, match=r"experiments\.tiny\.weights: no layer of this network has the name"):
        run(data, tmp_path / "out", parent=tmp_path / "stranger.keras")
    assert not (tmp_path / "out").exists()


def test_scores_and_outputs_do_not_depend_on_the_parts_that_are_read(
    trained: Paths, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples.ExampleSplit.parts, "__defaults__", (5 * 8 * 8,))
    parts = run(data, tmp_path)
    reels = [reel.read(files.reel, Reel) for files in (trained, parts)]
    np.testing.assert_allclose(reels[1].scores, reels[0].scores, atol=1e-4)
    np.testing.assert_array_equal(reels[1].targets["image"], reels[0].targets["image"])
    assert np.abs(reels[1].outputs.astype(int) - reels[0].outputs).max() <= 1
    histories = [pd.read_csv(files.history) for files in (trained, parts)]
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-4)


def test_images_beyond_the_memory_s_share_are_streamed_and_learnt_alike(
    trained: Paths, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "MEMORY_BYTES", 0)
    monkeypatch.setattr(feeding, "WINDOW_BYTES", 32 * 2 * 64)
    monkeypatch.setattr(prepared, "CHUNK_BYTES", 4 * 64)
    streamed, again = run(data, tmp_path / "streamed"), run(data, tmp_path / "again")
    assert streamed.model.read_bytes() == again.model.read_bytes()
    assert streamed.model.read_bytes() != trained.model.read_bytes()
    reels = [reel.read(files.reel, Reel) for files in (trained, streamed)]
    gains = [recorded.scores.max() - recorded.scores[0] for recorded in reels]
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
    write_images(tmp_path / "noisy.h5", np.zeros((5, 8, 8, 1), np.uint8))
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
    trained: Paths, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:
    interrupted(data, tmp_path, monkeypatch, epoch)
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
    resumed = run(data, tmp_path)
    assert results(resumed) == results(trained)
    assert len(pd.read_csv(resumed.timing)) == 4
    assert not resumed.checkpoint.exists()


def test_random_layers_go_on_where_they_were(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(input_shape: Shape, output_shape: Shape, **options: int) -> keras.Model:
        """Name every layer: Keras's own names count up within a process."""
        images = keras.Input(input_shape, dtype="uint8", name="images")
        features = keras.layers.Rescaling(1 / 255, name="scaled")(images)
        features = keras.layers.Dropout(0.5, seed=1, name="dropped")(features)
        features = keras.layers.BatchNormalization(name="normal")(features)
        return keras.Model(images, keras.layers.Conv2D(1, 3, padding="same", name="out")(features), name="random")

    module = registry.module
    monkeypatch.setattr(
        registry, "module", lambda *names: SimpleNamespace(build=build) if names[0] == "models" else module(*names)
    )
    whole = run(data, tmp_path / "whole")
    interrupted(data, tmp_path / "parts", monkeypatch, 2)
    parts = run(data, tmp_path / "parts")
    assert results(parts) == results(whole)


def test_a_checkpoint_of_other_inputs_is_not_mixed_in(
    trained: Paths,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "other").mkdir()
    make_noisy(data / "clean.h5", tmp_path / "other/noisy.h5", seed=9)
    (tmp_path / "other/clean.h5").symlink_to(data / "clean.h5")
    interrupted(tmp_path / "other", tmp_path, monkeypatch, 2)
    ended = run(data, tmp_path)
    assert "belongs to a training with other inputs" in caplog.text
    assert ended.model.read_bytes() == trained.model.read_bytes()


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
    trainings = []
    for halved in (True, False):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_two_cores) as pool:
            trainings.append(pool.submit(_trained, data, tmp_path / f"{halved}", halved=halved).result())
    assert trainings[0].model.read_bytes() != trainings[1].model.read_bytes()
    histories = [pd.read_csv(files.history) for files in trainings]
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-3)


def _two_cores() -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])


def _trained(data: Path, folder: Path, *, halved: bool) -> Paths:
    if not halved:
        os.environ["TF_NUM_INTEROP_THREADS"] = "2"
    files = run(data, folder, batch_size=15)
    assert halves.one_core_each() is halved
    return files


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
    assert json.loads((data / RECORD).read_text())["devices"][0].startswith("2 × ")
    assert shared["twenty"].model.read_bytes() == shared["again"].model.read_bytes()
    for name in ("twenty", "sixty-four"):
        alone = run(data, tmp_path / f"{name} alone", batch_size=sizes[name])
        histories = [pd.read_csv(files.history) for files in (alone, shared[name])]
        np.testing.assert_allclose(histories[1], histories[0], rtol=1e-3)
        reels = [reel.read(files.reel, Reel) for files in (alone, shared[name])]
        np.testing.assert_allclose(reels[1].scores, reels[0].scores, atol=1e-2)
        assert np.abs(reels[1].outputs.astype(int) - reels[0].outputs).max() <= 1


@pytest.mark.faults
def test_a_killed_training_on_two_devices_goes_on(data: Path, tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_two_devices) as pool:
        whole = pool.submit(run, data, tmp_path / "whole", devices=2).result()
        resumed = pool.submit(_interrupted_and_resumed, data, tmp_path / "resumed").result()
    assert results(resumed) == results(whole)


def _two_devices() -> None:
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)


def _interrupted_and_resumed(data: Path, folder: Path) -> Paths:
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
    return results(run(data, folder, deterministic=True, precision="bfloat16"))
