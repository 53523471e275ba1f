"""From an experiment that can be tried to what the page says on which its network runs in the reader's browser."""

import base64
from typing import Any

import numpy as np
from PIL import Image

from showreel.drawing.rows import TRUTH
from showreel.gallery.browser_network import BrowserNetwork
from showreel.gallery.entry import Entry
from showreel.gallery.page import class_name, geometry
from showreel.params import registry

SAMPLES = 8


def page(entry: Entry, network: BrowserNetwork) -> dict[str, Any]:
    """Return the values of the template `try.html.j2`; what depends on the task is from its `pictures.py`."""
    pictures = registry.module(registry.TASKS, entry.task, "pictures")
    offer = pictures.offer(entry.source.degradation, entry.source.input, entry.evaluation.get("degradation", {}))
    samples = _samples(entry, network.channels)
    return {
        "label": entry.label,
        "name": entry.label.split("@")[0],
        "geometry": geometry(entry),
        "tile": entry.sheet["tile"],
        "drawn": network.channels == 1,
        "samples": samples,
        "figures": offer.figures,
        "sigma": offer.sigma,
        "invitation": offer.invitation,
        "legend": offer.legend,
        "scripts": [f"{entry.task}/{name}" for name in pictures.SCRIPTS],
        "data": {
            **offer.data,
            "multiple": network.multiple,
            "scale": network.scale,
            "channels": network.channels,
            "tile": entry.sheet["tile"],
            "samples": [sample["pixels"] for sample in samples],
            "start": max(range(len(samples)), key=lambda number: samples[number]["contrast"]),
        },
    }


def _samples(entry: Entry, channels: int) -> list[dict[str, Any]]:
    """Return some test images, as they should be: name, place in the sheet, contrast, and pixels in base64."""
    height, width = entry.sheet["tile"]
    indices = entry.sheet["reel"]["indices"][:SAMPLES]
    truth = next(row for row in entry.sheet["reel"]["rows"] if row["kind"] == TRUTH)
    x, y = truth["at"][0]
    with Image.open(entry.source.results["sheet"]) as picture:
        strip = np.asarray(picture.convert("RGB"))[y : y + height, x : x + len(indices) * width, :channels]
    samples = []
    for number, index in enumerate(indices):
        what = class_name(entry, index)
        pixels = np.ascontiguousarray(strip[:, number * width : (number + 1) * width])
        samples.append({
            "name": f"Test image {index}{f': {what}' if what else ''}",
            "x": x,
            "y": y,
            "pixels": base64.b64encode(pixels.tobytes()).decode(),
            "contrast": float(pixels.std()),
        })  # fmt: skip
    return samples
