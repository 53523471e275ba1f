"""From an experiment and its exported network to a page on which the network runs in the reader's browser.

ONNX Runtime comes with the page, so that nothing is loaded from elsewhere. A page from the disk may load scripts and
nothing else: runtime and network come as scripts that call a function with their bytes.
"""

import base64
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from pydantic import ValidationError

from showreel.gallery import exported, forms
from showreel.gallery.entry import Entry
from showreel.gallery.page import geometry
from showreel.objectives.restoration.colours import difference_map
from showreel.objectives.restoration.tiles import DIFFERENCE_LIMIT

RUNTIME = Path(__file__).parent / "runtime"
"""ONNX Runtime Web as its npm package has it, but for the compression of the largest file."""

COPIED = ("ort.wasm.min.js", "ort.LICENSE.md", "ort.notices.txt.gz")
BYTES = {"glue": "ort-wasm-simd-threaded.mjs", "binary": "ort-wasm-simd-threaded.wasm.gz"}
SAMPLES = 8
FIGURES = (("truth", "Truth"), ("input", "Input"), ("network", "Network"), ("difference", "Difference"))
INVITATIONS = {
    "noisy": "Choose a picture, add noise, and see how much of it comes back.",
    "downscaled": "Choose a picture, which is made smaller first, and see how much of it comes back.",
}
CHANNELS = (1, 3)


class Trial(NamedTuple):
    """Whether an experiment can be tried.

    Attributes:
        network: the ONNX file's bytes; empty if it cannot.
        multiple: what height and width of its input must divide by.
        scale: how much larger its output is.
        channels: of input and output.
        missing: why it cannot be tried, and what to do; empty if it can.
    """

    network: bytes = b""
    multiple: int = 1
    scale: int = 1
    channels: int = 1
    missing: str = ""


def offer(entry: Entry) -> Trial:
    """Return an experiment's exported network, if it is the very one that the results are of, and takes any size.

    Raises:
        ShowreelError: the file is no ONNX file.
    """
    path, name = entry.source.exported, entry.label.split("@")[0]
    again = f"showreel export {name} && showreel gallery"
    if not path.is_file():
        return Trial(missing=f"To try the network on this site, in the browser: {again}")
    content = path.read_bytes()
    told = exported.properties(content, path)
    if not _digest(entry) or told.get("network") != _digest(entry):
        return Trial(missing=f"{path} is not an export of the network that these results are of: {again}")
    if "multiple" not in told:
        return Trial(missing=f"{path} takes images of one size only, so it cannot be tried in the browser.")
    numbers = (_whole(told, key) for key in ("multiple", "scale", "channels"))
    trial = Trial(content, *numbers)
    if trial.channels not in CHANNELS or not (trial.multiple and trial.scale):
        return Trial(missing=f"{path} takes neither grey nor colour images, so it cannot be tried in the browser.")
    return trial


def values(entry: Entry, trial: Trial) -> dict[str, Any]:
    """Return the values of the template `try.html.j2`."""
    samples, options = _samples(entry, trial.channels), _options(entry)
    return {
        "label": entry.label,
        "name": entry.label.split("@")[0],
        "geometry": geometry(entry),
        "tile": entry.sheet["tile"],
        "drawn": trial.channels == 1,
        "samples": samples,
        "figures": FIGURES if options is not None else [one for one in FIGURES if one[0] in ("input", "network")],
        "sigma": options and _slider(options["sigma"]),
        "invitation": INVITATIONS.get(entry.source.input, "Choose a picture, and see what the network makes of it."),
        "legend": _legend(entry, options),
        "data": {
            "degradation": {"name": entry.source.input if options is not None else "", "options": options or {}},
            "multiple": trial.multiple,
            "scale": trial.scale,
            "channels": trial.channels,
            "tile": entry.sheet["tile"],
            "samples": [sample["pixels"] for sample in samples],
            "start": max(range(len(samples)), key=lambda number: samples[number]["contrast"]),
            "colours": difference_map().tolist(),
            "limit": DIFFERENCE_LIMIT,
        },
    }


def write_runtime(folder: Path) -> None:
    """Write what all pages of this kind share into the folder of assets."""
    for name in COPIED:
        shutil.copyfile(RUNTIME / name, folder / name)
    content = {what: _text((RUNTIME / name).read_bytes()) for what, name in BYTES.items()}
    (folder / "ort.runtime.js").write_text(f"receiveRuntime({json.dumps(content)});\n", encoding="utf-8")


def write_network(trial: Trial, folder: Path) -> None:
    """Write the script that hands the network to the page."""
    (folder / "network.js").write_text(f'receiveNetwork("{_text(trial.network)}");\n', encoding="utf-8")


def _options(entry: Entry) -> dict[str, float] | None:
    """Return the options of a degradation that the page's scripts know; None for any other."""
    form = forms.DEGRADATIONS.get(entry.source.input)
    try:
        return form and form.model_validate(entry.evaluation.get("degradation", {})).model_dump()
    except ValidationError:
        return None


def _slider(sigma: float) -> dict[str, Any]:
    """Return a slider's range and start for the standard deviation of noise on [0, 1]."""
    return {"start": sigma, "most": max(1, 2 * sigma), "step": 0.01 if round(sigma, 2) == sigma else "any"}


def _legend(entry: Entry, options: Mapping[str, float] | None) -> str:
    if options is None:
        return f"The network takes the picture as it is; it was trained on pictures that are {entry.source.input}."
    trained = ", ".join(f"{'σ' if name == 'sigma' else name} {value}" for name, value in options.items())
    trained = f" It was trained with {trained}, and does best there." if trained else ""
    return (
        "The PSNR compares the input and the restored picture with this one truth, as the pipeline does it. The "
        f"difference is brightest from {DIFFERENCE_LIMIT:.0%} of the range on.{trained}"
    )


def _digest(entry: Entry) -> str:
    """Return the SHA-256 of the network that was scored; an empty text where no record tells it."""
    inputs = entry.evaluation.get("inputs", {})
    return next((digest for path, digest in inputs.items() if path.endswith(".keras")), "")


def _whole(told: Mapping[str, str], key: str) -> int:
    text = told.get(key, "")
    return int(text) if text.isdecimal() and len(text) < 5 else 0


def _samples(entry: Entry, channels: int) -> list[dict[str, Any]]:
    """Return some test images, clean: name, place in the sheet, contrast, and pixels in base64."""
    height, width = entry.sheet["tile"]
    indices = entry.sheet["reel"]["indices"][:SAMPLES]
    truth = next(row for row in entry.sheet["reel"]["rows"] if row["kind"] == "truth")
    x, y = truth["at"][0]
    with Image.open(entry.source.results["sheet"]) as picture:
        strip = np.asarray(picture.convert("RGB"))[y : y + height, x : x + len(indices) * width, :channels]
    labels, classes = entry.images.set_index("index")["label"], entry.evaluation.get("classes", ())
    samples = []
    for number, index in enumerate(indices):
        label = int(labels.loc[index])
        what = f": {classes[label]}" if 0 <= label < len(classes) else ""
        pixels = np.ascontiguousarray(strip[:, number * width : (number + 1) * width])
        place = {"name": f"Test image {index}{what}", "x": x, "y": y}
        samples.append(place | {"pixels": _text(pixels.tobytes()), "contrast": float(pixels.std())})
    return samples


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
