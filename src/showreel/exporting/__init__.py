"""Formats that other programs run, a file each.

Each file offers `write(network, path)`, which writes a float32 network that takes any number of images, and
`opened(path)`, which returns a function that runs it in the format's own runtime: images uint8 (n, h', w', c) →
float32 (n, h, w, c) in [0, 1].
"""

import importlib.util
from dataclasses import dataclass

from showreel.errors import ParamsError


@dataclass(frozen=True)
class Format:
    """What is known of a format before anything of it is loaded.

    Attributes:
        suffix: how the default name ends.
        packages: those of the extra `export` that it takes to write and to run it.
        members: what is in it where it is a folder, so that no other folder is ever replaced; empty where it is a file.
    """

    suffix: str
    packages: tuple[str, ...] = ()
    members: frozenset[str] = frozenset()


FORMATS = {
    "onnx": Format(".onnx", ("tf2onnx", "onnx", "onnxruntime")),
    "saved_model": Format(
        ".saved_model", members=frozenset({"assets", "fingerprint.pb", "saved_model.pb", "variables"})
    ),
    "litert": Format(".tflite", ("ai_edge_litert",)),
}
"""Name of the file here → what it writes."""


def check_installed(name: str) -> None:
    """Refuse a format whose packages are not all installed."""
    for package in FORMATS[name].packages:
        if importlib.util.find_spec(package) is None:
            raise ParamsError(
                f"--format {name}: needs the package {package}, which is not installed; pip install 'showreel[export]'"
            )
