"""ONNX, by Keras with tf2onnx, run by ONNX Runtime on the processor. Equal networks give equal bytes."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

OUTPUT = "restored"
BATCH = "batch"

ERRORS_ONLY = 3
"""ONNX Runtime's log level: its warnings are about hardware that it looked for."""


def write(network: keras.Model, path: Path) -> None:
    """Write a network: input as it is called in the network, output `restored`, first dimension `batch`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)  # Keras's patch of tf2onnx
        network.export(path, format="onnx", verbose=False, input_signature=network.inputs)
    model = onnx.load(path)
    _name(model.graph)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def opened(path: Path) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return what ONNX Runtime makes of images."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: np.asarray(session.run([OUTPUT], {name: images})[0])


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
        end.type.tensor_type.shape.dim[0].dim_param = BATCH
