"""How seconds and memory of each stage grow with the number of images, their size, the network's width, experiments.

Every stage runs once, as a function in a process of its own, on made-up pictures of 1, 4 and 16 times the size, the
training with 1, 2, 4 and 8 times the filters, and the gallery over 1, 4 and 16 experiments. `download` takes a snapshot
of a folder of PNG files: over a network it would tell of that. The exponent is the slope of a straight line through the
logarithms. What a process holds before it begins (TensorFlow is 500 MB) counts, so small exponents of memory say that
the data do not matter beside it. Seconds are without the imports, memory is without the processes in which `evaluate`
scores its baselines, one a core.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import harness
import imageio.v3 as imageio
import material
import numpy as np
from harness import Result
from tqdm import tqdm

from showreel.pipeline.quiet import quiet
from showreel.storage.fields import SPLITS

EPOCHS, BATCH = 2, 128
STEP = "a step of the training"
"""Without what happens once: the start, and the first epoch, in which the network is compiled."""


class Size(NamedTuple):
    """How large everything is: training images, pixels a side, filters, experiments in the gallery."""

    images: int = 4_000
    side: int = 16
    filters: int = 8
    experiments: int = 1


class Axis(NamedTuple):
    """What grows: by which factors, what is told of it, and the size at a factor."""

    factors: Sequence[int]
    told: Sequence[str]
    size: Callable[[int], Size]


BASE = Size()
STAGES = ("download", "prepare", "degrade", "train", "evaluate", "render", "gallery")
AXES = {
    "images": Axis((1, 4, 16), STAGES, lambda factor: Size(images=BASE.images * factor)),
    "pixels of an image": Axis((1, 4, 16), (*STAGES, STEP), lambda factor: Size(side=round(BASE.side * factor**0.5))),
    "filters": Axis((1, 2, 4, 8), ("train", STEP), lambda factor: Size(filters=BASE.filters * factor)),
    "experiments": Axis((1, 4, 16), ("gallery",), lambda factor: Size(experiments=factor)),
}

HEADINGS = ("stage", "what grows", "seconds", "exponent", "peak MB", "exponent")


def measure(rounds: int) -> Iterator[Result]:
    """Run everything once, whatever the rounds: exponents over a factor of 8 or 16 need no more."""
    rows = [row for name, axis in AXES.items() for row in _grown(name, axis)]
    note = (
        f"From {BASE.images:,} images of {BASE.side}×{BASE.side} pixels and {BASE.filters} filters on, one run each. "
        "The start of a stage is much of its time at these sizes, so exponents below 1 say only that it is not lost in "
        "the data yet. Imports do not count, nor does the memory of the processes that score `evaluate`'s baselines, "
        "one a core."
    )
    yield Result("growth of the stages", "", {}, notes=(note,), told=(HEADINGS, *rows))


def _grown(name: str, axis: Axis) -> Iterator[tuple[str, ...]]:
    """Yield a row for each stage that is told of along an axis."""
    sizes = tqdm(axis.factors, desc=f"grow {name}", unit=" sizes", disable=None)
    runs = [_run_stages(axis.told, axis.size(factor)) for factor in sizes]
    grows = f"{name}, {', '.join(map(str, axis.factors))} ×"
    for stage in axis.told:
        seconds, megabytes = ([run[stage][place] for run in runs] for place in (0, 1))
        memory = ("", "")
        if stage != STEP:  # its process is the stage's
            memory = (", ".join(f"{one:.0f}" for one in megabytes), _exponent(axis.factors, megabytes))
        yield stage, grows, ", ".join(f"{one:.3g}" for one in seconds), _exponent(axis.factors, seconds), *memory


def _exponent(factors: Sequence[int], values: Sequence[float]) -> str:
    return f"{np.polyfit(np.log(factors), np.log(values), 1)[0]:.2f}"


def _run_stages(wanted: Sequence[str], size: Size) -> dict[str, tuple[float, float]]:
    """Run the stages up to the last that is wanted, and return the seconds and the peak memory in MB of each."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="showreel-bench-") as name:
        _write_pictures(Path(name), size)
        for stage in STAGES[: 1 + max(STAGES.index(one) for one in wanted if one in STAGES)]:
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                found[stage] = pool.submit(_run, stage, Path(name), size).result()
        found[STEP] = (_seconds_a_step(Path(name), size), 0.0)
    return found


