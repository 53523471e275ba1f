"""Gaussian noise with a random generator an image: shared by the degradations that add some."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from showreel.storage.errors import ParamsError

BLOCK_VALUES = 1 << 16
"""Values that are worked on at a time: they stay in a processor's cache."""


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
    degraded = np.empty(clean.shape, np.uint8)
    for place, generator in zip(_places(clean, sigma, degraded), generators, strict=True):
        generator.standard_normal(dtype=np.float32, out=place)
    return degraded


def _places(
    clean: NDArray[np.uint8] | NDArray[np.float32], sigma: float, degraded: NDArray[np.uint8]
) -> Iterator[NDArray[np.float32]]:
    """Yield a place for each image's random numbers, and turn them, block by block, into `degraded`.

    A block is finished when the place after its last one is asked for.
    """
    rows = max(1, min(len(clean), BLOCK_VALUES // int(np.prod(clean.shape[1:]))))
    places = np.empty((rows, *clean.shape[1:]), np.float32)
    each = list(places)
    for start in range(0, len(clean), rows):
        values = places[: len(clean) - start]
        yield from each[: len(values)]
        values *= np.float32(255 * sigma)
        values += clean[start : start + rows]
        np.clip(values, 0, 255, out=values)
        degraded[start : start + rows] = np.rint(values, out=values)
