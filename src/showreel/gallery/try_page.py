"""From an experiment that can be tried to what the page says on which its network runs in the reader's browser."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image
from pydantic import ValidationError

from showreel.drawing.colours import difference_map
from showreel.drawing.tiles import DIFFERENCE_LIMIT
from showreel.gallery import schemas
from showreel.gallery.browser_network import Trial
from showreel.gallery.entry import Entry
from showreel.gallery.page import geometry

SAMPLES = 8
FIGURES = (("truth", "Truth"), ("input", "Input"), ("network", "Network"), ("difference", "Difference"))
INVITATION = "Choose a picture, and see what the network makes of it."
INVITATIONS = {
    "noisy": "Choose a picture, add noise, and see how much of it comes back.",
    "downscaled": "Choose a picture, which is made smaller first, and see how much of it comes back.",
}


def bench(entry: Entry, trial: Trial) -> dict[str, Any]:
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
        "invitation": INVITATIONS.get(entry.source.input, INVITATION) if options else INVITATION,
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


def _options(entry: Entry) -> dict[str, float] | None:
    """Return the options of a degradation that the page's scripts know; None for any other."""
    if entry.source.input not in schemas.DEGRADATIONS:
        return None
    try:
        form = schemas.DEGRADATIONS[entry.source.input]
        return form.model_validate(entry.evaluation.get("degradation", {})).model_dump()
    except ValidationError:
        return None


def _slider(sigma: float) -> dict[str, Any]:
    """Return a slider's range and start for the standard deviation of noise on [0, 1]."""
    return {"start": sigma, "most": max(1, 2 * sigma), "step": 0.01 if round(sigma, 2) == sigma else "any"}


def _legend(entry: Entry, options: Mapping[str, float] | None) -> str:
    if options is None:
        return f"The network takes the picture as it is; it was trained on pictures that are {entry.source.input}."
    trained = ", ".join(f"{'σ' if name == 'sigma' else name} {value}" for name, value in options.items())
    trained = f" It was trained with {trained} and nothing else." if trained else ""
    return (
        "The PSNR compares the input and the restored picture with this one truth, as the pipeline does it. The "
        f"difference is brightest from {DIFFERENCE_LIMIT:.0%} of the range on.{trained}"
    )


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
        samples.append(place | {"pixels": base64.b64encode(pixels.tobytes()).decode(), "contrast": float(pixels.std())})
    return samples
