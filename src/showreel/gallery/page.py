"""From an entry to what its page says: texts, tables and the data of its charts."""

from collections.abc import Mapping, Sequence
from typing import Any

from showreel.gallery import origin, spread
from showreel.gallery.entry import Entry
from showreel.gallery.naming import listed, spoken

STRIP_WIDTH = 1000
"""CSS pixels that a strip of images may take on a large screen; images are magnified by a whole number."""

LARGEST = 4
GROUPS = ("Best", "Median", "Worst")


def page(entry: Entry) -> dict[str, Any]:
    """Return the values of the template `experiment.html.j2`."""
    scores, reel = entry.metrics, entry.sheet["reel"]
    losses = entry.history["loss"].tolist()
    return {
        "label": entry.label,
        "slug": entry.slug,
        "sentence": _sentence(entry),
        "figures": _figures(entry),
        "geometry": geometry(entry),
        "reel": _scored(reel["rows"], {**scores, "psnr": reel["psnr"][-1]}),
        "shown": len(reel["indices"]),
        "epochs": reel["epochs"][-1],
        "legend": "The scores beside the rows are means over the complete test set, the network's after the epoch "
        "shown; the difference is black for none.",
        "quality": f"PSNR of the test set: {reel['psnr'][0]:.1f} dB at first, {reel['psnr'][-1]:.1f} dB in the end.",
        "loss": f"Training loss: {losses[0]:.4g} in the first epoch, {losses[-1]:.4g} in the last.",
        "history": _history(entry),
        "spread": spread.told(entry),
        "chosen": _scored(entry.sheet["chosen"]["rows"], {}),
        "groups": _groups(entry),
        "baselines": _ways(entry),
        "parameters": origin.parameters(entry),
        "provenance": origin.provenance(entry),
        "commands": origin.commands(entry),
        "data": _data(entry),
    }


def geometry(entry: Entry) -> str:
    """Return the CSS variables by which tiles are cut out of the sheet."""
    height, width = entry.sheet["tile"]
    return (
        f"--w: {width}; --h: {height}; --sheet-width: {entry.sheet_size[0]}; "
        f"--large: {magnification(entry)}; --small: {max(1, magnification(entry) - 1)};"
    )


def magnification(entry: Entry) -> int:
    """Return how many CSS pixels wide an image's pixel is on a large screen."""
    images, width = len(entry.sheet["reel"]["indices"]), int(entry.sheet["tile"][1])
    return max(1, min(LARGEST, STRIP_WIDTH // (images * width)))


def decibels(value: float | None) -> str:
    """Write a score in dB."""
    return "–" if value is None else f"{value:.2f} dB"


def _sentence(entry: Entry) -> str:
    source, options = entry.source, entry.evaluation.get("degradation", {})
    given = "the images themselves" if source.input == "clean" else f"{source.input} images{listed(options)}"
    model = entry.training.get("params", {}).get(f"models.{source.model}", {})
    return f"{source.dataset}: a {source.model}{listed(model)} is given {given} and learns the clean ones."


def _figures(entry: Entry) -> list[tuple[str, str, str]]:
    scores = entry.metrics
    figures = [("Network", decibels(scores.get("psnr")), _interval(scores, "psnr"))]
    if entry.baselines:
        figures.append((f"Best baseline: {entry.strongest}", decibels(scores.get("baseline_psnr")), ""))
    if "gain_db" in scores:
        figures.append(("Gain over it", f"{scores['gain_db']:+.2f} dB", ""))
    if "input_psnr" in scores:
        figures.append(("Input", decibels(scores["input_psnr"]), ""))
    figures.append(("SSIM", f"{scores.get('ssim', float('nan')):.3f}", _interval(scores, "ssim", ".3f")))
    size = f"{scores['parameters']:,} parameters" if "parameters" in scores else ""
    figures.append(("Test images", f"{len(entry.images):,}", size))
    return figures


def _interval(scores: Mapping[str, float], kind: str, form: str = ".2f") -> str:
    low, high = scores.get(f"{kind}_low"), scores.get(f"{kind}_high")
    return "" if low is None or high is None else f"95 %: {low:{form}} to {high:{form}}"


def _scored(rows: Sequence[Mapping[str, Any]], scores: Mapping[str, float]) -> list[dict[str, Any]]:
    """Add each row's mean score over the complete test set, where it has one."""
    keys = {"input": "input_psnr", "baseline": "baseline_psnr", "network": "psnr"}
    return [
        dict(row) | {"score": f"{scores[key]:.2f} dB" if (key := keys.get(row["kind"], "")) in scores else ""}
        for row in rows
    ]


def _history(entry: Entry) -> list[list[str]]:
    reached = dict(zip(entry.sheet["reel"]["epochs"], entry.sheet["reel"]["psnr"], strict=True))
    columns = entry.history[["epoch", "loss", "validation_loss", "validation_psnr"]].to_numpy().tolist()
    return [
        [f"{epoch:.0f}", f"{loss:.5f}", f"{validation:.5f}", f"{psnr:.2f}", f"{reached.get(epoch, float('nan')):.2f}"]
        for epoch, loss, validation, psnr in columns
    ]


def _groups(entry: Entry) -> list[dict[str, Any]]:
    places = entry.sheet["chosen"]["indices"]
    each = len(places) // len(GROUPS)
    rows, classes = entry.images.set_index("index"), entry.evaluation.get("classes", ())

    def what(label: int) -> str:
        return str(classes[label]) if 0 <= label < len(classes) else ""

    return [
        {
            "name": name,
            "first": number * each,
            "images": [
                {"psnr": f"{rows.loc[place, 'psnr']:.1f} dB", "what": what(int(rows.loc[place, "label"]))}
                for place in places[number * each : (number + 1) * each]
            ],
        }
        for number, name in enumerate(GROUPS)
    ]


def _ways(entry: Entry) -> list[dict[str, Any]]:
    """Return the rows of the table of baselines, the network's first; none where there is nothing to compare."""
    if not entry.baselines:
        return []
    own = dict(entry.metrics) | {"baseline": "network", "options": {}}
    return [
        {
            "name": spoken(way["baseline"]),
            "own": way is own,
            "options": ", ".join(f"{name} {value}" for name, value in way["options"].items()),
            "psnr": decibels(way["psnr"]),
            "interval": f"{way['psnr_low']:.2f} to {way['psnr_high']:.2f}",
            "ssim": f"{way['ssim']:.3f}",
            "mse": f"{way['mse']:.5f}",
        }
        for way in (own, *entry.baselines)
    ]


def _data(entry: Entry) -> dict[str, Any]:
    """Return what the page's script needs."""
    reel = entry.sheet["reel"]
    baseline = {"name": entry.strongest, "psnr": entry.metrics.get("baseline_psnr")} if entry.baselines else None
    return {
        "epochs": reel["epochs"],
        "psnr": reel["psnr"],
        "best": entry.best_epoch,
        "rows": reel["rows"],
        "baseline": baseline,
        "history": {str(name): entry.history[name].tolist() for name in entry.history},
        "spread": {kind: spread.histograms(entry, kind) for kind in ("psnr", "ssim")},
    }
