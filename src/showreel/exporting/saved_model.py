"""TensorFlow's SavedModel, by Keras, run by TensorFlow: a folder that needs neither Keras nor the network's code."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


def write(network: keras.Model, path: Path, _trained: str) -> None:
    """Write a network into a folder, with `serve` and `serving_default`; nothing in it says where it is from."""
    network.export(path, format="tf_saved_model", verbose=False)


def opened(path: Path) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return what TensorFlow makes of images."""
    restored = tf.saved_model.load(str(path))
    return lambda images: np.asarray(restored.serve(images))
