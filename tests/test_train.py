import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from showreel import storage
from showreel.block import SPLITS, Block
from showreel.errors import ParamsError, ShowreelError
from showreel.models import archive
from showreel.models.feeding import Pairs, predict
from showreel.objectives.restoration import learning
from showreel.stages import train as stage
from showreel.stages.degrade import degrade
from showreel.stages.train import Recipe, train

COUNTS = dict(zip(SPLITS, (48, 16, 12), strict=True))
OUTPUTS = ("model", "reel", "history")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with smooth 8×8 images, clean and with noise."""
    folder = tmp_path_factory.mktemp("data")
    y, x = np.mgrid[:8, :8]
    images = np.stack([40 + 3 * k + 8 * x + 4 * ((y * k) % 8) for k in range(48)]).astype(np.uint8)[..., None]
    blocks = {split: Block(images[:count], np.zeros(count, np.int32)) for split, count in COUNTS.items()}
    storage.write_prepared(folder / "clean.h5", ((s, [b]) for s, b in blocks.items()), {"dataset": "made-up"})
    degrade("noisy", folder / "clean.h5", folder / "noisy.h5", seed=1, options={"sigma": 0.2})
    return folder


def run(
    data: Path, folder: Path, *, seed: int = 3, architecture: str = "unet", **changes: float | str
) -> dict[str, Path]:
    """Train a tiny network and return where its outputs are."""
    recipe: dict[str, object] = {"epochs": 4, "batch_size": 16, "learning_rate": 0.01, "precision": "float32"}
    paths = {"model": folder / "a.keras", "reel": folder / "a.reel.h5", "history": folder / "history.csv"}
    train(
        "tiny",
        degraded=data / "noisy.h5",
        clean=data / "clean.h5",
        architecture=architecture,
        options={"depth": 1, "filters": 2},
        recipe=Recipe(**recipe | changes),  # type: ignore[arg-type]
        seed=seed,
        **paths,
    )
    return paths


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return run(data, tmp_path_factory.mktemp("trained"))


def test_history_has_a_row_an_epoch(trained: dict[str, Path]) -> None:
    history = pd.read_csv(trained["history"])
    columns = ["epoch", "loss", "validation_loss", "validation_psnr", "seconds", "images_per_second"]
    assert list(history) == columns
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert np.isfinite(history).all(axis=None)


def test_the_reel_begins_before_training_and_shows_the_first_test_images(trained: dict[str, Path], data: Path) -> None:
    reel = storage.Reel.read(trained["reel"])
    assert reel.epochs.tolist() == [0, 1, 2, 3, 4]
    assert reel.indices.tolist() == list(range(10))
    assert reel.predictions.shape == (5, 10, 8, 8, 1)
    np.testing.assert_array_equal(reel.target, storage.read_split(data / "clean.h5", "test").images[:10])
    np.testing.assert_array_equal(reel.degraded, storage.read_split(data / "noisy.h5", "test").images[:10])
    assert not reel.predictions[0].any()
    assert reel.psnr[-1] > reel.psnr[0]


def test_the_weights_kept_are_those_that_were_best_on_validation(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate: Callable[..., dict[str, float]] = stage._validate
    calls: list[float] = []

    def spoiled(run: stage.Run, network: keras.Model, pairs: Pairs) -> dict[str, float]:
        """Validate as ever, but make the network forget everything before its third epoch ends."""
        if len(calls) == 2:
            network.set_weights([np.zeros_like(weights) for weights in network.get_weights()])
        scores = validate(run, network, pairs)
        calls.append(scores["validation_psnr"])
        return scores

    monkeypatch.setattr(stage, "_validate", spoiled)
    paths = run(data, tmp_path, epochs=3)
    validation = [storage.read_split(data / f"{name}.h5", "validation").images for name in ("noisy", "clean")]
    scores = learning.psnr(validation[1], predict(archive.load(paths["model"]), validation[0]))
    history = pd.read_csv(paths["history"])["validation_psnr"]
    assert history.to_numpy().argmax() < 2
    assert scores.mean() == pytest.approx(max(calls), abs=1e-6)
    assert scores.mean() == pytest.approx(history.max(), abs=1e-4)
    assert scores.mean() > calls[-1] + 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    trained: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    again, other = run(data, tmp_path / "again"), run(data, tmp_path / "other", seed=4)
    for name in ("model", "reel"):
        assert again[name].read_bytes() == trained[name].read_bytes()
        assert other[name].read_bytes() != trained[name].read_bytes()


def test_model_and_reel_say_where_they_come_from(trained: dict[str, Path]) -> None:
    with zipfile.ZipFile(trained["model"]) as file:
        origin = json.loads(file.comment)
    assert json.loads(storage.Reel.read(trained["reel"]).origin) == origin
    assert origin["seed"] == 3
    assert origin["precision"] == "float32"
    assert origin["recipe"]["learning_rate"] == 0.01
    assert [Path(name).name for name in origin["inputs"]] == ["clean.h5", "noisy.h5"]
    assert origin["device"]


def test_a_loss_that_is_not_finite_is_an_error_and_nothing_is_written(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"tiny: the loss is \w+ in epoch \d; lower training\.learning_rate"):
        run(data, tmp_path / "out", learning_rate=1e30)
    assert not (tmp_path / "out").exists()


def test_shapes_that_cannot_fit_name_the_key(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"experiments\.tiny\.model: upscaler doubles"):
        run(data, tmp_path / "out", architecture="upscaler")
    assert not (tmp_path / "out").exists()


def test_files_that_do_not_belong_together_are_refused(data: Path, tmp_path: Path) -> None:
    block = Block(np.zeros((5, 8, 8, 1), np.uint8), np.zeros(5, np.int32))
    storage.write_prepared(tmp_path / "noisy.h5", ((split, [block]) for split in SPLITS), {})
    (tmp_path / "clean.h5").symlink_to(data / "clean.h5")
    with pytest.raises(ShowreelError, match=r"noisy\.h5: its train split does not match .*degrade stage again"):
        run(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
