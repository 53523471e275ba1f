"""How far an exported network is from the one that Keras runs, on every image of a test split."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from showreel.storage import prepared
from showreel.storage.errors import ShowreelError
from showreel.training import network_file
from showreel.training.prediction import predict

Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

BATCH_VALUES = 1 << 20
"""Values of the restored images that go through the networks at a time."""


@dataclass(frozen=True)
class Distance:
    """Absolute differences on [0, 1] over all values of all images."""

    largest: float
    mean: float

    def __str__(self) -> str:
        """Return both with two digits."""
        return f"largest difference {self.largest:.1e}, mean {self.mean:.1e}"


def in_float32(network: keras.Model) -> keras.Model:
    """Return the same weights, which are float32 anyway, in a network that computes in float32 throughout."""
    config = json.loads(json.dumps(network.get_config()), object_hook=_in_float32)
    same = keras.Model.from_config(config, custom_objects=network_file.LAYERS)
    same.set_weights(network.get_weights())
    return same


def arithmetic(network: keras.Model) -> str:
    """Return Keras's name for what the layers with weights compute in; of several, one that is not float32."""
    names = {layer.dtype_policy.name for layer in network.layers if layer.weights}
    return max(names - {"float32"}, default="float32")


def distances(
    reference: keras.Model, others: Mapping[str, Network], path: Path, description: str
) -> dict[str, Distance]:
    """Send a test split through a network and through others, in parts, and compare.

    Args:
        reference: what the others are compared with.
        others: by name, what gives the same output for the same images.
        path: the prepared file whose test split it is.
        description: for the progress bar.

    Returns:
        The distance of each other; `nan` where an output is not a number.

    Raises:
        ShowreelError: the file is damaged, or has no images, or images of another size.
    """
    described = prepared.described(path)
    if "image" not in described:
        raise ShowreelError(f"{path}: has no images, and an export is of a network that is given images alone")
    if reference.input_shape[1:] != described["image"].shape:
        raise ShowreelError(f"{path}: the network is not made for images of this size; train again")
    count = prepared.count(path, "test")
    size = int(np.prod(reference.output_shape[1:]))
    rows = max(1, BATCH_VALUES // size)
    largest, total = dict.fromkeys(others, 0.0), dict.fromkeys(others, 0.0)
    with tqdm(desc=description, total=count, unit=" images", disable=None) as progress:
        for start in range(0, count, rows):
            images = np.asarray(prepared.read(path, "test", slice(start, start + rows), ["image"])["image"])
            expected = predict(reference, images)
            for name, network in others.items():
                difference = _difference(network(images), expected)
                largest[name] = float(np.maximum(largest[name], difference.max()))  # max() would forget a nan
                total[name] += float(difference.sum(dtype=np.float64))
            progress.update(len(images))
    return {name: Distance(largest[name], total[name] / (count * size)) for name in others}


def _difference(found: NDArray[np.float32], expected: NDArray[np.float32]) -> NDArray[np.float32]:
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        raise ShowreelError(f"it returns {found.dtype} {found.shape} instead of {expected.dtype} {expected.shape}")
    return np.asarray(np.abs(found - expected))


def _in_float32(config: dict[str, object]) -> dict[str, object]:
    """Replace the arithmetic in the description of a layer; the type of the images that come in stays."""
    is_policy = config.get("class_name") == "DTypePolicy"
    return {**config, "config": {"name": "float32"}} if is_policy else config
