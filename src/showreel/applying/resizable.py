"""A trained network, freed from the size of the images that it was trained on, and how far it sees.

The same layers with the same weights are built again for any height and width, in float32 (what bfloat16 rounds would
show in 16 bits), for values 0…255 that need not be whole. Padding and cropping go: what a network pads is what its
trained size lacks to a multiple, and here the caller cuts tiles that lack nothing.
"""

from typing import Any, NamedTuple

import keras
from keras import layers

from showreel.models.parts.blocks import Clip, DepthToSpace
from showreel.storage.errors import ShowreelError
from showreel.training.network_file import LAYERS

POINTWISE = (
    layers.Rescaling, layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU,
    layers.BatchNormalization, layers.Dropout, layers.Add, layers.Subtract, layers.Multiply, layers.Average,
    layers.Maximum, layers.Concatenate, layers.ZeroPadding2D, layers.Cropping2D, Clip,
)  # fmt: skip
"""Layers whose output at a place depends on their inputs there alone, once padding and cropping are gone."""

KERNELS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
POOLS = (layers.MaxPooling2D, layers.AveragePooling2D)


class Resizable(NamedTuple):
    """A network for any size.

    Attributes:
        network: float32 (n, h, w, c) of values 0…255 → float32 in [0, 1]; height and width must divide by `multiple`.
        channels: of its input.
        scale: how much larger its output is: 1 or 2, say.
        multiple: what height, width and the corner of a tile must divide by.
        margin: pixels of the input within which lies all that an output depends on; a multiple of `multiple`.
    """

    network: keras.Model
    channels: int
    scale: int
    multiple: int
    margin: int


class _Grid(NamedTuple):
    """A tensor's cells, seen from the input: `step` pixels wide, and dependent on `reach` more on either side."""

    step: float
    reach: float


def resizable(network: keras.Model) -> Resizable:
    """Build a network's layers again for any size.

    Raises:
        ShowreelError: a layer looks further than its neighbourhood, or depends on the trained size.
    """
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ShowreelError(f"{network.name}: has {len(network.inputs)} inputs and {len(network.outputs)} outputs; "
                            "apply takes a network from one image to one image")  # fmt: skip
    config = network.get_config()
    for layer in config["layers"]:
        _free(layer)
    try:
        free = keras.Model.from_config(config, custom_objects=LAYERS)
        free.set_weights(network.get_weights())
    except (ValueError, TypeError) as error:
        raise ShowreelError(f"{network.name}: works at its trained size only ({' '.join(str(error).split())[:200]}); "
                            "apply needs a network of convolutions") from error  # fmt: skip
    grids = _grids(free)
    last, multiple = grids[id(free.outputs[0])], round(max(grid.step for grid in grids.values()))
    margin = -(-int(last.reach) // multiple) * multiple
    return Resizable(free, free.inputs[0].shape[-1], round(1 / last.step), multiple, margin)


def _free(layer: Any) -> None:
    """Change a layer's configuration to any size, float32 and no padding."""
    settings = layer["config"]
    layer.pop("build_config", None)
    settings["dtype"] = "float32"
    if layer["class_name"] == "InputLayer":
        batch, _, _, channels = settings.pop("batch_shape")
        settings["batch_shape"] = (batch, None, None, channels)
    for name in {"ZeroPadding2D": ("padding",), "Cropping2D": ("cropping",)}.get(layer["class_name"], ()):
        settings[name] = 0


def _grids(network: keras.Model) -> dict[int, _Grid]:
    """Return each tensor's grid by the tensor's identity."""
    grids = {id(network.inputs[0]): _Grid(1, 0)}
    for layer in network.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        given = layer.input if isinstance(layer.input, list) else [layer.input]
        before = [grids[id(tensor)] for tensor in given]
        if len({grid.step for grid in before}) > 1:
            raise ShowreelError(f"{network.name}: its layer {layer.name} joins images of several sizes")
        grids[id(layer.output)] = _after(layer, _Grid(before[0].step, max(grid.reach for grid in before)))
    return grids


def _after(layer: keras.Layer, grid: _Grid) -> _Grid:
    """Return the grid of a layer's output.

    A window of k cells with stride s reaches beyond the s cells that its output stands for by half of k - s, the larger
    half where they differ. A cell of an enlarged grid may lie at either end of the one that it comes from.
    """
    step, reach = grid
    if isinstance(layer, DepthToSpace):
        return _Grid(step / 2, reach + step / 2)
    if isinstance(layer, layers.Conv2DTranspose):
        (size, stride) = (max(layer.kernel_size), max(layer.strides))
        return _Grid(step / stride, reach + step * -(-(size - stride) // stride) + step / stride * (stride - 1))
    if isinstance(layer, layers.UpSampling2D):
        if layer.interpolation != "nearest":  # Keras 3.15 fails on sizes that it does not know
            raise ShowreelError(f"{layer.name}: enlarges by {layer.interpolation} interpolation, which Keras does for "
                                "one size of images only; `blocks.doubled`, nearest and transposed convolutions can be "
                                "applied")  # fmt: skip
        return _Grid(step / max(layer.size), reach + step / max(layer.size) * (max(layer.size) - 1))
    if isinstance(layer, (*KERNELS, *POOLS)) and layer.padding == "same":
        size = layer.pool_size if isinstance(layer, POOLS) else layer.kernel_size
        dilation = getattr(layer, "dilation_rate", (1, 1))
        window = max((one - 1) * spread + 1 for one, spread in zip(size, dilation, strict=True))
        return _Grid(step * max(layer.strides), reach + step * -(-max(window - max(layer.strides), 0) // 2))
    if type(layer) in POINTWISE:
        return grid
    raise ShowreelError(f"{layer.name}: a {type(layer).__name__} may look at the whole image, so that tiles would "
                        "differ from it; apply needs a network of convolutions")  # fmt: skip