def _write_pictures(folder: Path, size: Size) -> None:
    """Write random grey PNG files: an eighth as many for validation, a quarter as many for the test."""
    generator = np.random.default_rng(0)
    for split, count in zip(SPLITS, (size.images, size.images // 8, size.images // 4), strict=True):
        (folder / "pictures" / split).mkdir(parents=True)
        for number in range(count):
            picture = generator.integers(0, 256, (size.side, size.side), np.uint8)
            imageio.imwrite(folder / "pictures" / split / f"{number:06}.png", picture)


def _seconds_a_step(folder: Path, size: Size) -> float:
    """Return what a step of the last epoch took."""
    *_, last = (folder / "timing.csv").read_text().split()
    return float(last.split(",")[1]) / -(-size.images // BATCH)


def _run(stage: str, folder: Path, size: Size) -> tuple[float, float]:
    """Run one stage in this process."""
    with quiet():
        work = BEGUN[stage](folder, size)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start, harness.peak_megabytes()


def _options(folder: Path, size: Size) -> dict[str, object]:
    return {"path": str(folder / "pictures"), "size": size.side, "mode": "grey"}


def _download(folder: Path, size: Size) -> Callable[[], None]:
    from showreel.stages.download import download

    return lambda: download(
        "folder", folder / "raw", partial=folder / "partial", options=_options(folder, size),
        lineage=material.lineage(folder),
    )  # fmt: skip


def _prepare(folder: Path, size: Size) -> Callable[[], None]:
    from showreel.stages.prepare import prepare

    return lambda: prepare(
        "folder", folder / "raw", folder / "clean.h5", dataset="bench", options=_options(folder, size),
        lineage=material.lineage(folder),
    )  # fmt: skip


def _degrade(folder: Path, size: Size) -> Callable[[], None]:
    from showreel.stages.degrade import degrade

    return lambda: degrade(
        "bench", "noisy", folder / "clean.h5", folder / "noisy.h5", seed=1, options={"sigma": 0.5},
        lineage=material.lineage(folder),
    )  # fmt: skip


def _train(folder: Path, size: Size) -> Callable[[], object]:
    import showreel.stages.train  # noqa: F401 – its time is none of the stage's

    options = {"depth": 1, "filters": size.filters}
    return lambda: material.train(folder, options=options, seed=1, epochs=EPOCHS, batch_size=BATCH)


def _evaluate(folder: Path, size: Size) -> Callable[[], None]:
    from showreel.stages.evaluate import Paths, evaluate

    files = Paths(
        input=folder / "noisy.h5", dataset=folder / "clean.h5", model=folder / "m.keras", reel=folder / "m.reel.h5",
        chosen=folder / "e.h5", **{name: folder / RESULTS[name] for name in ("metrics", "baselines", "scores")},
    )  # fmt: skip
    return lambda: evaluate("bench", files, task=material.TASK, lineage=material.lineage(folder))


def _render(folder: Path, size: Size) -> Callable[[], None]:
    from showreel.stages.render import Paths, render

    names = ("metrics", "gif", "poster", "card", "still", "sheet", "places")
    results = {name: folder / RESULTS[name] for name in names}
    files = Paths(reel=folder / "m.reel.h5", chosen=folder / "e.h5", **results)
    return lambda: render("bench", files, lineage=material.lineage(folder))


def _gallery(folder: Path, size: Size) -> Callable[[], None]:
    from showreel.reporting.sources import Source
    from showreel.stages.gallery import gallery

    results, missing = {name: folder / file for name, file in RESULTS.items()}, folder / "missing"
    sources = [
        Source(
            f"bench-{number}",
            material.TASK,
            "bench",
            "bench-noisy",
            "noisy",
            "unet",
            results,
            missing,
            missing,
            missing,
        )
        for number in range(size.experiments)
    ]
    return lambda: gallery(sources, folder / "gallery", studies={}, pending=(), lineage=material.lineage(folder))


WHAT = ("bench", "bench-noisy", "noisy", "unet")
"""Data set, input, degradation and model."""

RESULTS = {
    "metrics": "m.json", "history": "h.csv", "baselines": "b.csv", "scores": "s.csv", "gif": "a.gif",
    "poster": "a.png", "card": "c.gif", "still": "c.png", "sheet": "s.png", "places": "s.json",
}  # fmt: skip
"""Name of a result → its file; the table of the training's epochs is named by `material.train`."""

BEGUN = {
    "download": _download, "prepare": _prepare, "degrade": _degrade, "train": _train, "evaluate": _evaluate,
    "render": _render, "gallery": _gallery,
}  # fmt: skip
"""Stage → what prepares it in a folder, and returns what to measure."""
