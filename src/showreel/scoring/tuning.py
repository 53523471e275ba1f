"""What the classical baselines reach: tuned on the validation split, then scored on the complete test split.

Worker processes on all cores read the images that they need by themselves, so memory does not grow with the data set.
They start afresh and import this module, not the stage: TensorFlow stays out of them.
"""

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from showreel.scoring.baselines import Baseline
from showreel.storage import prepared
from showreel.storage.fields import Split
from showreel.tasks.restoration import learning, scores

TUNING_IMAGES = 256
"""Validation images by which a baseline's options are chosen, evenly spread over the split."""

JOB_VALUES = 1 << 18
"""Values of the test images that a worker restores at a time."""

Options = Mapping[str, float]
Scores = dict[str, NDArray[np.float64]]
Result = TypeVar("Result")


class Pair(NamedTuple):
    """The prepared files of a network's input and of its target, row by row the same images."""

    degraded: Path
    clean: Path


def score_baselines(baselines: Mapping[str, Baseline], pair: Pair) -> tuple[dict[str, Options], dict[str, Scores]]:
    """Tune every baseline by mean PSNR on validation images, then score it on all test images.

    Returns:
        Each baseline's chosen options, and its scores as of `scores.score`: float64 (n,) in the test split's order.
    """
    with _workers() as pool:
        chosen = _tuned(baselines, pair, pool)
        jobs = [
            partial(_scored, baselines[name], chosen[name], pair, "test", rows, scores.score)
            for name in baselines
            for rows in batches(pair.clean, JOB_VALUES)
        ]
        parts = list(_progress(pool, jobs, "score baselines"))
    size = len(parts) // len(baselines)
    return chosen, {name: joined(parts[i * size : (i + 1) * size]) for i, name in enumerate(baselines)}


def restored(baseline: Baseline, options: Options, pair: Pair, degraded: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Apply a baseline to some of the pair's degraded images, uint8 (n, h', w', c).

    Returns:
        float32 (n, h, w, c) of the clean images' size, in [0, 1].
    """
    made = json.loads(prepared.read_attributes(pair.degraded)["options"])
    known = {name: made[name] for name in baseline.known}
    return baseline.restore(learning.unit(degraded), prepared.image_shape(pair.clean)[:2], **known, **options)


def batches(path: Path, values: int) -> list[slice]:
    """Cut the rows of the test split into slices of at most so many values, or of one image."""
    count = prepared.count(path, "test")
    rows = max(1, values // int(np.prod(prepared.image_shape(path))))
    return [slice(start, min(start + rows, count)) for start in range(0, count, rows)]


def joined(parts: list[Scores]) -> Scores:
    """Put the scores of consecutive rows together."""
    return {kind: np.concatenate([part[kind] for part in parts]) for kind in parts[0]}


def _tuned(baselines: Mapping[str, Baseline], pair: Pair, pool: ProcessPoolExecutor) -> dict[str, Options]:
    """Choose each baseline's options; of equally good ones the first."""
    rows = slice(None, None, max(1, prepared.count(pair.clean, "validation") // TUNING_IMAGES))
    candidates = [(name, options) for name, baseline in baselines.items() for options in baseline.grid]
    jobs = [
        partial(_scored, baselines[name], options, pair, "validation", rows, _mean_psnr) for name, options in candidates
    ]
    best: dict[str, tuple[float, Options]] = {}
    for (name, options), psnr in zip(candidates, _progress(pool, jobs, "tune baselines"), strict=True):
        if name not in best or psnr > best[name][0]:
            best[name] = (psnr, options)
    return {name: options for name, (_, options) in best.items()}


def _scored(
    baseline: Baseline,
    options: Options,
    pair: Pair,
    split: Split,
    rows: slice,
    scorer: Callable[[NDArray[np.uint8], NDArray[np.float32]], Result],
) -> Result:
    """Restore and score some rows of a split; runs in a worker."""
    target = prepared.read_split(pair.clean, split, rows).images
    degraded = prepared.read_split(pair.degraded, split, rows).images
    return scorer(target, restored(baseline, options, pair, degraded))


def _mean_psnr(target: NDArray[np.uint8], images: NDArray[np.float32]) -> float:
    return float(learning.psnr(target, images).mean())


def _progress(pool: ProcessPoolExecutor, jobs: Sequence[Callable[[], Result]], title: str) -> Iterator[Result]:
    """Run jobs in the pool and yield their results in order, with a progress bar where there is a terminal."""
    results = [pool.submit(job) for job in jobs]
    for result in tqdm(results, desc=title, disable=None):
        yield result.result()


@contextmanager
def _workers() -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of one fresh process a core; what has not started is dropped when the block is left by an error."""
    cores = len(os.sched_getaffinity(0))
    pool = ProcessPoolExecutor(cores, multiprocessing.get_context("spawn"), _end_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Let the parent alone answer Ctrl-C, and end this worker when the parent is gone, even if it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
