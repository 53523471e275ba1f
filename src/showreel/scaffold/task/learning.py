"""What training minimises, and the score by which it keeps the best epoch. Replace both by your own.

Training depends on this file and on no other of the folder, so it imports none of them.
"""

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
"""The fields that the network is given; of the experiment's input where its degradation changes them."""
TARGETS: tuple[str, ...] = ("image",)
"""The fields that it is to answer; always the data set's own."""
BETTER: Direction = "higher"
"""Which direction of `score` is better."""


def shapes(
    inputs: Mapping[str, Described], targets: Mapping[str, Described]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what a model's `build` is given: (height, width, channels) of input and output."""
    return inputs["image"].shape, (*targets["image"].shape[:2], 1)


def batch(inputs: "dict[str, tf.Tensor]", targets: "dict[str, tf.Tensor]") -> "tuple[Any, Any]":
    """Return what the network is given, and what it is to answer: 1 where a pixel is bright, else 0."""
    import tensorflow as tf

    brightness = tf.reduce_mean(tf.cast(targets["image"], tf.float32), axis=-1, keepdims=True)
    return inputs["image"], tf.cast(brightness > 127.5, tf.float32)


def compiled(network: "keras.Model", optimizer: "keras.Optimizer") -> "keras.Model":
    """Compile a network with its loss and no metrics."""
    network.compile(optimizer, "mean_squared_error")
    return network


def outputs(network: "keras.Model", inputs: Fields) -> NDArray[np.float32]:
    """Return how sure the network is that a pixel is bright, float32 (n, h, w, 1) in [0, 1]."""
    from showreel.training.prediction import predict

    return predict(network, np.asarray(inputs["image"]))


def recorded(outputs: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return outputs as the reel keeps them: uint8, 0…255."""
    return np.rint(outputs * 255).astype(np.uint8)


def loss(targets: Fields, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each example's squared error, (n,)."""
    return np.asarray(np.square(outputs - bright(targets)).mean(axis=(1, 2, 3)), np.float64)


def score(targets: Fields, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each example's share of pixels that are answered rightly, (n,)."""
    return right(targets, outputs)


def right(targets: Fields, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each example's share of pixels that are answered rightly, (n,)."""
    return np.asarray(((outputs > 0.5) == bright(targets)).mean(axis=(1, 2, 3)), np.float64)


def bright(targets: Fields) -> NDArray[np.bool_]:
    """Return which pixels are brighter than half: (n, h, w, 1)."""
    return np.asarray(np.asarray(targets["image"]).mean(axis=-1, keepdims=True) > 127.5)
