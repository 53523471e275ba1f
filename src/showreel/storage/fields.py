"""What every stage hands on: a block of images with their labels, out of one of three splits."""

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


class Block(NamedTuple):
    """Some consecutive images of one split.

    Attributes:
        images: uint8 (n, height, width, channels), channels 1 (grey) or 3 (RGB).
        labels: int32 (n,), an index into the data set's class names.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
