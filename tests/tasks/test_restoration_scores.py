import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import metrics

from showreel.tasks.restoration import learning, scores


def expected(target: NDArray[np.uint8], restored: NDArray[np.float32], window: int = 7) -> list[float]:
    return [
        metrics.structural_similarity(t / 255, r, data_range=1, channel_axis=-1, win_size=window)  # type: ignore[no-untyped-call]
        for t, r in zip(target, restored.astype(np.float64), strict=True)
    ]


def ssim(target: NDArray[np.uint8], restored: NDArray[np.float32]) -> NDArray[np.float64]:
    return scores.similarity(target, restored)["ssim"]


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (8, 9, 1), (7, 40, 3), (5, 4, 1), (6, 8, 3), (3, 3, 1)])
def test_ssim_equals_that_of_scikit_image(shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 256, (9, *shape), np.uint8)
    target[0], target[1] = 0, 255
    restored = (0.7 * learning.unit(target) + 0.3 * random.random(target.shape)).astype(np.float32)
    restored[:3] = learning.unit(target[:3])
    window = min(7, *(size - 1 + size % 2 for size in shape[:2]))
    np.testing.assert_allclose(ssim(target, restored), expected(target, restored, window), atol=1e-5)


def test_ssim_of_a_nearly_white_image_is_as_exact() -> None:
    random = np.random.default_rng(0)
    target = random.integers(253, 256, (4, 28, 28, 1), np.uint8)
    restored = np.clip(learning.unit(target) + 0.01 * random.standard_normal(target.shape), 0, 1).astype(np.float32)
    np.testing.assert_allclose(ssim(target, restored), expected(target, restored), atol=1e-4)


def test_equal_images_have_ssim_one() -> None:
    target = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), np.uint8)
    np.testing.assert_allclose(ssim(target, learning.unit(target)), 1, atol=1e-6)


def test_ssim_of_flat_images_is_known_by_hand() -> None:
    target, restored = np.zeros((1, 10, 10, 1), np.uint8), np.ones((1, 10, 10, 1), np.float32)
    assert ssim(target, restored)[0] == pytest.approx(1e-4 / (1 + 1e-4), rel=1e-3)


def test_no_score_depends_on_blocks_or_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    target = np.random.default_rng(0).integers(0, 256, (37, 12, 12, 3), np.uint8)
    restored = np.random.default_rng(1).random(target.shape, np.float32)
    whole = scores.similarity(target, restored)
    monkeypatch.setattr(scores, "BLOCK_VALUES", 2 * 12 * 12 * 3)
    for values_a_thread in (scores.THREAD_VALUES, 1):
        monkeypatch.setattr(scores, "THREAD_VALUES", values_a_thread)
        for kind, parts in scores.similarity(target, restored).items():
            np.testing.assert_array_equal(parts, whole[kind])


def test_images_of_another_shape_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"\(9, 4, 16, 1\) cannot be scored"):
        scores.similarity(np.zeros((9, 8, 8, 1), np.uint8), np.zeros((9, 4, 16, 1), np.float32))


def test_psnr_and_mse_are_those_by_which_training_keeps_its_best_epoch() -> None:
    target = np.random.default_rng(0).integers(0, 256, (50, 20, 20, 3), np.uint8)
    restored = np.random.default_rng(1).random(target.shape, np.float32)
    restored[0] = learning.unit(target[0])
    table = scores.similarity(target, restored)
    np.testing.assert_allclose(table["psnr"], learning.psnr(target, restored), rtol=1e-12)
    np.testing.assert_allclose(table["mse"], learning.mse(target, restored), rtol=1e-12)
    assert table["psnr"][0] == learning.HIGHEST_PSNR


def test_no_images_have_no_scores() -> None:
    table = scores.similarity(np.zeros((0, 8, 8, 1), np.uint8), np.zeros((0, 8, 8, 1), np.float32))
    assert [values.shape for values in table.values()] == 3 * [(0,)]


def test_score_gives_each_kind_for_each_image() -> None:
    target = np.zeros((5, 8, 8, 1), np.uint8)
    table = scores.similarity(target, np.full(target.shape, 0.1, np.float32))
    assert list(table) == ["psnr", "ssim", "mse"]
    assert all(values.shape == (5,) and values.dtype == np.float64 for values in table.values())
    assert table["mse"] == pytest.approx([0.01] * 5)
    assert table["psnr"] == pytest.approx([20] * 5)
