"""Results → the README's table and the pictures beside it. `make readme` runs this in the project's root.

The table stands between two comments. Its numbers, and those of the pictures, come from files alone: nothing here is
typed. The same results give the same README and GIFs; `gallery.png` also depends on Chromium's version and fonts.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from playwright.sync_api import ViewportSize, sync_playwright

from showreel.gallery import naming, site
from showreel.params import loading, schema
from showreel.pipeline import paths
from showreel.reporting import metrics, scores, sources, table
from showreel.storage import atomic
from showreel.storage.errors import ShowreelError

README = Path("README.md")
PICTURES = Path("docs/pictures")
VARIANTS = ("identity", "denoiser", "superresolution")
TABLED = [f"mnist-{variant}" for variant in VARIANTS]
"""The experiments of the table, whose GIFs are shown; not all on that data set, since somebody may add some."""

PICTURED = [f"photos-{variant}" for variant in VARIANTS] + TABLED
"""The experiments of the gallery's picture."""

BEGIN, END = "<!-- made by `make readme` -->\n", "<!-- up to here -->\n"
VIEWPORT: ViewportSize = {"width": 960, "height": 1200}
"""Pixels of the browser's window; all cards fit into it, so that their pictures are loaded."""

MARGIN = 18
"""Pixels of the picture beneath its last card."""


def main() -> None:
    """Make all of it again; what is right already stays as it is."""
    declared = loading.load(paths.PARAMS)
    files = {README: refreshed(README.read_text(encoding="utf-8"), results(declared)).encode()}
    for name in TABLED:
        if not paths.gif(name).exists():
            raise ShowreelError(f"{paths.gif(name)}: missing; run `dvc repro render@{name}`")
        files[PICTURES / f"{name}.gif"] = paths.gif(name).read_bytes()
    files[PICTURES / "gallery.png"] = picture_of_gallery(declared)
    for path, content in files.items():
        _replace(path, content)


def results(declared: schema.Params) -> str:
    """Return the table of the experiments' scores, in Markdown; all of them learn the same task."""
    headings = _headings(declared.experiments[TABLED[0]].task)
    lines = [_line(headings), _line("---" for _ in headings)]
    lines += [_line(_cells(name, declared.experiments[name])) for name in TABLED]
    return "".join(lines)


def refreshed(text: str, table: str) -> str:
    """Return the README's text with another table.

    Raises:
        ShowreelError: it lacks the comments between which the table stands.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ShowreelError(f"{README}: the lines {BEGIN.strip()} and {END.strip()} are missing; restore them")
    return f"{before}{begin}\n{table}\n{end}{after}"


def chromium() -> str | None:
    """Return the path of the browser."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def picture_of_gallery(declared: schema.Params) -> bytes:
    """Return a PNG of the gallery's first page over the experiments of `PICTURED`.

    Raises:
        ShowreelError: a result is missing or damaged, or there is no Chromium.
    """
    executable = chromium()
    if executable is None:
        raise ShowreelError("there is no Chromium; `make readme` installs it as root")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        site.write([sources.source(name, declared) for name in PICTURED], Path(folder))
        browser = started.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        # Without motion, all cards show their last frame, and every picture of the page is the same.
        page = browser.new_page(viewport=VIEWPORT, color_scheme="dark", reduced_motion="reduce")
        page.goto((Path(folder) / "index.html").as_uri(), wait_until="networkidle")
        box = page.locator(".card").last.bounding_box()
        assert box, "a gallery has cards"
        picture = page.screenshot(
            clip={"x": 0, "y": 0, "width": VIEWPORT["width"], "height": box["y"] + box["height"] + MARGIN}
        )
        browser.close()
    return picture


def _headings(task: str) -> list[str]:
    """Return the columns: THE score of the task, and the one after it."""
    first, *others = (score.heading for score in scores.of(task).values())
    return ["experiment", "input", "strongest tuned baseline", f"network {first}", *others[:1], "gain", "epochs"]


def _cells(name: str, experiment: schema.Experiment) -> list[str]:
    """Return a row: from the scores, the tuned baselines, the history, and the record of the evaluation."""
    numbers = metrics.read(paths.metrics(name))
    labels = table.labels(experiment.task, numbers)
    options = json.loads(paths.record("evaluate", name).read_text(encoding="utf-8"))["degradation"]
    methods = pd.read_csv(paths.baselines(name))["baseline"]  # the strongest comes first
    seen = f"{experiment.input}{naming.listed(options)}, {labels['input']}"
    return [
        f"[{naming.variant(name, experiment.dataset)}]({PICTURES / name}.gif)",
        "the target itself" if experiment.input == experiment.dataset else seen,
        f"{naming.spoken(methods[0])}, {labels['baseline']}" if len(methods) else "none",
        labels["network"],
        *(scores.written(experiment.task, numbers, other) for other in [*scores.of(experiment.task)][1:2]),
        labels["gain"],
        str(len(pd.read_csv(paths.history(name)))),
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _replace(path: Path, content: bytes) -> None:
    """Write a file if it is another one now, and say so."""
    if not path.exists() or path.read_bytes() != content:
        with atomic.writing(path) as (temporary,):
            temporary.write_bytes(content)
        print(path)


if __name__ == "__main__":
    try:
        main()
    except ShowreelError as error:
        sys.exit(f"readme: error: {error}")
