"""How seconds and memory of each stage grow with the number of images, their size, and the network's width.

Every stage runs once, as a function in a process of its own, on made-up data of 1, 4 and 16 times the size, and the
training with 1, 2, 4 and 8 times the filters. Instead of `prepare`, which depends on the source, made-up images are
written into a prepared file. The exponent is the slope of a straight line through the logarithms. What a process holds
before it begins (TensorFlow is 500 MB) counts, so small exponents of memory say that the data do not matter beside it.
Seconds are without the imports, memory is without the processes in which `evaluate` scores its baselines, one a core.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import harness
import material
import numpy as np
from harness import Result
from tqdm import tqdm

from showreel.quiet import quiet

COUNT, SIDE, FILTERS = 4_000, 16, 8
EPOCHS, BATCH = 2, 128
STEP = "a step of the training"
"""Without what happens once: the start, and the first epoch, in which the network is compiled."""

WRITTEN = "writing a prepared file"
STAGES = (WRITTEN, "degrade", "train", "evaluate", "render")
FACTORS = (1, 4, 16)
AXES: dict[str, tuple[tuple[int, ...], tuple[str, ...], Callable[[int], tuple[int, int, int]]]] = {
    "images": (FACTORS, STAGES, lambda factor: (COUNT * factor, SIDE, FILTERS)),
    "pixels of an image": (FACTORS, (*STAGES, STEP), lambda factor: (COUNT, round(SIDE * factor**0.5), FILTERS)),
    "filters": ((1, 2, 4, 8), ("train", STEP), lambda factor: (COUNT, SIDE, FILTERS * factor)),
}
"""What grows → its factors, what is told of it, and images, pixels a side and filters at a factor."""

HEADINGS = ("stage", "what grows", "seconds", "exponent", "peak MB", "exponent")


def measure(rounds: int) -> list[Result]:
    """Run everything once, whatever the rounds: exponents over a factor of 8 or 16 need no more."""
    rows = [row for axis in AXES for row in _grown(axis)]
    note = (
        f"From {COUNT:,} images of {SIDE}×{SIDE} pixels and {FILTERS} filters on, one run each. The start of a stage "
        "is much of its time at these sizes, so exponents below 1 say only that it is not lost in the data yet. "
        "Imports do not count, nor does the memory of the processes that score `evaluate`'s baselines, one a core."
    )
    return [Result("growth of the stages", "", {}, notes=(note,), told=(HEADINGS, *rows))]


def _grown(axis: str) -> Iterator[tuple[str, ...]]:
    """Yield a row for each stage that is told of along an axis."""
    factors, stages, sizes = AXES[axis]
    runs = [
        _run_stages(stages, *sizes(factor))
        for factor in tqdm(factors, desc=f"grow {axis}", unit=" sizes", disable=None)
    ]
    grows = f"{axis}, {', '.join(map(str, factors))} ×"
    for stage in stages:
        seconds, megabytes = ([run[stage][place] for run in runs] for place in (0, 1))
        memory = ("", "")
        if stage != STEP:  # its process is the stage's
            memory = (", ".join(f"{one:.0f}" for one in megabytes), _exponent(factors, megabytes))
        yield stage, grows, ", ".join(f"{one:.3g}" for one in seconds), _exponent(factors, seconds), *memory


def _exponent(factors: Sequence[int], values: Sequence[float]) -> str:
    return f"{np.polyfit(np.log(factors), np.log(values), 1)[0]:.2f}"


def _run_stages(wanted: Sequence[str], count: int, side: int, filters: int) -> dict[str, tuple[float, float]]:
    """Run the stages up to the last that is wanted, and return the seconds and the peak memory in MB of each."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="showreel-bench-") as name:
        for stage in STAGES[: 1 + max(STAGES.index(one) for one in wanted if one in STAGES)]:
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                found[stage] = pool.submit(_run, stage, Path(name), count, side, filters).result()
        found[STEP] = (_seconds_a_step(Path(name), count), 0.0)
    return found


def _seconds_a_step(folder: Path, count: int) -> float:
    """Return what a step of the last epoch took."""
    *_, last = (folder / "timing.csv").read_text().split()
    return float(last.split(",")[1]) / -(-count // BATCH)


def _run(stage: str, folder: Path, count: int, side: int, filters: int) -> tuple[float, float]:
    """Run one stage in this process."""
    with quiet():
        work = BEGUN[stage](folder, count, side, filters)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start, harness.peak_megabytes()


def _write(folder: Path, count: int, side: int, filters: int) -> Callable[[], None]:
    return lambda: material.write_random(folder / "clean.h5", (count, count // 8, count // 4), (side, side, 1))


def _degrade(folder: Path, count: int, side: int, filters: int) -> Callable[[], None]:
    from showreel.stages.degrade import degrade

    return lambda: degrade(
        "noisy", folder / "clean.h5", folder / "noisy.h5", seed=1, options={"sigma": 0.5},
        lineage=material.lineage(folder),
    )  # fmt: skip


def _train(folder: Path, count: int, side: int, filters: int) -> Callable[[], object]:
    from showreel.stages.train import Recipe

    recipe = Recipe("unet", {"depth": 1, "filters": filters}, 1, EPOCHS, BATCH, 0.001, "auto", deterministic=False)
    return lambda: material.train(folder, recipe)


def _evaluate(folder: Path, count: int, side: int, filters: int) -> Callable[[], None]:
    from showreel.stages.evaluate import evaluate

    names = {"metrics": "m.json", "baselines": "b.csv", "scores": "s.csv", "examples": "e.h5"}
    return lambda: evaluate(
        "bench", model=folder / "m.keras", reel=folder / "m.reel.h5", degraded=folder / "noisy.h5",
        clean=folder / "clean.h5", degradation="noisy", lineage=material.lineage(folder),
        **{name: folder / file for name, file in names.items()},
    )  # fmt: skip


def _render(folder: Path, count: int, side: int, filters: int) -> Callable[[], None]:
    from showreel.stages.render import render

    names = {
        "gif": "a.gif", "poster": "a.png", "card": "c.gif", "still": "c.png", "sheet": "s.png", "places": "s.json",
    }  # fmt: skip
    return lambda: render(
        "bench", reel=folder / "m.reel.h5", examples=folder / "e.h5", metrics=folder / "m.json",
        lineage=material.lineage(folder), **{name: folder / file for name, file in names.items()},
    )  # fmt: skip


BEGUN = {WRITTEN: _write, "degrade": _degrade, "train": _train, "evaluate": _evaluate, "render": _render}
"""Stage → what prepares it in a folder, and returns what to measure."""
