"""ONNX, by Keras with tf2onnx, run by ONNX Runtime on the processor.

Equal networks give equal bytes, unless their smallest feature maps are of one pixel: of two equal changes of layout
around these tf2onnx keeps the one or the other.

Height and width are free, too, where the network allows it: it consists of convolutions, and its trained size is no
odd one that it would have to pad and crop.
"""

import os
import warnings
from collections.abc import Callable
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray

from showreel.applying.resizable import Resizable, resizable
from showreel.storage.errors import ShowreelError

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it tells Microsoft of its use, unless it reads this when imported
import onnxruntime

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
    _squeeze(model.graph, len(network.output_shape))
    _order(model.graph)
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


def _squeeze(graph: Any, rank: int) -> None:
    """Put back the last Squeeze, of the leading dimensions of 1, where tf2onnx lost it.

    Of its passes over a graph, one turns a change of layout into Reshape and Squeeze and hands the Squeeze to all
    readers. Passes go through sets, in another order each time, and in one conversion of forty of a network with one
    channel that Reshape is the output by then, which no operation reads.
    """
    (output,) = graph.output
    dimensions = output.type.tensor_type.shape.dim
    leading = np.arange(len(dimensions) - rank)
    if not leading.size:
        return
    integers = (each for each in graph.initializer if each.data_type == onnx.TensorProto.INT64)
    axes = [each.name for each in integers if np.array_equal(onnx.numpy_helper.to_array(each), leading)]
    if not axes:
        axes = ["leading"]
        graph.initializer.append(onnx.numpy_helper.from_array(leading, *axes))
    (last,) = (node for node in graph.node if output.name in node.output)
    last.output[:] = ["unsqueezed"]
    graph.node.append(onnx.helper.make_node("Squeeze", ["unsqueezed", axes[0]], [output.name], domain=""))
    del dimensions[: leading.size]


def _order(graph: Any) -> None:
    """Sort the operations, each after those that it reads, by what leads to the output: tf2onnx's order is chance."""
    makers = {value: node.output[0] for node in graph.node for value in node.output}
    read = {node.output[0]: [makers[value] for value in node.input if value in makers] for node in graph.node}
    found = [makers[graph.output[0].name]]
    for each in found:  # which grows
        found += [maker for maker in read[each] if maker not in found]
    order = list(TopologicalSorter({each: read[each] for each in found}).static_order())
    graph.node.sort(key=lambda node: order.index(node.output[0]))


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
