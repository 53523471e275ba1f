"""NAME: pixels lost to black or white; way back: the median. Replace both by your own."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from showreel.scoring.baselines import Baseline
from showreel.storage.errors import ParamsError


def degrade(clean: NDArray[np.uint8], generators: Iterable[np.random.Generator], *, share: float) -> NDArray[np.uint8]:
    """Return images in which some pixels are black or white.

    An option is a keyword-only parameter with a type; its value stands in params.yaml.

    Args:
        clean: uint8 (n, h, w, c); it must not be changed.
        generators: one an image, for all that is random about it; draw from each before you ask for the next.
        share: of the pixels that are lost, 0…1.

    Returns:
        uint8 (n, h, w, c); height and width may be others, the same for all images.

    Raises:
        ParamsError: share is no number from 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ParamsError(f"degradations.NAME: share must lie between 0 and 1, not {share}")
    degraded = clean.copy()
    for image, generator in zip(degraded, generators, strict=True):
        drawn = generator.random(image.shape[:2])
        image[drawn < share] = 0
        image[drawn < share / 2] = 255
    return degraded


def median(degraded: NDArray[np.float32], _shape: tuple[int, int], *, size: int) -> NDArray[np.float32]:
    """Take the median of size×size pixels.

    A way back gets float32 (n, h, w, c) in [0, 1] and the target's (height, width), and returns float32 (n, height,
    width, c) in [0, 1].
    """
    restored: NDArray[np.float32] = ndimage.median_filter(degraded, (1, size, size, 1))
    return restored


FIELDS = ("image",)
"""The fields that it changes; an input's file holds these alone."""

BASELINES: dict[str, Baseline] = {"median": Baseline(median, grid=({"size": 1}, {"size": 3}, {"size": 5}))}
"""The classical ways back that a network has to beat, with the options that are tried on the validation images."""
