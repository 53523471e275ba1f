"""Gaussian noise with a random generator an image: shared by the degradations that add some."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from showreel.errors import ParamsError


def add(
    clean: NDArray[np.uint8] | NDArray[np.float32], generators: Iterable[np.random.Generator], sigma: float
) -> NDArray[np.uint8]:
    """Return clip(x + N(0, σ), 0, 1) of images on [0, 1], rounded to uint8.

    Args:
        clean: (n, h, w, c), values 0…255.
        generators: one an image; each is used before the next is asked for.
        sigma: standard deviation on [0, 1].

    Returns:
        uint8 (n, h, w, c).

    Raises:
        ParamsError: sigma is negative or not finite.
        ValueError: there are fewer or more generators than images.
    """
    if not (math.isfinite(sigma) and sigma >= 0):
        raise ParamsError(f"degradations: sigma must be a finite number ≥ 0, not {sigma}")
    noisy = np.empty(clean.shape, np.float32)
    for image, generator in zip(noisy, generators, strict=True):
        generator.standard_normal(dtype=np.float32, out=image)
    noisy *= np.float32(255 * sigma)
    noisy += clean
    np.clip(noisy, 0, 255, out=noisy)
    return np.rint(noisy, out=noisy).astype(np.uint8)
