"""Contracts of every file of degradations/, then what is particular to each."""

import warnings
from collections.abc import Iterator
from gzip import decompress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from options import values

from showreel.degradations import downscaled, noisy
from showreel.degradations.parts import noise
from showreel.params import registry
from showreel.scoring.baselines import Baseline
from showreel.storage.errors import ParamsError
from showreel.tasks.restoration.learning import psnr, unit

SHAPES = [(8, 8, 1), (28, 28, 1), (29, 31, 1), (32, 32, 3)]
MNIST = Path(__file__).parents[3] / "shared/data/mnist"
NAMES = registry.names("degradations")
WITH_DEGRADE = [name for name in NAMES if hasattr(registry.module("degradations", name), "degrade")]
WITH_SIGMA = [name for name in WITH_DEGRADE if "sigma" in registry.options("degradations", name)]
BASELINES = [(name, way) for name in NAMES for way in registry.module("degradations", name).BASELINES]


def images(count: int, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)


def generators(count: int, start: int = 0) -> Iterator[np.random.Generator]:
    """Hand out one object that is set anew for each image, as the degrade stage does."""
    bits = np.random.Philox(key=7)
    generator, state = np.random.Generator(bits), bits.state
    for index in range(start, start + count):
        state["state"]["counter"] = np.array([0, 0, index, 0], np.uint64)
        bits.state = state
        yield generator


