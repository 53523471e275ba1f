"""What the baselines reach: tuned on the validation split, then scored on the complete test split.

Worker processes on all cores read the examples that they need by themselves, so memory does not grow with the data set.
They start afresh and import this module, not the stage: TensorFlow stays out of them. What a baseline learns is kept in
a temporary file, from which each worker reads it once.
"""

import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from showreel.params import registry
from showreel.scoring.baselines import Baseline, Made
from showreel.scoring.score import Columns
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import Fields

TUNING_EXAMPLES = 256
"""Validation examples by which a baseline's options are chosen, evenly spread over the split."""

UNTOUCHED = ""
"""The name of the input as it is among methods; no baseline has it."""

JOB_VALUES = 1 << 18
"""Values of the test examples that a worker answers at a time."""

Options = Mapping[str, Any]
Result = TypeVar("Result")


class Tuned(NamedTuple):
    """A baseline with the options that were best on the validation split.

    Attributes:
        baseline: the method.
        options: those chosen from its grid.
        known: what it is told of the degradation.
        fitted: the file of what it has learnt; None where it learns nothing.
    """

    baseline: Baseline
    options: Options
    known: Options
    fitted: Path | None

    def answer(self, inputs: Fields) -> NDArray[Any]:
        """Return the method's outputs for some inputs."""
        learnt = () if self.fitted is None else (_learnt(self.fitted),)
        outputs: NDArray[Any] = self.baseline.answer(inputs, *learnt, **self.known, **self.options)
        return outputs


class Contest(NamedTuple):
    """Who answers what, and how that is scored.

    Attributes:
        task: a folder of `tasks/`, whose `scores` count.
        train: the examples that a baseline may learn from.
        validation: those by which its options are chosen.
        test: those that it is scored on.
        known: the degradation's options.
    """

    task: str
    train: ExampleSplit
    validation: ExampleSplit
    test: ExampleSplit
    known: Options


class Rivals(NamedTuple):
    """What a network is compared with.

    Attributes:
        methods: baseline → its method, tuned.
        columns: baseline → its columns over the complete test split.
        untouched: the columns of the input as it is; None where that is no answer.
        strongest: the baseline that is best by THE score; "" where there is none.
    """

    methods: dict[str, Tuned]
    columns: dict[str, Columns]
    untouched: Columns | None
    strongest: str

    @property
    def best(self) -> Columns | None:
        """The columns of the strongest baseline; None where there is none."""
        return self.columns.get(self.strongest)

    def answer(self, inputs: Fields) -> NDArray[Any] | None:
        """Return the strongest baseline's outputs for some inputs; None where there is none."""
        return self.methods[self.strongest].answer(inputs) if self.strongest else None


@contextmanager
def rivals(contest: Contest, made: Made) -> Iterator[Rivals]:
    """Tune and score all baselines of a task, and the input as it is; what they have learnt is forgotten afterwards."""
    rules = registry.module("tasks", contest.task, "baselines")
    unchanged = rules.unchanged(made)
    everyone = {**({UNTOUCHED: unchanged} if unchanged else {}), **rules.baselines(made)}
    with tuned(everyone, contest) as (methods, columns):
        untouched = columns.pop(UNTOUCHED, None)
        methods.pop(UNTOUCHED, None)
        yield Rivals(methods, columns, untouched, _strongest(columns, contest.task))


@contextmanager
def tuned(baselines: Mapping[str, Baseline], contest: Contest) -> Iterator[tuple[dict[str, Tuned], dict[str, Columns]]]:
    """Tune every baseline on validation examples, then score it on all test examples.

    Yields:
        Each baseline with its chosen options, and its columns, as the task's scores give them, in the test split's
        order. What it has learnt is forgotten afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="showreel-baselines-") as folder, _workers() as pool:
        best = _tuned(baselines, contest, pool, Path(folder))
        slices = contest.test.slices(JOB_VALUES)
        jobs = [partial(_scored, contest.task, best[name], contest.test, rows) for name in baselines for rows in slices]
        parts = list(_progress(pool, jobs, "score baselines"))
        size = len(slices)
        columns: dict[str, Columns] = {
            name: joined(parts[i * size : (i + 1) * size]) for i, name in enumerate(baselines)
        }
        yield best, columns


def joined(parts: Sequence[Columns]) -> dict[str, NDArray[np.float64]]:
    """Put the columns of consecutive examples together."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _strongest(columns: Mapping[str, Columns], task: str) -> str:
    """Return the name of the baseline that is best by THE score; "" where there is none."""
    scores = registry.module("tasks", task, "scores")
    first, score = next(iter(scores.SCORES.items()))
    sign = 1 if score.better == "higher" else -1
    return max(columns, key=lambda name: sign * scores.summary(columns[name])[first], default="")


def _tuned(
    baselines: Mapping[str, Baseline], contest: Contest, pool: ProcessPoolExecutor, folder: Path
) -> dict[str, Tuned]:
    """Choose each baseline's options by THE score; of equally good ones the first."""
    scores = registry.module("tasks", contest.task, "scores")
    name_of_score, score = next(iter(scores.SCORES.items()))
    rows = slice(None, None, max(1, contest.validation.count // TUNING_EXAMPLES))
    candidates = [
        (name, Tuned(baseline, options, {key: contest.known[key] for key in baseline.known}, None))
        for name, baseline in baselines.items()
        for options in baseline.grid
    ]
    jobs = [
        partial(_tried, contest, candidate, rows, folder / f"{number}.pickle")
        for number, (_, candidate) in enumerate(candidates)
    ]
    best: dict[str, tuple[float, Tuned]] = {}
    for (name, _), (candidate, columns) in zip(candidates, _progress(pool, jobs, "tune baselines"), strict=True):
        value = scores.summary(columns)[name_of_score]
        if name not in best or score.gain(value, best[name][0]) > 0:
            best[name] = (value, candidate)
    return {name: candidate for name, (_, candidate) in best.items()}


def _tried(contest: Contest, candidate: Tuned, rows: slice, path: Path) -> tuple[Tuned, Columns]:
    """Let a method learn, if it does, and score it on some validation examples; runs in a worker."""
    if candidate.baseline.fit:
        learnt = candidate.baseline.fit(contest.train, **candidate.known, **candidate.options)
        path.write_bytes(pickle.dumps(learnt))
        candidate = candidate._replace(fitted=path)
    return candidate, _scored(contest.task, candidate, contest.validation, rows)


def _scored(task: str, method: Tuned, source: ExampleSplit, rows: slice) -> Columns:
    """Answer and score some rows of a split; runs in a worker."""
    example = source.read(rows)
    columns: Columns = registry.module("tasks", task, "scores").score(example.targets, method.answer(example.inputs))
    return columns


@lru_cache(4)
def _learnt(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


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
