import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import metrics

from showreel.objectives.restoration import learning, scores


def expected(target: NDArray[np.uint8], restored: NDArray[np.float32], window: int = 7) -> list[float]:
    return [
        metrics.structural_similarity(t / 255, r, data_range=1, channel_axis=-1, win_size=window)  # type: ignore[no-untyped-call]
        for t, r in zip(target, restored.astype(np.float64), strict=True)
    ]


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (8, 9, 1), (7, 40, 3), (5, 4, 1), (6, 8, 3), (3, 3, 1)])
def test_ssim_equals_that_of_scikit_image(shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 256, (9, *shape), np.uint8)
    target[0], target[1] = 0, 255
    restored = (0.7 * learning.unit(target) + 0.3 * random.random(target.shape)).astype(np.float32)
    restored[:3] = learning.unit(target[:3])
    window = min(7, *(size - 1 + size % 2 for size in shape[:2]))
    np.testing.assert_allclose(scores.ssim(target, restored), expected(target, restored, window), atol=1e-5)


def test_ssim_of_a_nearly_white_image_is_as_exact() -> None:
    random = np.random.default_rng(0)
    target = random.integers(253, 256, (4, 28, 28, 1), np.uint8)
    restored = np.clip(learning.unit(target) + 0.01 * random.standard_normal(target.shape), 0, 1).astype(np.float32)
    np.testing.assert_allclose(scores.ssim(target, restored), expected(target, restored), atol=1e-4)


def test_equal_images_have_ssim_one() -> None:
    target = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), np.uint8)
    np.testing.assert_allclose(scores.ssim(target, learning.unit(target)), 1, atol=1e-6)


def test_ssim_of_flat_images_is_known_by_hand() -> None:
    target, restored = np.zeros((1, 10, 10, 1), np.uint8), np.ones((1, 10, 10, 1), np.float32)
    assert scores.ssim(target, restored)[0] == pytest.approx(1e-4 / (1 + 1e-4), rel=1e-3)


def test_ssim_does_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    target = np.random.default_rng(0).integers(0, 256, (7, 12, 12, 3), np.uint8)
    restored = np.random.default_rng(1).random(target.shape, np.float32)
    whole = scores.ssim(target, restored)
    monkeypatch.setattr(learning, "BLOCK_VALUES", 2 * 12 * 12 * 3)
    np.testing.assert_array_equal(scores.ssim(target, restored), whole)


def test_score_gives_each_kind_for_each_image() -> None:
    target = np.zeros((5, 8, 8, 1), np.uint8)
    table = scores.score(target, np.full(target.shape, 0.1, np.float32))
    assert list(table) == ["psnr", "ssim", "mse"]
    assert all(values.shape == (5,) and values.dtype == np.float64 for values in table.values())
    assert table["mse"] == pytest.approx([0.01] * 5)
    assert table["psnr"] == pytest.approx([20] * 5)
