"""The same U-Net body plus an up-convolution block, to an image of twice the height and width: super-resolution."""

import keras

from showreel.models.parts import blocks


def build(input_shape: blocks.Shape, output_shape: blocks.Shape, *, depth: int, filters: int) -> keras.Model:
    """Build the network.

    Args:
        input_shape: (height, width, channels) of the uint8 input; any size.
        output_shape: (height, width, channels) of the float32 output in [0, 1]; twice the input's height and width,
            or one pixel less where a target of odd size was halved.
        depth: how often the body halves the size and doubles it again.
        filters: features at the input's size; they double at every halving.

    Raises:
        ValueError: the output is not of twice the input's size.
    """
    if any(-(-output // 2) != size for size, output in zip(input_shape[:2], output_shape[:2], strict=True)):
        raise ValueError(f"upscaler doubles the size of {input_shape[:2]}, but the target is {output_shape[:2]}")
    images = keras.Input(input_shape, dtype="uint8", name="degraded")
    features = blocks.normalised(images, 2**depth)
    features = blocks.u_net(features, depth=depth, filters=filters)
    features = blocks.doubled(features, filters, name="enlarge")
    features = blocks.residual_level(features, name="enlarged")
    return keras.Model(images, blocks.restored(features, output_shape), name="upscaler")
