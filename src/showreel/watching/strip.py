"""A network's recorded outputs as one picture, where they are images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from showreel.storage.fields import CHANNELS

IMAGE_AXES = 4


def strip(outputs: NDArray[Any]) -> NDArray[np.uint8] | None:
    """Put outputs, (n, …), side by side: (h, n · w, c); None where they are no uint8 images (n, h, w, 1 or 3)."""
    if outputs.dtype != np.uint8 or outputs.ndim != IMAGE_AXES or outputs.shape[-1] not in CHANNELS:
        return None
    return np.hstack(list(outputs))
