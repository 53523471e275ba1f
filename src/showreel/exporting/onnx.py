"""ONNX, by Keras with tf2onnx, run by ONNX Runtime on the processor. Equal networks give equal bytes.

Height and width are free, too, where the network allows it: it consists of convolutions, and its trained size is no
odd one that it would have to pad and crop.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from showreel.applying.resizable import Resizable, resizable
from showreel.errors import ShowreelError

OUTPUT = "restored"
BATCH = "batch"
FREE = ("height", "width")

ERRORS_ONLY = 3
"""ONNX Runtime's log level: its warnings are about hardware that it looked for."""


def write(network: keras.Model, path: Path, trained: str) -> None:
    """Write a network: input as it is called in the network, output `restored`, first dimension `batch`.

    The file's properties (`metadata_props`) say which network it is, and what sizes it takes: `network`, the SHA-256 of
    its trained file; `channels`; and where height and width are free, the number `multiple` that both must divide by,
    and `scale`, how much larger the output is.
    """
    properties = {"network": trained, "channels": str(network.input_shape[-1])}
    if free := _freed(network):
        images = keras.Input((None, None, free.channels), dtype="uint8", name=network.inputs[0].name)
        network = keras.Model(images, free.network(images))
        properties |= {"multiple": str(free.multiple), "scale": str(free.scale)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)  # Keras's patch of tf2onnx
        network.export(path, format="onnx", verbose=False, input_signature=network.inputs)
    model = onnx.load(path)
    _name(model.graph)
    onnx.helper.set_model_props(model, properties)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def opened(path: Path) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return what ONNX Runtime makes of images."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: np.asarray(session.run([OUTPUT], {name: images})[0])


def _freed(network: keras.Model) -> Resizable | None:
    """Return the same network for any size; None where it would not be the same at its own."""
    try:
        free = resizable(network)
    except ShowreelError:
        return None
    before, after = network.input_shape[1:3], network.output_shape[1:3]
    pads = any(size % free.multiple for size in before)
    return None if pads or after != tuple(free.scale * size for size in before) else free


def _name(graph: Any) -> None:
    """Replace tf2onnx's names, which hold counters that never restart, by numbers in the order of use."""
    graph.doc_string = ""  # such a name, too
    names = {graph.input[0].name: graph.input[0].name, graph.output[0].name: OUTPUT}
    for number, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{number}"
        for values in (node.input, node.output):
            values[:] = [names.setdefault(value, f"value_{len(names)}") if value else "" for value in values]
    weights = sorted(graph.initializer, key=lambda weight: list(names).index(weight.name))
    for weight in weights:
        weight.name = names[weight.name]
    del graph.initializer[:]
    graph.initializer.extend(weights)
    del graph.value_info[:]
    for end in (graph.input[0], graph.output[0]):
        end.name = names[end.name]
        dimensions = end.type.tensor_type.shape.dim
        dimensions[0].dim_param = BATCH
        for dimension, name in zip(dimensions[1:3], FREE, strict=True):
            if not dimension.dim_value:
                dimension.dim_param = name if end is graph.input[0] else f"{OUTPUT}_{name}"
