"""From the results of experiments and studies to a folder of pages that any browser opens, from a disk or a host."""

import base64
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import jinja2
from tqdm import tqdm

from showreel.gallery import browser_network, overview, try_page
from showreel.gallery import entry as entries
from showreel.gallery import page as pages
from showreel.gallery import study as studying
from showreel.gallery.browser_network import BrowserNetwork
from showreel.gallery.entry import Entry
from showreel.gallery.naming import plain
from showreel.gallery.study import Study
from showreel.reporting.sources import Source
from showreel.scoring import paired
from showreel.storage import atomic
from showreel.storage.errors import ParamsError

HERE = Path(__file__).parent
STYLE = "gallery.css"

SHOWN = ("metrics", "history", "baselines", "gif", "poster", "card", "still", "sheet")
"""The results that are copied as they are."""

SILENT_SECONDS = 2


def write(
    sources: Sequence[Source], folder: Path, *, pending: Sequence[str] = (), studies: Mapping[str, str] | None = None
) -> None:
    """Write the pages over some experiments and studies, in their order, and copy all that they show.

    Args:
        sources: the experiments; there is at least one.
        folder: an empty folder.
        pending: the names of declared experiments without results.
        studies: the name of a study with results → its kind.

    Raises:
        ShowreelError: a file of an experiment's or a study's is missing or damaged.
    """
    shutil.copytree(HERE / "assets", folder / "assets")
    environment = _environment()
    cards, offers, tried = [], [], set()
    for source in tqdm(sources, desc="gallery", unit=" pages", delay=SILENT_SECONDS, disable=None):
        entry = entries.read(source)
        network = browser_network.offer(entry)
        _write_experiment(entry, network, folder / "experiments" / entry.slug, environment)
        if network.content:
            tried.add(entry.task)
        cards.append(overview.card(entry, can_be_tried=bool(network.content)))
        offers.append({
            "slug": entry.slug, "label": entry.label, "task": entry.task, "truth": entry.truth, "input": entry.input,
        })  # fmt: skip
    for task in sorted(tried):
        browser_network.write_scripts(task, folder / "assets")
    if tried:
        browser_network.write_runtime(folder / "assets")
    asked = [studying.read(name, kind) for name, kind in (studies or {}).items()]
    for study in asked:
        _write_study(study, folder / "studies" / study.name, environment)
    values = overview.overview(cards, asked, pending)
    _write(environment, "index", folder / "index.html", root="", here="index", **values)
    _write(environment, "compare", folder / "compare.html", root="", here="compare", entries=offers)


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


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["version"] = metadata.version("showreel")
    return environment


def _write(environment: jinja2.Environment, template: str, path: Path, **values: object) -> None:
    path.write_text(environment.get_template(f"{template}.html.j2").render(**values), encoding="utf-8")


def _write_experiment(entry: Entry, network: BrowserNetwork, folder: Path, environment: jinja2.Environment) -> None:
    folder.mkdir(parents=True)
    for name in SHOWN:
        path = entry.source.results[name]
        shutil.copyfile(path, folder / path.name)
    common = {"root": "../../", "here": ""}
    values = {"page": pages.page(entry), "can_be_tried": bool(network.content), "missing": network.missing}
    _write(environment, "experiment", folder / "index.html", **common, **values)
    if network.content:
        _write(environment, "try", folder / "try.html", **common, page=try_page.page(entry, network))
        browser_network.write_network(network, folder)
    (folder / "data.js").write_text(_comparable(entry), encoding="utf-8")


def _write_study(study: Study, folder: Path, environment: jinja2.Environment) -> None:
    folder.mkdir(parents=True)
    for path in study.files.values():
        shutil.copyfile(path, folder / path.name)
    _write(environment, "study", folder / "index.html", root="../../", here="", study=study)


def _comparable(entry: Entry) -> str:
    """Return the script that hands an experiment's tiles and scores to the page that compares."""
    reel = entry.sheet["reel"]
    best = reel["epochs"].index(entry.best_epoch)
    rows = [{**row, "at": [row["at"][best]] if len(row["at"]) > 1 else row["at"]} for row in reel["rows"]]
    finer = paired.scores_of(entry.task)
    content = {
        "label": entry.label,
        "tile": entry.sheet["tile"],
        "width": entry.sheet_size[0],
        "large": pages.magnification(entry),
        "small": max(1, pages.magnification(entry) - 1),
        "examples": len(reel["indices"]),
        "rows": rows,
        "scores": {
            name: plain(finer.get(name, finer[entry.first]))
            | {"values": base64.b64encode(entry.column(name).astype("<f4").tobytes()).decode()}
            for name in entry.measured
        },
    }
    return f"receive({json.dumps(entry.slug)}, {json.dumps(content)});\n"
