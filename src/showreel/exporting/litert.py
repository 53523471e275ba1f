"""LiteRT, once TensorFlow Lite, by Keras with TensorFlow's converter, run by LiteRT's own interpreter.

TensorFlow's interpreter is not used: it is deprecated in favour of this one.
"""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


def write(network: keras.Model, path: Path, _trained: str) -> None:
    """Write a network with the signature `serving_default`; nothing is quantized, and nothing says where it is from."""
    network.export(path, format="litert", verbose=False)


def opened(path: Path) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return what LiteRT makes of images."""
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()  # its only message comes here
    run = interpreter.get_signature_runner()
    (degraded,), (restored,) = run.get_input_details(), run.get_output_details()
    return lambda images: np.asarray(run(**{degraded: images})[restored])
