import json
from pathlib import Path

import numpy as np
import pytest
from checkouts import begun

from showreel.stages.degrade import degrade, image_generators
from showreel.storage import prepared
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.fields import SPLITS, Block, Split

COUNTS = dict(zip(SPLITS, (23, 5, 7), strict=True))


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """Mid-grey images of 6×4 pixels: what is noise shows."""
    blocks = {
        split: Block(np.full((n, 6, 4, 1), 128, np.uint8), np.arange(n, dtype=np.int32)) for split, n in COUNTS.items()
    }
    attributes = {"dataset": "grey", "degradation": "clean", "classes": ("a", "b")}
    prepared.write_prepared(tmp_path / "clean.h5", [(split, [block]) for split, block in blocks.items()], attributes)
    return tmp_path / "clean.h5"


def noisy(clean: Path, name: str = "noisy.h5", *, seed: int = 20, sigma: float = 0.1) -> Path:
    degrade("noisy", clean, clean.parent / name, seed=seed, options={"sigma": sigma}, lineage=begun(clean))
    return clean.parent / name


def draws(seed: int, split: Split, start: int, count: int) -> list[float]:
    return [generator.standard_normal() for generator in image_generators(seed, split, start, count)]


def test_every_image_is_degraded_and_keeps_its_label_and_place(clean: Path) -> None:
    path = noisy(clean, sigma=0.0)
    for split, count in COUNTS.items():
        before, after = prepared.read_split(clean, split), prepared.read_split(path, split)
        np.testing.assert_array_equal(after.images, before.images)
        assert after.labels.tolist() == list(range(count))


def test_the_file_says_what_made_it(clean: Path) -> None:
    attributes = prepared.read_attributes(noisy(clean))
    assert attributes["dataset"] == "grey"
    assert attributes["degradation"] == "noisy"
    assert attributes["seed"] == 20
    assert json.loads(attributes["options"]) == {"sigma": 0.1}
    assert list(attributes["classes"]) == ["a", "b"]


def test_the_noise_has_the_mean_and_deviation_that_were_asked_for(clean: Path) -> None:
    noise = prepared.read_split(noisy(clean), "train").images / 255 - 128 / 255
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
    first, second = (prepared.read_split(noisy(clean, f"{seed}.h5", seed=seed), "test").images for seed in (1, 2))
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