def mnist(count: int) -> NDArray[np.uint8]:
    path = MNIST / "t10k-images-idx3-ubyte.gz"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    return np.frombuffer(decompress(path.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28, 1)[:count]


@pytest.fixture(params=WITH_DEGRADE)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return registry.module("degradations", request.param)


@pytest.fixture
def chosen(module: ModuleType) -> dict[str, Any]:
    return values("degradations", module.__name__.rpartition(".")[2])


def is_random(module: ModuleType, chosen: dict[str, Any]) -> bool:
    """Say whether a degradation asks for the generators; one that does not, such as a blur, has no use for any."""
    offered = generators(1)
    module.degrade(images(1, (8, 8, 1)), offered, **chosen)
    return next(offered, None) is None


@pytest.mark.parametrize("shape", SHAPES)
def test_degrading_keeps_count_channels_and_type(
    module: ModuleType, chosen: dict[str, Any], shape: tuple[int, int, int]
) -> None:
    degraded = module.degrade(images(3, shape), generators(3), **chosen)
    assert degraded.dtype == np.uint8
    assert (len(degraded), degraded.shape[3]) == (3, shape[2])


def test_same_seed_gives_same_images_and_another_seed_others(module: ModuleType, chosen: dict[str, Any]) -> None:
    clean = images(4, (8, 8, 1))
    first = module.degrade(clean, generators(4), **chosen)
    np.testing.assert_array_equal(first, module.degrade(clean, generators(4), **chosen))
    changed = (first != module.degrade(clean, generators(4, start=100), **chosen)).any(axis=(1, 2, 3))
    assert changed.tolist() == 4 * [is_random(module, chosen)]


def test_an_image_is_the_same_whatever_block_it_comes_in(module: ModuleType, chosen: dict[str, Any]) -> None:
    clean = images(5, (8, 8, 3))
    whole = module.degrade(clean, generators(5), **chosen)
    parts = [module.degrade(clean[i : i + 1], generators(1, start=i), **chosen) for i in range(5)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_clean_images_are_not_changed_by_degrading(module: ModuleType, chosen: dict[str, Any]) -> None:
    clean = images(2, (8, 8, 1))
    before = clean.copy()
    module.degrade(clean, generators(2), **chosen)
    np.testing.assert_array_equal(clean, before)


@pytest.mark.parametrize("name", WITH_SIGMA)
@pytest.mark.parametrize("sigma", [-0.1, float("nan"), float("inf")])
def test_a_sigma_that_makes_no_sense_is_refused_by_name(name: str, sigma: float) -> None:
    degrade = registry.module("degradations", name).degrade
    with pytest.raises(ParamsError, match="sigma"):
        degrade(images(1, (8, 8, 1)), generators(1), **values("degradations", name) | {"sigma": sigma})


@pytest.mark.parametrize(("name", "way"), BASELINES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_baseline_gives_the_target_size_in_range(name: str, way: str, shape: tuple[int, int, int]) -> None:
    module = registry.module("degradations", name)
    baseline: Baseline = module.BASELINES[way]
    chosen = values("degradations", name)
    degraded = unit(module.degrade(images(2, shape), generators(2), **chosen))
    before = degraded.copy()
    known = {option: chosen[option] for option in baseline.known}
    for tried in (baseline.grid[0], baseline.grid[-1]):
        restored = baseline.answer(degraded, shape[:2], **known, **tried)
        assert restored.shape == (2, *shape)
        assert restored.dtype == np.float32
        assert restored.min() >= 0
        assert restored.max() <= 1
    np.testing.assert_array_equal(degraded, before)


@pytest.mark.parametrize(("name", "way"), [(name, way) for name, way in BASELINES if name in WITH_SIGMA])
def test_every_way_back_from_noise_leaves_a_flat_grey_image_grey(name: str, way: str) -> None:
    module = registry.module("degradations", name)
    baseline: Baseline = module.BASELINES[way]
    chosen = values("degradations", name) | {"sigma": 0.0}
    degraded = unit(module.degrade(np.full((1, 16, 16, 3), 128, np.uint8), generators(1), **chosen))
    known = {option: chosen[option] for option in baseline.known}
    restored = baseline.answer(degraded, (16, 16), **known, **baseline.grid[0])
    np.testing.assert_allclose(restored, 128 / 255, atol=1e-3)


def test_noise_of_sigma_zero_changes_nothing_and_its_ways_back_work() -> None:
    clean = images(1, (8, 8, 1))
    degraded = noisy.degrade(clean, generators(1), sigma=0.0)
    np.testing.assert_array_equal(degraded, clean)
    with warnings.catch_warnings(action="error"):
        for baseline in noisy.BASELINES.values():
            known = dict.fromkeys(baseline.known, 0.0)
            restored = baseline.answer(unit(degraded), (8, 8), **known, **baseline.grid[0])
            np.testing.assert_allclose(restored, unit(clean), atol=0.01)


def test_noise_has_the_given_deviation_and_is_clipped() -> None:
    grey = np.full((20, 32, 32, 1), 128, np.uint8)
    assert noisy.degrade(grey, generators(20), sigma=0.1).std() == pytest.approx(25.5, rel=0.02)
    black = noisy.degrade(np.zeros_like(grey), generators(20), sigma=0.1)
    assert (black == 0).mean() == pytest.approx(0.5, abs=0.02)


def test_undoing_the_clipping_turns_the_mean_of_noisy_black_into_black() -> None:
    noisy_black = unit(noisy.degrade(np.zeros((50, 28, 28, 1), np.uint8), generators(50), sigma=0.5))
    mean = np.float32(noisy_black.mean())
    assert mean == pytest.approx(0.5 * 0.3989, abs=0.005)  # σ / √(2π); a little less, since 1 clips as well
    assert noisy._unclipped(np.array([mean]), 0.5)[0] < 0.02


def test_noise_does_not_depend_on_the_block_that_is_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clean = images(7, (8, 8, 3))
    whole = noisy.degrade(clean, generators(7), sigma=0.2)
    for values_a_block in (1, 3 * 192):
        monkeypatch.setattr(noise, "BLOCK_VALUES", values_a_block)
        np.testing.assert_array_equal(noisy.degrade(clean, generators(7), sigma=0.2), whole)
    assert noisy.degrade(clean[:0], generators(0), sigma=0.2).shape == (0, 8, 8, 3)


def test_too_few_generators_are_an_error(module: ModuleType, chosen: dict[str, Any]) -> None:
    if not is_random(module, chosen):
        pytest.skip("is not random")
    with pytest.raises(ValueError, match="zip"):
        module.degrade(images(2, (8, 8, 1)), generators(1), **chosen)


def test_downscaling_takes_means_over_squares() -> None:
    clean = np.array([[0, 4, 8, 8], [8, 12, 8, 8]], np.uint8).reshape(1, 2, 4, 1)
    degraded = downscaled.degrade(clean, generators(1), factor=2, sigma=0.0)
    assert degraded.ravel().tolist() == [6, 8]


def test_downscaling_an_odd_size_continues_the_edge() -> None:
    clean = np.array([[10, 20, 30]], np.uint8).reshape(1, 1, 3, 1)
    degraded = downscaled.degrade(clean, generators(1), factor=2, sigma=0.0)
    assert degraded.shape == (1, 1, 2, 1)
    assert degraded.ravel().tolist() == [15, 30]
    nearest = downscaled.BASELINES["nearest"].answer(unit(degraded), (1, 3))
    np.testing.assert_allclose(nearest.ravel() * 255, [15, 15, 30], atol=1e-4)


@pytest.mark.parametrize("factor", [-2, 0, 1])
def test_a_factor_below_two_is_refused_by_name(factor: int) -> None:
    with pytest.raises(ParamsError, match="factor"):
        downscaled.degrade(images(1, (8, 8, 1)), generators(1), factor=factor, sigma=0.0)


@pytest.mark.parametrize(
    ("way", "floor"), [("nearest", 18.0), ("bilinear", 18.5), ("bicubic", 20.1), ("lanczos", 21.0)]
)
def test_interpolation_reaches_the_known_psnr_on_mnist(way: str, floor: float) -> None:
    clean = mnist(10_000)[::10]
    degraded = unit(downscaled.degrade(clean, generators(len(clean)), factor=2, sigma=0.0))
    assert psnr(clean, downscaled.BASELINES[way].answer(degraded, (28, 28))).mean() == pytest.approx(floor, abs=0.1)


def test_noisy_mnist_has_the_known_psnr() -> None:
    clean = mnist(10_000)
    degraded = noisy.degrade(clean, generators(len(clean)), sigma=0.5)
    assert psnr(clean, unit(degraded)).mean() == pytest.approx(9.38, abs=0.01)


@pytest.mark.parametrize("sigma", [0.1, 0.5])
def test_the_best_options_on_mnist_lie_inside_the_grids(sigma: float) -> None:
    clean = mnist(60)
    degraded = unit(noisy.degrade(clean, generators(len(clean)), sigma=sigma))
    for way in ("total_variation", "non_local_means"):
        baseline = noisy.BASELINES[way]
        reached = [psnr(clean, baseline.answer(degraded, (28, 28), sigma=sigma, **o)).mean() for o in baseline.grid]
        assert 0 < int(np.argmax(reached)) < len(reached) - 1
