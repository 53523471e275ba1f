"""How seconds and memory of each stage grow with the number of images, their size, and the network's width.

    python benchmarks/growth.py

Every stage runs as a function in a process of its own, on made-up data of 1, 4 and 16 times the size; the exponent is
the slope of a straight line through the logarithms. What a process holds before it begins (TensorFlow is 500 MB)
counts, so small exponents of memory say that the data do not matter beside it.
"""

import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import material
import numpy as np

from showreel import storage
from showreel.block import SPLITS, Block

FACTORS = (1, 4, 16)
COUNT, SIDE, FILTERS = 4_000, 16, 4
STAGES = ("prepare", "degrade", "train", "evaluate", "render")
AXES: dict[str, Callable[[int], tuple[int, int, int]]] = {
    "images": lambda factor: (COUNT * factor, SIDE, FILTERS),
    "pixels of an image": lambda factor: (COUNT, round(SIDE * factor**0.5), FILTERS),
    "filters": lambda factor: (COUNT, SIDE, FILTERS * factor),
}
"""What grows → images, pixels a side and filters at a factor."""


def main() -> None:
    """Print a line a stage and axis."""
    print("| stage | what grows 1, 4, 16 × | seconds | exponent | peak MB | exponent |")
    print("| --- | --- | --- | --- | --- | --- |")
    for axis, sizes in AXES.items():
        runs = [_all_stages(*sizes(factor)) for factor in FACTORS]
        for stage in STAGES if axis != "filters" else ("train",):
            seconds, megabytes = ([run[stage][place] for run in runs] for place in (0, 1))
            print(
                f"| {stage} | {axis} | {', '.join(f'{one:.2f}' for one in seconds)} | {_exponent(seconds):.2f} "
                f"| {', '.join(f'{one:.0f}' for one in megabytes)} | {_exponent(megabytes):.2f} |",
                flush=True,
            )


def _exponent(values: list[float]) -> float:
    return float(np.polyfit(np.log(FACTORS), np.log(values), 1)[0])


def _all_stages(count: int, side: int, filters: int) -> dict[str, tuple[float, float]]:
    """Run the stages one after the other, and return the seconds and the peak memory in MB of each."""
    folder = Path(tempfile.mkdtemp(prefix="showreel-bench-"))
    found = {}
    for stage in STAGES:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            found[stage] = pool.submit(_run, stage, folder, count, side, filters).result()
    shutil.rmtree(folder)
    return found


def _run(stage: str, folder: Path, count: int, side: int, filters: int) -> tuple[float, float]:
    """Run one stage in this process."""
    work = globals()[f"_{stage}"](folder, count, side, filters)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _prepare(folder: Path, count: int, side: int, filters: int) -> Callable[[], None]:
    """Write random images in blocks, as a reader of a data set hands them over."""
    generator = np.random.default_rng(0)

    def blocks(images: int):  # noqa: ANN202
        for start in range(0, images, 500):
            rows = min(500, images - start)
            yield Block(generator.integers(0, 256, (rows, side, side, 1), np.uint8), np.zeros(rows, np.int32))

    counts = dict(zip(SPLITS, (count, count // 8, count // 4), strict=True))
    splits = ((split, blocks(images)) for split, images in counts.items())
    return lambda: storage.write_prepared(folder / "clean.h5", splits, {"dataset": "bench"})


def _degrade(folder: Path, count: int, side: int, filters: int) -> Callable[[], None]:
    from showreel.stages.degrade import degrade

    return lambda: degrade(
        "noisy", folder / "clean.h5", folder / "noisy.h5", seed=1, options={"sigma": 0.5},
        lineage=material.lineage(folder),
    )  # fmt: skip


def _train(folder: Path, count: int, side: int, filters: int) -> Callable[[], object]:
    from showreel.stages.train import Recipe

    recipe = Recipe("unet", {"depth": 1, "filters": filters}, 1, 1, 128, 0.001, "auto", deterministic=False)
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


if __name__ == "__main__":
    main()
