"""Whether an experiment's exported network can be tried in the reader's browser, and the scripts that bring it there.

ONNX Runtime comes with the page, so that nothing is loaded from elsewhere. A page from the disk may load scripts and
nothing else: runtime and network come as scripts that call a function with their bytes.
"""

import base64
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from showreel.gallery import onnx_properties
from showreel.gallery.entry import Entry
from showreel.params import registry

RUNTIME = Path(__file__).parent / "runtime"
"""ONNX Runtime Web as its npm package has it, but for the compression of the largest file."""

COPIED = ("ort.wasm.min.js", "ort.LICENSE.md", "ort.notices.txt.gz")
BYTES = {"glue": "ort-wasm-simd-threaded.mjs", "binary": "ort-wasm-simd-threaded.wasm.gz"}
CHANNELS = (1, 3)


class BrowserNetwork(NamedTuple):
    """An experiment's network as a reader's browser runs it, or why it cannot.

    Attributes:
        content: the ONNX file's bytes; empty if it cannot be tried.
        multiple: what height and width of its input must divide by.
        scale: how much larger its output is.
        channels: of input and output.
        missing: why it cannot be tried, and what to do; empty if it can, or if networks of its task never can.
    """

    content: bytes = b""
    multiple: int = 1
    scale: int = 1
    channels: int = 1
    missing: str = ""


def offer(entry: Entry) -> BrowserNetwork:
    """Return an experiment's exported network, if it is the very one that the results are of, and takes any size.

    Raises:
        ShowreelError: the file is no ONNX file.
    """
    path, name = entry.source.exported, entry.label.split("@")[0]
    again = f"showreel export {name} && showreel gallery"
    if not (registry.PACKAGE / registry.TASKS / entry.task / "pictures.py").is_file():
        return BrowserNetwork()
    if not path.is_file():
        return BrowserNetwork(missing=f"To try the network on this site, in the browser: {again}")
    content = path.read_bytes()
    properties = onnx_properties.properties(content, path)
    if not _digest(entry) or properties.get("network") != _digest(entry):
        return BrowserNetwork(missing=f"{path} is not an export of the network that these results are of: {again}")
    if "multiple" not in properties:
        return BrowserNetwork(missing=f"{path} takes images of one size only, so it cannot be tried in the browser.")
    multiple, scale, channels = (_whole(properties, key) for key in ("multiple", "scale", "channels"))
    if not (multiple and scale):
        return BrowserNetwork(missing=f"{path} does not tell what sizes it takes: {again}")
    if channels not in CHANNELS:
        missing = f"{path} takes neither grey nor colour images, so it cannot be tried in the browser."
        return BrowserNetwork(missing=missing)
    return BrowserNetwork(content, multiple, scale, channels)


def write_runtime(folder: Path) -> None:
    """Write what all pages of this kind share into the folder of assets."""
    for name in COPIED:
        shutil.copyfile(RUNTIME / name, folder / name)
    content = {name: _text((RUNTIME / file).read_bytes()) for name, file in BYTES.items()}
    (folder / "ort.runtime.js").write_text(f"receiveRuntime({json.dumps(content)});\n", encoding="utf-8")


def write_scripts(task: str, folder: Path) -> None:
    """Copy the scripts of a task into the folder of assets."""
    pictures = registry.module(registry.TASKS, task, "pictures")
    (folder / task).mkdir()
    for name in pictures.SCRIPTS:
        shutil.copyfile(pictures.ASSETS / name, folder / task / name)


def write_network(network: BrowserNetwork, folder: Path) -> None:
    """Write the script that hands the network to the page."""
    (folder / "network.js").write_text(f'receiveNetwork("{_text(network.content)}");\n', encoding="utf-8")


def _digest(entry: Entry) -> str:
    """Return the SHA-256 of the network that was scored; an empty text where no record tells it."""
    inputs = entry.evaluation.get("inputs", {})
    return next((digest for path, digest in inputs.items() if path.endswith(".keras")), "")


def _whole(properties: Mapping[str, str], key: str) -> int:
    text = properties.get(key, "")
    return int(text) if text.isdecimal() and len(text) < 5 else 0


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
