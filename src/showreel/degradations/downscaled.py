"""Means over squares with light noise; ways back: nearest, bilinear, bicubic and Lanczos interpolation."""

from collections.abc import Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from showreel.degradations.parts import noise
from showreel.scoring.baselines import Baseline
from showreel.storage.errors import ParamsError


def degrade(
    clean: NDArray[np.uint8], generators: Iterable[np.random.Generator], *, factor: int, sigma: float
) -> NDArray[np.uint8]:
    """Return clip(mean over factor×factor + N(0, σ), 0, 1) on [0, 1], rounded to uint8.

    Images whose size is not a multiple of factor are first continued with their last row and column.

    Args:
        clean: uint8 (n, h, w, c).
        generators: one an image; each is used before the next is asked for.
        factor: how many times smaller; at least 2, at most the images' longer side.
        sigma: standard deviation on [0, 1].

    Returns:
        uint8 (n, ⌈h / factor⌉, ⌈w / factor⌉, c).

    Raises:
        ParamsError: factor is too small or too large, or sigma is negative or not finite.
    """
    count, height, width, channels = clean.shape
    if not 2 <= factor <= max(2, height, width):
        raise ParamsError(
            f"degradations: factor must lie between 2 and {max(2, height, width)}, the image's side, not {factor}"
        )
    padding = ((0, 0), (0, -height % factor), (0, -width % factor), (0, 0))
    squares = np.pad(clean, padding, mode="edge").reshape(
        count, -(-height // factor), factor, -(-width // factor), factor, channels
    )
    return noise.add(squares.mean(axis=(2, 4), dtype=np.float32), generators, sigma)


def _interpolated(
    degraded: NDArray[np.float32], shape: tuple[int, int], *, method: Image.Resampling
) -> NDArray[np.float32]:
    """Enlarge by the whole factor that leads to `shape`, without rounding, and cut off what padding had added."""
    count, height, width, channels = degraded.shape
    factor = max(-(-shape[0] // height), -(-shape[1] // width))
    size = (width * factor, height * factor)
    planes = np.ascontiguousarray(np.moveaxis(degraded, 3, 1)).reshape(-1, height, width)
    enlarged = np.stack([np.asarray(Image.fromarray(plane).resize(size, method)) for plane in planes])
    images = np.moveaxis(enlarged.reshape(count, channels, *size[::-1]), 1, 3)
    restored: NDArray[np.float32] = np.clip(images[:, : shape[0], : shape[1]], 0, 1)
    return restored


FIELDS = ("image",)

BASELINES: dict[str, Baseline] = {
    "nearest": Baseline(partial(_interpolated, method=Image.Resampling.NEAREST)),
    "bilinear": Baseline(partial(_interpolated, method=Image.Resampling.BILINEAR)),
    "bicubic": Baseline(partial(_interpolated, method=Image.Resampling.BICUBIC)),
    "lanczos": Baseline(partial(_interpolated, method=Image.Resampling.LANCZOS)),
}
