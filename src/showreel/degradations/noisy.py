"""Clipped Gaussian noise; ways back: median, total variation, non-local means and wavelets."""

from collections.abc import Iterable
from itertools import product

import numpy as np
import pywt
from numpy.typing import NDArray
from scipy import ndimage, special
from skimage import restoration

from showreel.degradations.parts import noise
from showreel.scoring.baselines import Baseline

Images = NDArray[np.float32]

LEAST_SIGMA = 1e-3
"""A quarter of a grey level: the methods divide by σ, so none is told less."""


def degrade(clean: NDArray[np.uint8], generators: Iterable[np.random.Generator], *, sigma: float) -> NDArray[np.uint8]:
    """Return clip(x + N(0, σ), 0, 1) on [0, 1], rounded to uint8.

    Args:
        clean: uint8 (n, h, w, c).
        generators: one an image; each is used before the next is asked for.
        sigma: standard deviation on [0, 1].

    Returns:
        uint8 (n, h, w, c).

    Raises:
        ParamsError: sigma is negative or not finite.
    """
    return noise.add(clean, generators, sigma)


def median(degraded: Images, _shape: tuple[int, int], *, size: int) -> Images:
    """Take the median of size×size pixels; a size of 1 leaves the image as it is.

    Clipping needs no correction here: the median of clipped values is the clipped median.
    """
    return ndimage.median_filter(degraded, size=(1, size, size, 1))  # type: ignore[no-any-return]


def total_variation(degraded: Images, _shape: tuple[int, int], *, sigma: float, strength: float) -> Images:
    """Minimise each channel's total variation (Chambolle 2004), weighted by strength · σ, then undo the clipping."""
    sigma = max(sigma, LEAST_SIGMA)
    restored = [
        restoration.denoise_tv_chambolle(image, weight=strength * sigma, channel_axis=-1)  # type: ignore[no-untyped-call]
        for image in degraded
    ]
    return _unclipped(np.stack(restored), sigma)


def non_local_means(degraded: Images, _shape: tuple[int, int], *, sigma: float, strength: float) -> Images:
    """Average alike 5×5 patches (Buades 2005; Darbon 2008) with a decay of strength · σ, then undo the clipping."""
    sigma = max(sigma, LEAST_SIGMA)
    restored = [
        restoration.denoise_nl_means(
            image, patch_size=5, patch_distance=5, h=strength * sigma, fast_mode=True, channel_axis=-1
        )
        for image in degraded
    ]
    return _unclipped(np.reshape(restored, degraded.shape), sigma)


def wavelets(degraded: Images, _shape: tuple[int, int], *, sigma: float, strength: float, levels: int) -> Images:
    """Shrink Daubechies-2 coefficients for noise of strength · σ (BayesShrink, Chang 2000), then undo the clipping."""
    sigma = max(sigma, LEAST_SIGMA)
    deepest = pywt.dwtn_max_level(degraded.shape[1:3], "db2")
    restored = [
        restoration.denoise_wavelet(
            image, strength * sigma, "db2", wavelet_levels=min(levels, deepest), channel_axis=-1, rescale_sigma=False
        )
        for image in degraded
    ]
    return _unclipped(np.stack(restored), sigma)


def _unclipped(restored: Images, sigma: float) -> Images:
    """Undo what clipping does to a mean: noise around 0 loses its negative half, so black comes out grey.

    Restoring by averages finds E[clip(x + N(0, σ), 0, 1)]; this is its inverse in x (Foi 2009, "Clipped noisy images:
    heteroskedastic modeling and practical denoising"). Returns values in [0, 1].
    """
    x = np.linspace(0, 1, 1001)
    low, high = -x / sigma, (1 - x) / sigma
    inside = special.ndtr(high) - special.ndtr(low)
    mean = x * inside + sigma * (_density(low) - _density(high)) + special.ndtr(-high)
    return np.interp(restored, mean, x).astype(np.float32)


def _density(z: NDArray[np.float64]) -> NDArray[np.float64]:
    density: NDArray[np.float64] = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return density


def _strengths(*ratios: float) -> tuple[dict[str, float], ...]:
    return tuple({"strength": ratio} for ratio in ratios)


FIELDS = ("image",)

BASELINES: dict[str, Baseline] = {
    "median": Baseline(median, grid=tuple({"size": size} for size in (1, 3, 5, 7))),
    "total_variation": Baseline(
        total_variation, grid=_strengths(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.1), known=("sigma",)
    ),
    "non_local_means": Baseline(
        non_local_means, grid=_strengths(0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.3), known=("sigma",)
    ),
    "wavelets": Baseline(
        wavelets,
        grid=tuple(
            {"strength": strength, "levels": levels}
            for strength, levels in product((0.2, 0.35, 0.5, 0.65, 0.8, 1.1), (2, 3, 4))
        ),
        known=("sigma",),
    ),
}
