"""A U-Net from an image to an image of the same size: denoiser, identity autoencoder."""

import keras

from showreel.models.parts import blocks


def build(input_shape: blocks.Shape, output_shape: blocks.Shape, *, depth: int, filters: int) -> keras.Model:
    """Build the network.

    Args:
        input_shape: (height, width, channels) of the uint8 input; any size.
        output_shape: (height, width, channels) of the float32 output in [0, 1]; height and width as the input's.
        depth: how often the size is halved and doubled again.
        filters: features at full size; they double at every halving.

    Raises:
        ValueError: the output has another size than the input.
    """
    if input_shape[:2] != output_shape[:2]:
        raise ValueError(
            f"unet keeps the size of {input_shape[:2]}, but the target is {output_shape[:2]}; use upscaler"
        )
    images = keras.Input(input_shape, dtype="uint8", name="degraded")
    features = blocks.normalised(images, 2**depth)
    features = blocks.u_net(features, depth=depth, filters=filters)
    return keras.Model(images, blocks.restored(features, output_shape), name="unet")
