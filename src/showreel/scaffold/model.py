"""NAME: three convolutions in a row. Replace them by your own network."""

import keras
from keras import layers

from showreel.models.parts import blocks


def build(input_shape: blocks.Shape, output_shape: blocks.Shape, *, filters: int) -> keras.Model:
    """Build the network.

    Args:
        input_shape: (height, width, channels) of the uint8 input, 0…255; any size.
        output_shape: (height, width, channels) of the float32 output in [0, 1].
        filters: features of each convolution. An option is a keyword-only parameter; its value stands in params.yaml.

    Raises:
        ValueError: the output has another size than the input.
    """
    size, target = input_shape[:2], output_shape[:2]
    if size != target:
        raise ValueError(f"NAME keeps the size of {size}, but the target is {target}")
    images = keras.Input(input_shape, dtype="uint8", name="degraded")
    features = blocks.normalised(images, 1)
    for number in range(3):
        features = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"features{number}")(features)
    return keras.Model(images, blocks.restored(features, output_shape), name="NAME")
