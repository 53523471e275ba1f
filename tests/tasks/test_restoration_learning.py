import subprocess
import sys

import numpy as np
import pytest

from showreel.tasks.restoration import learning


def constant(value: float, count: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.full((count, 4, 6, 3), value, np.float32)


BLACK = np.zeros((1, 4, 6, 3), np.uint8)


@pytest.mark.parametrize(("offset", "expected"), [(1.0, 0.0), (0.1, 20.0), (0.01, 40.0)])
def test_a_constant_error_has_its_psnr(offset: float, expected: float) -> None:
    assert learning.psnr(BLACK, constant(offset)) == pytest.approx([expected], abs=1e-4)


def test_equal_images_get_the_highest_psnr() -> None:
    target = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    assert learning.psnr(target, learning.unit(target)).tolist() == [100.0]
    assert learning.psnr(target, (target / 255).astype(np.float32)).tolist() == [100.0]


def test_unit_reaches_from_zero_to_one() -> None:
    values = learning.unit(np.array([0, 51, 255], np.uint8))
    assert values.dtype == np.float32
    assert values.tolist() == pytest.approx([0, 0.2, 1])
    assert values.max() <= 1


def test_each_image_has_its_own_score_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    target = np.random.default_rng(0).integers(0, 256, (7, 4, 6, 3), np.uint8)
    restored = np.random.default_rng(1).random((7, 4, 6, 3), np.float32)
    expected = [np.mean((t / 255 - r) ** 2) for t, r in zip(target, restored.astype(np.float64), strict=True)]
    np.testing.assert_allclose(learning.mse(target, restored), expected, rtol=1e-6)
    monkeypatch.setattr(learning, "BLOCK_VALUES", 2 * 4 * 6 * 3)
    np.testing.assert_allclose(learning.mse(target, restored), expected, rtol=1e-6)


def test_an_image_larger_than_a_block_is_a_block() -> None:
    assert learning.blocks((2, 4096, 4096, 3)) == [slice(0, 1), slice(1, 2)]


def test_learning_imports_neither_tensorflow_nor_scikit_image() -> None:
    code = "import sys, showreel.tasks.restoration.learning; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded
    assert {"keras", "tensorflow", "skimage"}.isdisjoint(loaded)
