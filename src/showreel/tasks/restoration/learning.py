"""What training minimises, and the score by which it keeps the best epoch: mean squared error and PSNR."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from showreel.scoring.score import Direction
from showreel.storage.fields import Described, Fields

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

INPUTS: tuple[str, ...] = ("image",)
TARGETS: tuple[str, ...] = ("image",)
BETTER: Direction = "higher"

LOSS = "mean_squared_error"
"""The Keras loss between the network's output and the clean image, both on [0, 1]."""

HIGHEST_PSNR = 100.0
"""dB: what equal images get (a mean squared error of 1e-10), so that every score is a finite number."""

BLOCK_VALUES = 1 << 17
"""Values that are worked on at a time: they stay in a processor's cache."""


def shapes(
    inputs: Mapping[str, Described], targets: Mapping[str, Described]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return (height, width, channels) of a network's input and output."""
    return inputs["image"].shape, targets["image"].shape


def batch(inputs: "dict[str, tf.Tensor]", targets: "dict[str, tf.Tensor]") -> "tuple[Any, Any]":
    """Return inputs as uint8 and targets as float32 in [0, 1]."""
    import tensorflow as tf

    return inputs["image"], tf.cast(targets["image"], tf.float32) / 255


def compiled(network: "keras.Model", optimizer: "keras.Optimizer") -> "keras.Model":
    """Compile a network with the mean squared error."""
    network.compile(optimizer, LOSS)
    return network


def outputs(network: "keras.Model", inputs: Fields) -> NDArray[np.float32]:
    """Return restored images, float32 (n, h, w, c) in [0, 1]."""
    from showreel.training.prediction import predict

    return predict(network, np.asarray(inputs["image"]))


def recorded(outputs: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return images as uint8, 0…255."""
    return np.rint(outputs * 255).astype(np.uint8)


def loss(targets: Fields, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each image's mean squared error on [0, 1], (n,)."""
    return mse(np.asarray(targets["image"]), outputs)


def score(targets: Fields, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each image's PSNR in dB, (n,)."""
    return psnr(np.asarray(targets["image"]), outputs)


def psnr(target: NDArray[np.uint8], restored: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each image's peak signal-to-noise ratio in dB, at most `HIGHEST_PSNR`.

    Args:
        target: uint8 (n, h, w, c), 0…255.
        restored: float32 (n, h, w, c), in [0, 1].

    Returns:
        float64 (n,).
    """
    return decibels(mse(target, restored))


def decibels(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the PSNR in dB, at most `HIGHEST_PSNR`, of mean squared errors on [0, 1]; float64, of the same shape."""
    smallest = 10 ** (-HIGHEST_PSNR / 10)
    return -10 * np.log10(np.maximum(errors, smallest))


def mse(target: NDArray[np.uint8], restored: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each image's mean squared error on [0, 1]: float64 (n,); arguments as for `psnr`."""
    errors = np.empty(len(target), np.float64)
    for rows in blocks(target.shape):
        difference = restored[rows] - unit(target[rows])
        np.square(difference, out=difference)
        difference.mean(axis=(1, 2, 3), dtype=np.float64, out=errors[rows])
    return errors


def unit(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return uint8 images as float32 on [0, 1]."""
    return np.multiply(images, np.float32(1 / 255), dtype=np.float32)


def blocks(shape: tuple[int, ...]) -> list[slice]:
    """Cut n images of a shape (n, h, w, c) into slices of at most `BLOCK_VALUES` values, or of one image."""
    rows = max(1, BLOCK_VALUES // int(np.prod(shape[1:])))
    return [slice(start, start + rows) for start in range(0, shape[0], rows)]
