"""A classical way back from a degraded image, with the options to try on the validation split."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Baseline(NamedTuple):
    """A restoration method without a network.

    Attributes:
        restore: `restore(degraded, shape, **options)`: float32 (n, h, w, c) in [0, 1] and the target's (height, width)
            → float32 (n, height, width, c) in [0, 1]. It runs in worker processes, so it is a module's function.
        grid: the options to choose from by PSNR on the validation split; one entry means nothing to tune.
        known: the degradation's own options that the method is told besides, such as the noise's σ.
    """

    restore: Callable[..., NDArray[np.float32]]
    grid: tuple[Mapping[str, float], ...] = ({},)
    known: tuple[str, ...] = ()
