"""The study `cross`: every strength answered as an evaluation would, and taken up again where it was stopped."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from checkouts import begun
from small_data import write_images

from showreel.params import loading
from showreel.params.schema import Params
from showreel.pipeline import paths
from showreel.stages.degrade import degrade
from showreel.storage import prepared
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.examples import ExampleSplit
from showreel.studies.cross import study
from showreel.tasks.restoration import learning
from showreel.training import network_file

PARAMS = """\
seed: 3
datasets: {digits: {source: digits}, photos: {source: photos}}
inputs:
  digits-noisy: {dataset: digits, degradation: noisy, sigma: 1}
  digits-downscaled: {dataset: digits, degradation: downscaled, factor: 2, sigma: 0.05}
models: {unet: {depth: 1, filters: 2}}
training: {epochs: 1, batch_size: 8, learning_rate: 0.001, precision: float32}
experiments:
  denoiser: {task: restoration, dataset: digits, input: digits-noisy, model: unet, weights: random}
  larger: {task: restoration, dataset: digits, input: digits-downscaled, model: unet, weights: random}
  identity: {task: restoration, dataset: digits, input: digits, model: unet, weights: random}
"""


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """A project with smooth images of two sizes and a network that returns its input."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(PARAMS)
    for name, size in {"digits": 8, "photos": 16}.items():
        y, x = np.mgrid[:size, :size]
        images = np.stack([64 + 8 * x + 4 * ((y * k) % 8) for k in range(12)]).astype(np.uint8)[..., None]
        paths.prepared(name).parent.mkdir(parents=True, exist_ok=True)
        write_images(paths.prepared(name), images, dataset=name)
    image = keras.Input((8, 8, 1), dtype="uint8")
    Path("models").mkdir()
    network_file.save(keras.Model(image, keras.layers.Rescaling(1 / 255)(image)), paths.model("denoiser"), "{}")
    Path("results/crossed").mkdir(parents=True)
    return loading.load(tmp_path / "params.yaml")


def run(declared: Params, values: list[float], of: str = "denoiser", **options: Any) -> pd.DataFrame:
    study.run("crossed", of, declared, begun(), values=values, **({"dataset": "digits"} | options))
    return pd.read_csv(paths.cells("crossed"))


def results() -> dict[str, bytes]:
    files = (paths.cells("crossed"), paths.metrics("crossed"), paths.poster("crossed"))
    return {path.name: path.read_bytes() for path in files}


def test_every_strength_is_answered_as_an_evaluation_of_that_input_would(declared: Params, tmp_path: Path) -> None:
    cells = run(declared, [0.25, 0.5])
    assert cells["sigma"].tolist() == [0.25, 0.5]
    assert cells["count"].tolist() == [12, 12]
    for sigma, cell in zip((0.25, 0.5), cells.to_dict("records"), strict=True):
        degraded = tmp_path / f"{sigma}.h5"
        clean = paths.prepared("digits")
        degrade("digits-noisy", "noisy", clean, degraded, seed=3, options={"sigma": sigma}, lineage=begun())
        test = ExampleSplit.of(degraded, clean, "test", ("image",), ("image",)).read()
        own = learning.score(test.targets, learning.unit(np.asarray(test.inputs["image"])))
        assert cell["psnr"] == pytest.approx(own.mean(), rel=1e-5)
        assert cell["input_psnr"] == pytest.approx(cell["psnr"], rel=1e-5)
        assert cell["psnr_low"] <= cell["psnr"] <= cell["psnr_high"]
        assert cell["gain"] == pytest.approx(cell["psnr"] - cell["baseline_psnr"], abs=1e-3)
        assert cell["gain_low"] <= cell["gain"] <= cell["gain_high"] < 0
        assert cell["baseline"] in ("median", "total_variation", "non_local_means", "wavelets")
    numbers = json.loads(paths.metrics("crossed").read_text())
    assert numbers["sigma_0.5_psnr"] == pytest.approx(cells["psnr"][1], rel=1e-5)
    assert not list(paths.parts("crossed").iterdir())


def answers(monkeypatch: pytest.MonkeyPatch, stop_at: float | None = None) -> list[float]:
    """Let a strength be answered at once, but for one at which the study is stopped; note which were asked."""
    asked: list[float] = []

    def answer(question: study.Question, degraded: Path, options: dict[str, Any]) -> dict[str, Any]:
        asked.append(options[question.over])
        if options[question.over] == stop_at:
            raise KeyboardInterrupt
        noise = float(np.asarray(prepared.read(degraded, "test")["image"]).std())
        return {"count": 12, "baseline": "median", "psnr": noise, "psnr_low": noise, "psnr_high": noise}

    monkeypatch.setattr(study, "_answer", answer)
    return asked


def test_a_study_that_was_stopped_goes_on_to_the_same_bytes(declared: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    values = [0.1, 0.2, 0.4]
    asked = answers(monkeypatch)
    run(declared, values)
    assert asked == values
    whole = results()
    stopped = answers(monkeypatch, stop_at=0.4)
    with pytest.raises(KeyboardInterrupt):
        run(declared, values)
    assert stopped == values
    assert results() == whole
    went_on = answers(monkeypatch)
    run(declared, values)
    assert went_on == [0.4]
    assert results() == whole


def test_what_was_answered_with_other_inputs_is_asked_again(declared: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, stop_at=0.2)
    with pytest.raises(KeyboardInterrupt):
        run(declared, [0.1, 0.2])
    asked = answers(monkeypatch)
    lineage = begun(paths.model("denoiser"))
    study.run("crossed", "denoiser", declared, lineage, dataset="digits", values=[0.1, 0.2])
    assert asked == [0.1, 0.2]


@pytest.mark.parametrize(
    ("of", "options", "said"),
    [
        ("identity", {"values": [0.1]}, "crosses.crossed.of: the input of identity is the data set itself"),
        ("denoiser", {"values": [0.1], "over": "sgma"}, "crosses.crossed.over: noisy has no sgma in .*; it has sigma"),
        ("denoiser", {"values": []}, "crosses.crossed.values: .*; name each value once, in six digits, and one at"),
        ("denoiser", {"values": [0.5, 0.5]}, "crosses.crossed.values: .*; name each value once"),
        ("denoiser", {"values": [0.12345678, 0.12345679]}, "crosses.crossed.values: .*; name each value once"),
        ("larger", {"values": [2.0, 2.5], "over": "factor"}, "crosses.crossed.values: .*; factor takes whole numbers"),
    ],
)
def test_what_cannot_be_asked_is_refused(declared: Params, of: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ParamsError, match=said):
        study.run("crossed", of, declared, begun(), dataset="digits", **options)


def test_a_whole_number_in_params_yaml_does_not_make_strengths_whole(
    declared: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert declared.inputs["digits-noisy"].options == {"sigma": 1}
    asked = answers(monkeypatch)
    run(declared, [0.25])
    assert asked == [0.25]


def test_a_data_set_of_another_shape_is_refused(declared: Params) -> None:
    with pytest.raises(ShowreelError, match=r"crosses\.crossed: the network takes \(8, 8, 1\) .* name a data set of"):
        run(declared, [0.5], dataset="photos")
