"""How the scores of the test images are spread: in words, and as histograms."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from showreel.gallery.entry import Entry

BINS = 40


def _contenders(entry: Entry) -> list[tuple[str, str, str]]:
    """List whose scores the table of images has: name, ink, and the prefix of their columns."""
    found = [("network", "network", "")]
    if entry.baselines:
        found.append((entry.strongest, "baseline", f"{entry.baselines[0]['baseline']}_"))
    if "input_psnr" in entry.images:
        found.append(("input", "input", "input_"))
    return found


def told(entry: Entry) -> dict[str, str]:
    """Return means and ranges of the network's scores in words, by kind of score."""
    said = {}
    for kind, form, unit in (("psnr", ".1f", " dB"), ("ssim", ".3f", "")):
        low, mean, high = _middle(entry.column(kind))
        said[f"{kind}_range"] = f"{mean:{form}}{unit} ({low:{form}} to {high:{form}})"
        said[kind] = (
            f"Histogram of the test images: the network's middle 90 % reach {low:{form}} to {high:{form}}{unit}."
        )
    return said


def _middle(values: NDArray[np.float32]) -> tuple[float, float, float]:
    low, high = np.quantile(values, [0.05, 0.95])
    return float(low), float(values.mean()), float(high)


def histograms(entry: Entry, kind: str) -> dict[str, Any]:
    """Count the test images by a score, in the same bins for the network and the others."""
    columns = [(name, ink, entry.column(f"{prefix}{kind}")) for name, ink, prefix in _contenders(entry)]
    bins = np.histogram_bin_edges(np.concatenate([values for _, _, values in columns]), BINS)
    series = [
        {"label": name, "ink": ink, "data": np.histogram(values, bins)[0].tolist()} for name, ink, values in columns
    ]
    return {"bins": [float(f"{edge:.6g}") for edge in bins], "series": series}
