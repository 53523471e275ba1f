"""How near restored images come to the clean ones: a score per image and kind, for whole batches at once."""

import math
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from showreel.scoring.score import Columns, Score, means
from showreel.storage.fields import Fields
from showreel.tasks.restoration.learning import decibels

Floats = NDArray[np.float32]

WINDOW = 7
"""Pixels a side over which SSIM takes its means and variances."""

BLOCK_VALUES = 1 << 17
"""Values that are worked on at a time: few enough for a processor's cache, enough to make Python's part small."""

THREAD_VALUES = 1 << 20
"""Values that are worth a thread: some milliseconds of work."""

MOST_THREADS = 4
"""More would gain little, since memory is shared, and other jobs may run beside this one."""


SCORES = {
    "psnr": Score("PSNR", ".2f", "dB", tolerance=0.1),
    "ssim": Score("SSIM", ".3f", tolerance=0.005),
    "mse": Score("MSE", ".5f", better="lower", tolerance=math.inf),
}


def score(targets: Fields, outputs: Floats) -> dict[str, NDArray[np.float64]]:
    """Return every score of every restored image, float32 (n, h, w, c) in [0, 1]; see `similarity`."""
    return similarity(np.asarray(targets["image"]), outputs)


def summary(columns: Columns) -> dict[str, float]:
    """Return the mean of every score."""
    return means(columns)


def similarity(target: NDArray[np.uint8], restored: Floats) -> dict[str, NDArray[np.float64]]:
    """Return every score of every image.

    SSIM is the structural similarity (Wang 2004), averaged over channels and all whole windows: a uniform window and
    the sample covariance, as in `skimage.metrics.structural_similarity` with a data range of 1; in images of fewer than
    `WINDOW` pixels a side, the largest odd window that fits. A thread takes 64 bytes a value of its block or image.

    Args:
        target: uint8 (n, h, w, c), 0…255.
        restored: float32 (n, h, w, c), in [0, 1].

    Returns:
        psnr (dB, see `learning.HIGHEST_PSNR`), ssim (at most 1) and mse (on [0, 1]), each float64 (n,).

    Raises:
        ValueError: the shapes differ.
    """
    if target.shape != restored.shape:
        raise ValueError(f"images of {restored.shape} cannot be scored against images of {target.shape}")
    errors, similarities = np.empty((2, len(target)), np.float64)
    size = int(np.prod(target.shape[1:]))
    rows = max(1, min(len(target), BLOCK_VALUES // size))
    starts = iter(range(0, len(target), rows))

    def work() -> None:
        """Take one block after the other, until no thread finds any."""
        spaces = np.empty((4, 4, rows * size), np.float32)
        for start in starts:
            block = slice(start, start + rows)
            errors[block], similarities[block] = _compared(target[block], restored[block], spaces)

    threads = min(len(os.sched_getaffinity(0)), MOST_THREADS, target.size // THREAD_VALUES)
    with ThreadPoolExecutor(max(1, threads)) as pool:  # NumPy lets go of Python's lock while it computes
        others = [pool.submit(work) for _ in range(threads - 1)]
        work()
        for other in others:
            other.result()
    return {"psnr": decibels(errors), "ssim": similarities, "mse": errors}


def _compared(
    target: NDArray[np.uint8], restored: Floats, spaces: Floats
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean squared error and mean structural similarity of a block of images.

    With the sum a = x + y and the difference b = x - y, SSIM needs only the means and variances of a and b:
    4 x̄ ȳ = ā² - b̄², 2 (x̄² + ȳ²) = ā² + b̄², and likewise covariance and variances. The variance of a is taken about its
    middle, where float32 loses least.

    Args:
        target: uint8 (n, h, w, c).
        restored: float32 (n, h, w, c).
        spaces: float32 (4, 4, at least n · h · w · c) to compute in: pages from the system cost as much as the sums.
    """
    _, height, width, channels = target.shape
    window = min(WINDOW, *(side - 1 + side % 2 for side in (height, width)))
    moments, first, second, sums = spaces[:, :, : target.size]
    x = np.multiply(target.reshape(-1), np.float32(1 / 255), out=first[0], dtype=np.float32)
    y = restored.reshape(-1)
    np.add(x, y, out=moments[0])
    moments[0] -= 1
    np.subtract(x, y, out=moments[1])
    np.square(moments[:2], out=moments[2:])
    errors: NDArray[np.float64] = moments[3].reshape(target.shape).mean(axis=(1, 2, 3), dtype=np.float64)
    sums = _sums(moments, window, channels, (first, second), sums)
    sums = _sums(sums, window, width * channels, (first, second), moments)
    similarity = first[0]
    _similarity(sums, window, out=similarity[: sums.shape[1]])
    whole = similarity.reshape(target.shape)[:, : height - window + 1, : width - window + 1]
    return errors, whole.mean(axis=(1, 2, 3), dtype=np.float64)


def _similarity(sums: Floats, window: int, *, out: Floats) -> None:
    """Write the structural similarity of each window, and overwrite `sums`: (4, m) → (m,).

    Everything stays multiplied by the window's size, squared.
    """
    sum_a, sum_b, variance_a, variance_b = sums
    pixels = window**2
    c1, c2 = 2 * 0.01**2 * pixels**2, 2 * 0.03**2 * pixels * max(1, pixels - 1)
    sums[2:] *= pixels
    variance_a -= np.multiply(sum_a, sum_a, out=out)
    variance_a += np.float32(c2)
    sum_a += pixels
    np.square(sums[:2], out=sums[:2])
    sum_a += np.float32(c1)
    variance_b -= sum_b
    np.subtract(sum_a, sum_b, out=out)
    sum_a += sum_b
    out *= np.subtract(variance_a, variance_b, out=sum_b)
    variance_a += variance_b
    sum_a *= variance_a
    out /= sum_a


def _sums(values: Floats, window: int, step: int, spare: tuple[Floats, Floats], out: Floats) -> Floats:
    """Add up `window` (odd) values, `step` apart, from each place on: (k, m) → (k, m - (window - 1) · step).

    Images lie one behind the other, so windows run over their edges; those sums mean nothing and are cut off at the
    end. Doubling takes 4 additions for 7 values, and long rows let the processor add many at a time: 2.5 times as fast
    as sums over the valid windows alone.
    """
    length = values.shape[1] - (window - 1) * step
    sums = values[:, (window - 1) * step :]
    part, width, start = values, 1, 0
    while 2 * width < window:
        kept = part.shape[1] - width * step
        part = np.add(part[:, :kept], part[:, width * step :], out=spare[0][:, :kept])
        spare = spare[::-1]
        width *= 2
        if (window - 1) & width:
            sums = np.add(sums, part[:, start * step : start * step + length], out=out[:, :length])
            start += width
    return sums
