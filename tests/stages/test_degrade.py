import json
from pathlib import Path

import numpy as np
import pytest
from checkouts import begun
from numpy.typing import NDArray

from showreel.degradations.parts.blocks import image_generators
from showreel.stages.degrade import degrade
from showreel.storage import prepared
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import SPLITS, Field, Rows, Split

COUNTS = dict(zip(SPLITS, (23, 5, 7), strict=True))


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """Mid-grey images of 6×4 pixels, with labels: what is noise shows."""
    blocks: dict[Split, dict[str, Rows]] = {
        split: {"image": np.full((n, 6, 4, 1), 128, np.uint8), "label": np.arange(n, dtype=np.int32)}
        for split, n in COUNTS.items()
    }
    splits = [(split, [block]) for split, block in blocks.items()]
    fields = {"image": Field("image"), "label": Field("label", ("a", "b"))}
    prepared.write(tmp_path / "clean.h5", splits, fields, {"dataset": "grey"})
    return tmp_path / "clean.h5"


def noisy(clean: Path, name: str = "noisy.h5", *, seed: int = 20, sigma: float = 0.1) -> Path:
    path = clean.parent / name
    degrade("grey-noisy", "noisy", clean, path, seed=seed, options={"sigma": sigma}, lineage=begun(clean))
    return path


def images(path: Path, split: Split) -> NDArray[np.uint8]:
    return np.asarray(prepared.read(path, split)["image"])


def draws(seed: int, split: Split, start: int, count: int) -> list[float]:
    return [generator.standard_normal() for generator in image_generators(seed, split, start, count)]


def test_every_image_is_degraded_in_its_place_and_the_file_holds_what_changes_alone(clean: Path) -> None:
    path = noisy(clean, sigma=0.0)
    assert list(prepared.described(path)) == ["image"]
    for split, count in COUNTS.items():
        assert prepared.count(path, split) == count
        np.testing.assert_array_equal(images(path, split), images(clean, split))


def test_an_input_keeps_the_place_of_each_example_of_its_data_set(clean: Path) -> None:
    path = noisy(clean, sigma=0.0)
    for split, count in COUNTS.items():
        example = ExampleSplit.of(path, clean, split, ("image", "label"), ("image",)).read()
        assert np.asarray(example.inputs["label"]).tolist() == list(range(count))
        np.testing.assert_array_equal(example.inputs["image"], example.targets["image"])


def test_a_data_set_without_the_field_that_is_degraded_is_refused(tmp_path: Path) -> None:
    label = {"label": np.zeros(3, np.int32)}
    fields = {"label": Field("label", ("a",))}
    prepared.write(tmp_path / "clean.h5", [(split, [label]) for split in SPLITS], fields, {"dataset": "bare"})
    with pytest.raises(ParamsError, match=r"inputs\.grey-noisy: noisy changes the field image, .*; it has label"):
        noisy(tmp_path / "clean.h5")


def test_the_file_says_what_made_it(clean: Path) -> None:
    attributes = prepared.attributes(noisy(clean))
    assert attributes["dataset"] == "grey"
    assert attributes["input"] == "grey-noisy"
    assert attributes["degradation"] == "noisy"
    assert attributes["seed"] == 20
    assert json.loads(attributes["options"]) == {"sigma": 0.1}


def test_the_noise_has_the_mean_and_deviation_that_were_asked_for(clean: Path) -> None:
    noise = images(noisy(clean), "train") / 255 - 128 / 255
    assert abs(noise.mean()) < 4 * 0.1 / np.sqrt(noise.size)
    assert noise.std() == pytest.approx(0.1, rel=0.12)


def test_the_same_again_gives_the_same_bytes(clean: Path) -> None:
    assert noisy(clean, "a.h5").read_bytes() == noisy(clean, "b.h5").read_bytes()


def test_the_block_size_changes_nothing(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = noisy(clean, "whole.h5").read_bytes()
    for images_per_block in (1, 4):
        monkeypatch.setattr(prepared, "BLOCK_BYTES", images_per_block * 24)
        assert noisy(clean, "parts.h5").read_bytes() == whole


def test_another_seed_gives_other_noise(clean: Path) -> None:
    first, second = (images(noisy(clean, f"{seed}.h5", seed=seed), "test") for seed in (1, 2))
    assert (first != second).mean() > 0.8


def test_an_image_draws_the_same_numbers_wherever_its_block_starts() -> None:
    assert draws(20, "train", 0, 8)[3:6] == draws(20, "train", 3, 3)


def test_an_image_draws_what_a_philox_of_its_seed_split_and_index_draws() -> None:
    for split, offset in zip(SPLITS, (0, 1, 2), strict=True):
        for index, number in enumerate(draws(2**63 - 1, split, 5, 3), 5):
            bits = np.random.Philox(key=2**63 - 1, counter=[0, 0, index, offset])
            assert number == np.random.Generator(bits).standard_normal()


def test_images_splits_and_seeds_draw_different_numbers() -> None:
    numbers = [number for seed in (0, 1, 2**63 - 1) for split in SPLITS for number in draws(seed, split, 0, 50)]
    assert len(set(numbers)) == 3 * 3 * 50


def test_long_draws_of_neighbouring_images_do_not_overlap() -> None:
    first, second = ((g.standard_normal(20_000)) for g in image_generators(20, "train", 0, 2))
    assert np.intersect1d(first, second).size == 0


def test_a_missing_clean_file_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"clean\.h5: missing; run"):
        noisy(tmp_path / "clean.h5")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sigma", [-0.1, float("inf")])
def test_an_impossible_sigma_is_refused_and_nothing_is_written(clean: Path, sigma: float) -> None:
    with pytest.raises(ParamsError, match="sigma must be a finite number"):
        noisy(clean, sigma=sigma)
    assert list(clean.parent.iterdir()) == [clean]
