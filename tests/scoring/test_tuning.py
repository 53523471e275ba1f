import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from showreel.degradations import noisy
from showreel.scoring import tuning
from showreel.scoring.baselines import Baseline, Made
from showreel.scoring.tuning import Contest
from showreel.storage import prepared
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import SPLITS, Field, Fields
from showreel.tasks.restoration import scores

WORKER = """
import os, sys
from showreel.scoring import tuning
from showreel.degradations import downscaled, noisy

def modules():
    return [name for name in ("tensorflow", "keras") if name in sys.modules]

if __name__ == "__main__":
    with tuning._workers() as pool:
        print(pool.submit(modules).result(), *pool._processes, flush=True)
        os.kill(os.getpid(), 9)
"""


def test_workers_have_no_tensorflow_and_end_even_when_their_parent_is_killed(tmp_path: Path) -> None:
    script, printed = tmp_path / "worker.py", tmp_path / "printed"
    script.write_text(WORKER)
    with printed.open("w") as output:
        assert subprocess.run([sys.executable, script], stdout=output, check=False).returncode == -signal.SIGKILL
    modules, *workers = printed.read_text().split()
    assert modules == "[]"
    assert workers
    for worker in map(int, workers):
        wait_for_the_end_of(worker)


def wait_for_the_end_of(process: int) -> None:
    """Give a process ten seconds to end; then end it and fail."""
    for _ in range(100):
        if not is_running(process):
            return
        time.sleep(0.1)
    os.kill(process, signal.SIGKILL)
    pytest.fail(f"worker {process} lived on without its parent")


def is_running(process: int) -> bool:
    """Return whether a process exists and is no zombie."""
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def contest(tmp_path: Path) -> Contest:
    """Grey images, each of one level, which a restoration is given as they are."""
    levels = {
        split: np.linspace(0, 250, count).astype(np.uint8) for split, count in zip(SPLITS, (40, 20, 12), strict=True)
    }
    splits = [
        (split, [{"image": np.broadcast_to(grey.reshape(-1, 1, 1, 1), (len(grey), 8, 8, 1))}])
        for split, grey in levels.items()
    ]
    path = tmp_path / "greys.h5"
    prepared.write(path, splits, {"image": Field("image")}, {"dataset": "greys"})
    examples = {split: ExampleSplit.of(path, path, split, ("image",), ("image",)) for split in SPLITS}
    return Contest("restoration", examples["train"], examples["validation"], examples["test"], {"sigma": 0.1})


def brighter(inputs: Fields, *, by: float) -> NDArray[np.float32]:
    """A rule: the input, brighter."""
    return np.clip(np.asarray(inputs["image"], np.float32) / 255 + np.float32(by), 0, 1)


def told(inputs: Fields, *, sigma: float) -> NDArray[np.float32]:
    """A rule that is told the degradation's option."""
    assert sigma == 0.1
    return brighter(inputs, by=0.5)


def mean_of(examples: ExampleSplit, *, share: float) -> NDArray[np.float32]:
    """Learn the mean of the training images, times a share."""
    parts = [np.asarray(part.targets["image"]) for part in examples.parts()]
    return np.asarray(np.concatenate(parts).mean(axis=0) / 255 * share, np.float32)


def always(inputs: Fields, mean: NDArray[np.float32], *, share: float) -> NDArray[np.float32]:
    """A learner: what it has learnt, whatever it is given."""
    return np.repeat(mean[np.newaxis], len(np.asarray(inputs["image"])), axis=0)


BASELINES = {
    "brighter": Baseline(brighter, grid=tuple({"by": by} for by in (0.4, 0.1, 0.2))),
    "told": Baseline(told, known=("sigma",)),
    "mean": Baseline(always, fit=mean_of, grid=({"share": 0.1}, {"share": 1.0})),
}


def test_options_are_chosen_on_the_validation_split_and_scored_on_the_whole_test_split(contest: Contest) -> None:
    with tuning.tuned(BASELINES, contest) as (methods, columns):
        assert {name: dict(method.options) for name, method in methods.items()} == {
            "brighter": {"by": 0.1}, "told": {}, "mean": {"share": 1.0},
        }  # fmt: skip
        example = contest.test.read()
        for name, method in methods.items():
            expected = scores.score(example.targets, method.answer(example.inputs))
            for score, column in expected.items():
                np.testing.assert_allclose(columns[name][score], column, rtol=1e-6)
        mean = np.linspace(0, 250, 40).astype(np.uint8).mean() / 255
        np.testing.assert_allclose(methods["mean"].answer(example.inputs), mean, rtol=1e-5)


def test_what_a_baseline_has_learnt_is_forgotten_afterwards(contest: Contest) -> None:
    with tuning.tuned(BASELINES, contest) as (methods, _):
        files = [method.fitted for method in methods.values() if method.fitted]
        assert len(files) == 1
        assert files[0].is_file()
    assert not files[0].exists()


def test_kinds_are_told_by_whether_a_baseline_learns() -> None:
    assert [BASELINES[name].kind for name in ("brighter", "told", "mean")] == ["untrained", "untrained", "trained"]


def test_the_input_as_it_is_is_scored_beside_the_baselines_of_a_degradation(contest: Contest) -> None:
    options = {"sigma": 0.1}
    made = Made("noisy", options, contest.test.inputs, contest.test.targets)
    with tuning.rivals(contest._replace(known=options), made) as rivals:
        assert rivals.untouched is not None
        assert (rivals.untouched["psnr"] == 100).all()
        assert list(rivals.methods) == list(rivals.columns) == [*noisy.BASELINES]
        assert rivals.strongest == max(rivals.columns, key=lambda name: rivals.columns[name]["psnr"].mean())
        answer = rivals.answer(contest.test.read(slice(0, 2)).inputs)
        assert answer is not None
        assert answer.shape == (2, 8, 8, 1)


def test_without_a_degradation_there_is_nothing_to_beat(contest: Contest) -> None:
    with tuning.rivals(contest, Made("", {}, contest.test.inputs, contest.test.targets)) as rivals:
        assert (rivals.methods, rivals.columns, rivals.untouched, rivals.strongest) == ({}, {}, None, "")
        assert rivals.best is None
        assert rivals.answer(contest.test.read(slice(0, 2)).inputs) is None
