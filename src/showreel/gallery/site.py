"""From the results of experiments to a folder of pages that any browser opens, from a disk or from a static host."""

import base64
import json
import os
import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jinja2
from tqdm import tqdm

from showreel.gallery import browser_network as trials
from showreel.gallery import entry as entries
from showreel.gallery import page as pages
from showreel.gallery.browser_network import Trial
from showreel.gallery.entry import Entry, Source
from showreel.gallery.try_page import bench
from showreel.scoring.score import FIGURES
from showreel.storage import atomic
from showreel.storage.errors import ParamsError

HERE = Path(__file__).parent
STYLE = "gallery.css"
MOST_COLUMNS = 4
"""Tasks that the overview sets side by side as the columns of a matrix; more of them flow freely."""

SHOWN = ("metrics", "history", "baselines", "gif", "poster", "card", "still", "sheet")
"""The results that are copied as they are."""

SILENT_SECONDS = 2

HEADINGS = (
    *((heading, "text") for heading in ("experiment", "data set", "task")),
    *((f"{figure.heading} {figure.unit}".rstrip(), "number") for figure in FIGURES.values()),
)
"""The columns of the overview's table, and what they are sorted as."""


def write(sources: Sequence[Source], folder: Path, *, pending: Sequence[str] = ()) -> None:
    """Write the pages over some experiments, in their order, and copy all that they show.

    Args:
        sources: the experiments; there is at least one.
        folder: an empty folder.
        pending: the names of declared experiments without results.

    Raises:
        ShowreelError: a file of an experiment's is missing or damaged.
    """
    shutil.copytree(HERE / "assets", folder / "assets")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["version"] = metadata.version("showreel")
    cards, offers, runtime = [], [], False
    for source in tqdm(sources, desc="gallery", unit=" pages", delay=SILENT_SECONDS, disable=None):
        entry = entries.read(source)
        trial = trials.offer(entry)
        _write_experiment(entry, trial, folder / "experiments" / entry.slug, environment)
        runtime = runtime or not trial.missing
        cards.append(_card(entry) | {"tried": not trial.missing})
        offers.append({"slug": entry.slug, "label": entry.label, "truth": entry.truth, "given": entry.given})
    if runtime:
        trials.write_runtime(folder / "assets")
    overview = environment.get_template("index.html.j2")
    text = overview.render(root="", here="index", headings=HEADINGS, pending=pending, pages=cards, **_matrix(cards))
    (folder / "index.html").write_text(text, encoding="utf-8")
    text = environment.get_template("compare.html.j2").render(root="", here="compare", entries=offers)
    (folder / "compare.html").write_text(text, encoding="utf-8")


def replace(sources: Sequence[Source], folder: Path) -> None:
    """Write the pages over some experiments into a folder of the user's choice.

    Raises:
        ParamsError: there is something else in the folder.
        ShowreelError: a file of an experiment's is missing or damaged.
    """
    if not _may_be_replaced(folder):
        raise ParamsError(f"{folder}: is no gallery, so it is not replaced; name a folder that does not exist")
    with atomic.replacing(folder) as temporary:
        write(sources, temporary)


def _may_be_replaced(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return not os.path.lexists(folder)
    return (folder / "assets" / STYLE).is_file() or not any(folder.iterdir())


def _write_experiment(entry: Entry, trial: Trial, folder: Path, environment: jinja2.Environment) -> None:
    folder.mkdir(parents=True)
    for name in SHOWN:
        path = entry.source.results[name]
        shutil.copyfile(path, folder / path.name)
    text = environment.get_template("experiment.html.j2").render(
        root="../../", here="", page=pages.page(entry), missing=trial.missing
    )
    (folder / "index.html").write_text(text, encoding="utf-8")
    if not trial.missing:
        text = environment.get_template("try.html.j2").render(root="../../", here="", page=bench(entry, trial))
        (folder / "try.html").write_text(text, encoding="utf-8")
        trials.write_network(trial, folder)
    (folder / "data.js").write_text(_comparable(entry), encoding="utf-8")


def _comparable(entry: Entry) -> str:
    """Return the script that hands an experiment's images and scores to the page that compares."""
    reel = entry.sheet["reel"]
    best = reel["epochs"].index(entry.best_epoch)
    rows = [{**row, "at": [row["at"][best]] if len(row["at"]) > 1 else row["at"]} for row in reel["rows"]]
    content = {
        "label": entry.label,
        "tile": entry.sheet["tile"],
        "width": entry.sheet_size[0],
        "large": pages.magnification(entry),
        "small": max(1, pages.magnification(entry) - 1),
        "images": len(reel["indices"]),
        "rows": rows,
    }
    content |= {
        kind: base64.b64encode(entry.column(kind).astype("<f4").tobytes()).decode() for kind in ("psnr", "ssim")
    }
    return f"receive({json.dumps(entry.slug)}, {json.dumps(content)});\n"


def _card(entry: Entry) -> dict[str, Any]:
    """Return what the overview says of an experiment."""
    scores, source = entry.metrics, entry.source
    ssim = FIGURES["ssim"].written(scores.get("ssim", float("nan")))
    gain, rival = scores.get("gain_db"), f"{entry.strongest} {pages.decibels(scores.get('baseline_psnr'))}"
    return {
        "label": entry.label,
        "name": entry.task if "@" not in entry.label else entry.label,
        "slug": entry.slug,
        "dataset": source.dataset,
        "task": entry.task,
        "text": " ".join((entry.label, source.dataset, source.input, source.model, entry.task)).lower(),
        "card": entry.card_size,
        "psnr": pages.decibels(scores.get("psnr")),
        "gain": "" if gain is None else FIGURES["gain_db"].written(gain),
        "sign": "better" if (gain or 0) >= 0 else "worse",
        "against": f"SSIM {ssim} · {rival if entry.baselines else 'no baseline'}",
        "cells": [
            (source.dataset, source.dataset),
            (entry.task, entry.task),
            *(_cell(scores.get(name), figure.form) for name, figure in FIGURES.items()),
        ],
    }


def _cell(value: float | None, form: str) -> tuple[str, float | str]:
    return ("–", "") if value is None else (f"{value:{form}}", value)


def _matrix(cards: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Group cards by data set, with the tasks as columns where they are few and no two cards meet in a cell."""
    tasks = list(dict.fromkeys(card["task"] for card in cards))
    datasets = list(dict.fromkeys(card["dataset"] for card in cards))
    alone = len({(card["dataset"], card["task"]) for card in cards}) == len(cards)
    for card in cards:
        card["column"] = tasks.index(card["task"]) + 1
    matrix = [(dataset, [card for card in cards if card["dataset"] == dataset]) for dataset in datasets]
    return {"matrix": matrix, "tasks": tasks, "aligned": alone and len(tasks) <= MOST_COLUMNS}
