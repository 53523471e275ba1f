"""The parts that U-shaped networks share: normalisation, padding, residual levels, the body, the output.

The body is a U-Net (Ronneberger et al. 2015, arXiv:1505.04597) of 3×3 convolutions whose levels add what they computed
to what they were given (He et al. 2016, arXiv:1512.03385).
"""

import keras
from keras import layers

Shape = tuple[int, int, int]

WIDEST = 4096
"""Filters of a level: a 3×3 convolution between two levels of this width has 600 MB of weights."""


class Clip(layers.Layer):  # type: ignore[misc]
    """Clip to [0, 1], except in training: a value outside would get no gradient there and could not come back."""

    def call(self, images: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """Return the images, clipped unless `training`."""
        return images if training else keras.ops.clip(images, 0, 1)


class DepthToSpace(layers.Layer):  # type: ignore[misc]
    """Turn every four features of a pixel into one feature of 2×2 pixels."""

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Return twice the height and width, and a quarter of the features."""
        return keras.ops.depth_to_space(features, 2)


def normalised(images: keras.KerasTensor, multiple: int) -> keras.KerasTensor:
    """Scale uint8 values to [0, 1] and pad with zeros, on both sides alike, until both sizes divide by `multiple`."""
    height, width = images.shape[1:3]
    vertical, horizontal = -height % multiple, -width % multiple
    scaled = layers.Rescaling(1 / 255, name="normalise")(images)
    padding = ((vertical // 2, vertical - vertical // 2), (horizontal // 2, horizontal - horizontal // 2))
    return layers.ZeroPadding2D(padding, name="pad")(scaled) if vertical or horizontal else scaled


def u_net(features: keras.KerasTensor, *, depth: int, filters: int) -> keras.KerasTensor:
    """Return features of the input's size, from `depth` halvings and as many doublings with skip connections across.

    The filters double at every halving. The input's height and width must divide by 2 ** depth.

    Raises:
        ValueError: `depth` is below 0, `filters` below 1, or the lowest level would be wider than `WIDEST`.
    """
    if depth < 0 or filters < 1:
        raise ValueError(f"depth {depth} and filters {filters}: it takes at least depth 0 and 1 filter")
    if filters > WIDEST >> depth:
        raise ValueError(f"depth {depth} and filters {filters}: the lowest level has more than {WIDEST} filters")
    features = layers.Conv2D(filters, 3, padding="same", activation="relu", name="stem")(features)
    skipped = []
    for level in range(depth):
        features = residual_level(features, name=f"down{level}")
        skipped.append(features)
        width = filters * 2 ** (level + 1)
        features = layers.Conv2D(width, 3, 2, padding="same", activation="relu", name=f"halve{level}")(features)
    features = residual_level(features, name="bottom")
    for level in reversed(range(depth)):
        features = doubled(features, filters * 2**level, name=f"double{level}")
        features = layers.Add(name=f"skip{level}")([features, skipped[level]])
        features = residual_level(features, name=f"up{level}")
    return features


def residual_level(features: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Add what two 3×3 convolutions make of the features to the features."""
    filters = features.shape[-1]
    change = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_first")(features)
    change = layers.Conv2D(filters, 3, padding="same", kernel_initializer="zeros", name=f"{name}_second")(change)
    return layers.ReLU(name=name)(layers.Add(name=f"{name}_add")([features, change]))


def doubled(features: keras.KerasTensor, filters: int, *, name: str) -> keras.KerasTensor:
    """Double height and width with a sub-pixel convolution (Shi et al. 2016, arXiv:1609.05158), of 1×1.

    A transposed convolution of 2×2 with stride 2 computes the same more slowly; only its biases are shared by the four
    new pixels, and its first weights are smaller.
    """
    features = layers.Conv2D(4 * filters, 1, padding="same", activation="relu", name=name)(features)
    return DepthToSpace(name=f"{name}_space")(features)


def restored(features: keras.KerasTensor, shape: Shape) -> keras.KerasTensor:
    """Turn features into float32 images of exactly `shape` in [0, 1], cutting the padding off on both sides alike."""
    images = layers.Conv2D(shape[-1], 3, padding="same", kernel_initializer="zeros", name="image")(features)
    vertical, horizontal = (features.shape[axis + 1] - shape[axis] for axis in (0, 1))
    if vertical or horizontal:
        margins = ((vertical // 2, vertical - vertical // 2), (horizontal // 2, horizontal - horizontal // 2))
        images = layers.Cropping2D(margins, name="crop")(images)
    return Clip(dtype="float32", name="restored")(images)
