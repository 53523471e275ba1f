"""How near restored images come to the clean ones: a score per image and kind, for whole batches at once."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from showreel.objectives.restoration.learning import blocks, mse, psnr, unit

WINDOW = 7
"""Pixels a side over which SSIM takes its means and variances."""


def score(target: NDArray[np.uint8], restored: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    """Return every score of every image.

    Args:
        target: uint8 (n, h, w, c), 0…255.
        restored: float32 (n, h, w, c), in [0, 1].

    Returns:
        psnr (dB, see `learning.HIGHEST_PSNR`), ssim (at most 1) and mse (on [0, 1]), each float64 (n,).
    """
    return {"psnr": psnr(target, restored), "ssim": ssim(target, restored), "mse": mse(target, restored)}


def ssim(target: NDArray[np.uint8], restored: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each image's structural similarity (Wang 2004), averaged over channels and all whole windows.

    A uniform window and the sample covariance, as in `skimage.metrics.structural_similarity` with a data range of 1;
    in images of fewer than `WINDOW` pixels a side, the largest odd window that fits.

    Args:
        target: uint8 (n, h, w, c), 0…255.
        restored: float32 (n, h, w, c), in [0, 1].

    Returns:
        float64 (n,).
    """
    similarities = np.empty(len(target), np.float64)
    shortest = min(target.shape[1:3])
    window = min(WINDOW, shortest - 1 + shortest % 2)

    def fill(rows: slice) -> None:
        similarities[rows] = _similarity(target[rows], restored[rows], window)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:  # NumPy lets go of Python's lock while it computes
        list(pool.map(fill, blocks(target.shape)))
    return similarities


def _similarity(target: NDArray[np.uint8], restored: NDArray[np.float32], window: int) -> NDArray[np.float64]:
    """Return the mean structural similarity of a block of images (n, h, w, c).

    With the sum a = x + y and the difference b = x - y, SSIM needs only the means and variances of a and b:
    4 x̄ ȳ = ā² - b̄², 2 (x̄² + ȳ²) = ā² + b̄², and likewise covariance and variances. All stay multiplied by the window's
    size, squared. The variance of a is taken about its middle, where float32 loses least.
    """
    _, height, width, channels = target.shape
    moments = np.empty((4, target.size), np.float32)
    x, y = unit(target).reshape(-1), restored.reshape(-1)
    np.add(x, y, out=moments[0])
    moments[0] -= 1
    np.subtract(x, y, out=moments[1])
    np.square(moments[:2], out=moments[2:])
    sum_a, sum_b, variance_a, variance_b = _sums(_sums(moments, window, channels), window, width * channels)

    pixels = window**2
    c1, c2 = 2 * 0.01**2 * pixels**2, 2 * 0.03**2 * pixels * max(1, pixels - 1)
    variance_a *= pixels
    variance_a -= sum_a * sum_a
    variance_a += np.float32(c2)
    sum_a += pixels
    sum_a *= sum_a
    sum_a += np.float32(c1)
    sum_b *= sum_b
    variance_b *= pixels
    variance_b -= sum_b
    similarity = np.zeros(target.size, np.float32)
    valid = np.subtract(sum_a, sum_b, out=similarity[: sum_a.size])
    valid *= variance_a - variance_b
    sum_a += sum_b
    variance_a += variance_b
    valid /= np.multiply(sum_a, variance_a, out=sum_a)
    whole = similarity.reshape(target.shape)[:, : height - window + 1, : width - window + 1]
    means: NDArray[np.float64] = whole.mean(axis=(1, 2, 3), dtype=np.float64)
    return means


def _sums(values: NDArray[np.float32], window: int, step: int) -> NDArray[np.float32]:
    """Add up `window` (odd) values, `step` apart, from each place on: (k, m) → (k, m - (window - 1) · step).

    Images lie one behind the other, so windows run over their edges; those sums mean nothing and are cut off at the
    end. Doubling takes 4 additions for 7 values, and long rows let the processor add many at a time: 2.5 times as fast
    as sums over the valid windows alone.
    """
    length = values.shape[1] - (window - 1) * step
    sums = values[:, (window - 1) * step :].copy()
    part, width, start = values, 1, 0
    while 2 * width < window:
        part = part[:, : -width * step] + part[:, width * step :]
        width *= 2
        if (window - 1) & width:
            sums += part[:, start * step : start * step + length]
            start += width
    return sums
