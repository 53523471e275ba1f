"""What is known of the formats in `exporting/` before anything of them is loaded."""

import importlib.util
from dataclasses import dataclass

from showreel.storage.errors import ParamsError


@dataclass(frozen=True)
class Format:
    """One format.

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
"""Name of the file in `exporting/` → what it writes."""


def check_installed(name: str) -> None:
    """Refuse a format whose packages are not all installed."""
    for package in FORMATS[name].packages:
        if importlib.util.find_spec(package) is None:
            raise ParamsError(
                f"--format {name}: needs the package {package}, which is not installed; pip install 'showreel[export]'"
            )
