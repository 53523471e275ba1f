import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from checkouts import begun
from numpy.typing import NDArray
from small_data import read_images, write_images

from showreel.degradations.noisy import BASELINES
from showreel.stages.degrade import degrade
from showreel.stages.evaluate import Paths, evaluate
from showreel.storage import prepared as storage
from showreel.storage import reel
from showreel.storage.errors import ShowreelError
from showreel.storage.reel import Chosen, Reel
from showreel.tasks.restoration.learning import psnr, unit
from showreel.training import network_file

TEST_IMAGES = 12
REEL = np.array([1, 3], np.int64)
Body = Callable[[keras.KerasTensor], keras.KerasTensor]


def identity(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.Rescaling(1 / 255)(x)


def darker_by_a_tenth(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.Rescaling(1 / 255, offset=-0.1)(x)


def twice_as_large(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.UpSampling2D(2)(identity(x))


def write_clean(path: Path, count: int = TEST_IMAGES) -> None:
    """Write smooth grey 8×8 images, none darker than 64."""
    y, x = np.mgrid[:8, :8]
    images = np.stack([64 + 8 * x + 8 * ((y * k) % 8) for k in range(count)]).astype(np.uint8)[..., None]
    write_images(path, images, dataset="steps")


def write_model(path: Path, body: Body, size: int = 8) -> None:
    x = keras.Input((size, size, 1), dtype="uint8")
    network_file.save(keras.Model(x, body(x)), path, "{}")


def write_reel(path: Path, degraded: Path, clean: Path) -> None:
    inputs, targets = (read_images(file, "test")[REEL] for file in (degraded, clean))
    reel.write(path, a_reel(inputs, targets))


def a_reel(inputs: NDArray[np.uint8], targets: NDArray[np.uint8]) -> Reel:
    """Return a reel of one epoch in which the network knew the truth."""
    return Reel(
        "{}", "restoration", "psnr", "{}", REEL, {"image": inputs}, {"image": targets}, np.arange(1), np.zeros(1),
        targets[None],
    )  # fmt: skip


def files(folder: Path, degraded: Path) -> Paths:
    return Paths(
        input=degraded,
        dataset=folder / "clean.h5",
        model=folder / "m.keras",
        reel=folder / "m.reel.h5",
        metrics=folder / "metrics.json",
        baselines=folder / "baselines.csv",
        scores=folder / "scores.csv",
        chosen=folder / "m.chosen.h5",
    )


def outputs(paths: Paths) -> list[Path]:
    return [paths.metrics, paths.scores, paths.chosen, paths.baselines]


def run(folder: Path, degradation: str, body: Body, **options: float) -> dict[str, float]:
    """Evaluate a network on a tiny data set, perhaps degraded, and return its metrics."""
    clean = folder / "clean.h5"
    write_clean(clean)
    degraded = clean
    if degradation:
        degraded = folder / f"{degradation}.h5"
        degrade(f"steps-{degradation}", degradation, clean, degraded, seed=1, options=options, lineage=begun())
    write_model(folder / "m.keras", body, storage.described(degraded)["image"].shape[0])
    write_reel(folder / "m.reel.h5", degraded, clean)
    evaluate("tiny", files(folder, degraded), task="restoration", lineage=begun())
    return metrics(folder)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("noisy")
    run(folder, "noisy", identity, sigma=0.2)
    return folder


def metrics(folder: Path) -> dict[str, float]:
    return json.loads((folder / "metrics.json").read_text())  # type: ignore[no-any-return]


def baselines(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "baselines.csv", index_col="baseline")


def chosen(folder: Path) -> Chosen:
    return reel.read(folder / "m.chosen.h5", Chosen)


def test_an_identity_network_on_clean_images_is_perfect_and_has_no_rivals(tmp_path: Path) -> None:
    numbers = run(tmp_path, "", identity)
    assert (numbers["psnr"], numbers["ssim"]) == (100, 1)
    assert numbers["mse"] < 1e-10
    bounds = {f"{kind}_{end}" for kind in ("psnr", "ssim", "mse") for end in ("low", "high")}
    assert set(numbers) == {"psnr", "ssim", "mse", "count", "parameters"} | bounds
    assert chosen(tmp_path).baseline == ""
    assert chosen(tmp_path).reel_answers.shape == chosen(tmp_path).answers.shape == (0, 8, 8, 1)


def test_a_constant_error_of_a_tenth_is_twenty_decibels(tmp_path: Path) -> None:
    numbers = run(tmp_path, "", darker_by_a_tenth)
    assert numbers["psnr"] == numbers["psnr_low"] == numbers["psnr_high"] == 20
    assert numbers["mse"] == pytest.approx(0.01, abs=1e-7)


def test_the_untouched_input_has_the_scores_of_an_identity_network(noisy: Path) -> None:
    numbers = metrics(noisy)
    assert 10 < numbers["psnr"] < 20
    assert [numbers[f"input_{kind}"] for kind in ("psnr", "ssim", "mse")] == pytest.approx(
        [numbers[kind] for kind in ("psnr", "ssim", "mse")], rel=1e-5
    )


def test_the_gain_is_over_the_strongest_baseline(noisy: Path) -> None:
    numbers = metrics(noisy)
    table = baselines(noisy)
    assert set(table.index) == {"median", "total_variation", "non_local_means", "wavelets"}
    assert set(table["kind"]) == {"untrained"}
    assert numbers["baseline_psnr"] == table["psnr"].iloc[0] == table["psnr"].max()
    assert numbers["gain"] == pytest.approx(numbers["psnr"] - numbers["baseline_psnr"], abs=1e-3)
    assert chosen(noisy).baseline == table.index[0]
    assert numbers["baseline_ssim_low"] == table["ssim_low"].iloc[0]
    assert json.loads(str(table.loc["median", "options"]))["size"] in (1, 3, 5, 7)


def test_options_are_the_best_on_the_validation_split(noisy: Path) -> None:
    table = baselines(noisy)
    degraded, target = (read_images(noisy / f"{name}.h5", "validation") for name in ("noisy", "clean"))
    for name, option, known in (("median", "size", {}), ("total_variation", "strength", {"sigma": 0.2})):
        baseline = BASELINES[name]
        reached = {
            tried[option]: psnr(target, baseline.answer(unit(degraded), (8, 8), **known, **tried)).mean()
            for tried in baseline.grid
        }
        best = json.loads(str(table.loc[name, "options"]))
        assert best == {option: max(reached, key=lambda value: reached[value])}


def test_metrics_are_flat_sorted_numbers_and_intervals_hold_their_means(noisy: Path) -> None:
    text = (noisy / "metrics.json").read_text()
    numbers = json.loads(text)
    assert text.endswith("}\n")
    assert list(numbers) == sorted(numbers)
    assert all(type(value) in (int, float) for value in numbers.values())
    assert numbers["count"] == TEST_IMAGES
    for low in (name for name in numbers if name.endswith("_low")):
        assert numbers[low] < numbers[low.removesuffix("_low")] < numbers[low.removesuffix("_low") + "_high"]


def test_scores_have_one_row_an_image_that_average_to_the_metrics(noisy: Path) -> None:
    table, numbers, summaries = pd.read_csv(noisy / "scores.csv"), metrics(noisy), baselines(noisy)
    assert list(table)[:7] == ["index", "score", "label", "psnr", "ssim", "mse", "input_psnr"]
    assert table["score"].tolist() == table["psnr"].tolist()
    assert table["index"].tolist() == list(range(TEST_IMAGES))
    assert table["label"].tolist() == [index % 10 for index in range(TEST_IMAGES)]
    for score in ("psnr", "ssim", "mse"):
        assert table[score].mean() == pytest.approx(numbers[score], abs=1e-3)
        assert table[f"median_{score}"].mean() == pytest.approx(summaries.loc["median", score], abs=1e-3)
    assert numbers["psnr_high"] - numbers["psnr"] == pytest.approx(
        1.96 * table["psnr"].std() / TEST_IMAGES**0.5, abs=1e-3
    )


def test_examples_are_the_strongest_baselines_look_at_the_reels_images(noisy: Path) -> None:
    examples, table = chosen(noisy), pd.read_csv(noisy / "scores.csv")
    target = np.asarray(reel.read(noisy / "m.reel.h5", Reel).targets["image"])
    error = np.mean((examples.reel_answers / 255 - target / 255) ** 2, axis=(1, 2, 3))
    reached: NDArray[np.float64] = table[f"{examples.baseline}_psnr"].to_numpy()[REEL]
    np.testing.assert_allclose(-10 * np.log10(error), reached, atol=0.1)


def test_the_chosen_images_are_the_best_the_median_and_the_worst(noisy: Path) -> None:
    examples, psnr = chosen(noisy), pd.read_csv(noisy / "scores.csv")["psnr"]
    ordered = psnr[examples.indices].to_numpy()
    assert examples.indices.shape == (9,)
    assert (np.diff(ordered) <= 0).all()
    assert (ordered[0], ordered[-1]) == (psnr.max(), psnr.min())
    clean, degraded = (read_images(noisy / f"{name}.h5", "test") for name in ("clean", "noisy"))
    np.testing.assert_array_equal(examples.targets["image"], clean[examples.indices])
    np.testing.assert_array_equal(examples.inputs["image"], degraded[examples.indices])
    np.testing.assert_array_equal(examples.outputs, examples.inputs["image"])  # an identity network


def test_the_same_files_give_the_same_bytes(noisy: Path) -> None:
    paths = files(noisy, noisy / "noisy.h5")
    before = [path.read_bytes() for path in outputs(paths)]
    evaluate("tiny", paths, task="restoration", lineage=begun())
    assert [path.read_bytes() for path in outputs(paths)] == before


def test_a_smaller_input_is_scored_as_nearest(tmp_path: Path) -> None:
    numbers = run(tmp_path, "downscaled", twice_as_large, factor=2, sigma=0.0)
    psnr = baselines(tmp_path)["psnr"]
    assert numbers["input_psnr"] == psnr["nearest"] == pytest.approx(numbers["psnr"], rel=1e-5)
    assert psnr["bicubic"] != psnr["nearest"]
    assert numbers["gain"] <= 0


def prepared(folder: Path) -> Paths:
    """Return the files of an identity experiment, all right as yet."""
    paths = files(folder, folder / "clean.h5")
    write_clean(paths.dataset)
    write_model(paths.model, identity)
    write_reel(paths.reel, paths.dataset, paths.dataset)
    return paths


def fails(paths: Paths, *words: str) -> None:
    with pytest.raises(ShowreelError) as caught:
        evaluate("tiny", paths, task="restoration", lineage=begun())
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)
    assert not any(path.exists() for path in outputs(paths))


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    paths = prepared(tmp_path)
    content = paths.model.read_bytes()
    paths.model.write_bytes(content[: len(content) // 2])
    fails(paths, "m.keras", "train")


def test_files_of_different_length_are_refused(tmp_path: Path) -> None:
    paths = prepared(tmp_path)._replace(input=tmp_path / "other.h5")
    write_clean(paths.input, TEST_IMAGES - 1)
    fails(paths, "other.h5", "degrade")


def test_a_network_for_other_images_is_refused(tmp_path: Path) -> None:
    paths = prepared(tmp_path)
    write_model(paths.model, identity, size=9)
    fails(paths, "m.keras", "train")


def test_a_reel_of_other_images_is_refused(tmp_path: Path) -> None:
    paths = prepared(tmp_path)
    small = np.zeros((2, 4, 4, 1), np.uint8)
    reel.write(paths.reel, a_reel(small, small))
    fails(paths, "m.reel.h5", "train")


def test_an_output_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    paths = prepared(tmp_path)
    write_model(paths.model, lambda x: keras.layers.Rescaling(float("inf"))(keras.ops.cast(x, "float32") - 64))
    fails(paths, "m.keras", "not finite")
