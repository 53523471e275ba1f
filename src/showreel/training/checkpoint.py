"""The state of a training after its last finished epoch, kept so that a killed training goes on from there.

One file an experiment, outside the outputs, so that no engine deletes, caches or compares it. It says what it belongs
to; whatever belongs to something else, or is damaged, is discarded and never mixed in.
"""

import json
import logging
import math
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from showreel.storage import atomic

UNREADABLE = (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error)
"""What NumPy raises for a file that is damaged or holds something else."""

Arrays = list[NDArray[np.generic]]

log = logging.getLogger(__name__)


@dataclass
class Run:
    """What a training leaves behind, epoch by epoch.

    Attributes:
        history: one row an epoch: losses and scores.
        timing: one row an epoch: seconds, and images a second.
        outputs: (n, …), those of the reel's examples, before training and after every epoch.
        test_scores: the mean score over the complete test split, likewise. Nothing is chosen by it.
        best_score: the best mean score over the validation split so far; None before the first.
        best_epoch: the epoch after which it was reached, from 1 on.
        best_weights: the network's weights at that time.
        devices: the names of the devices that it ran on, in that order.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    timing: list[dict[str, float]] = field(default_factory=list)
    outputs: list[NDArray[Any]] = field(default_factory=list)
    test_scores: list[float] = field(default_factory=list)
    best_score: float | None = None
    best_epoch: int = 0
    best_weights: Arrays = field(default_factory=list)
    devices: list[str] = field(default_factory=list)


def save(path: Path, key: str, run: Run, variables: Sequence[NDArray[np.generic]]) -> None:
    """Replace the checkpoint by one that ends with the run's last epoch.

    Args:
        path: the file.
        key: JSON of everything that shapes the training.
        run: what there is of it.
        variables: the state of network and optimizer, in their order.
    """
    texts = {"key": key, "history": json.dumps(run.history), "timing": json.dumps(run.timing)}
    texts["devices"] = json.dumps(run.devices)
    arrays = {name: np.frombuffer(text.encode(), np.uint8) for name, text in texts.items()}
    best = math.nan if run.best_score is None else run.best_score
    scores = {"test_scores": run.test_scores, "best_score": best, "best_epoch": run.best_epoch}
    lists = {"best": run.best_weights, "variable": variables, "output": run.outputs}
    named = {f"{name}{index}": array for name, each in lists.items() for index, array in enumerate(each)}
    with atomic.writing(path) as (temporary,):
        np.savez(
            temporary,
            allow_pickle=False,
            **arrays,
            **{name: np.array(value) for name, value in scores.items()},
            **named,
        )


def load(path: Path, key: str) -> tuple[Run, Arrays] | None:
    """Return a run and the state of network and optimizer after its last epoch, or nothing where there is none to use.

    A checkpoint of anything else than `key`, or a damaged one, is removed, and the log says so.
    """
    if not path.exists():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            stored = {name: archive[name] for name in archive}
        theirs = _text(stored["key"])
        if theirs == key:
            return _run(stored), _listed(stored, "variable")
        reason = f"belongs to a training with other {_differences(theirs, key)}"
    except UNREADABLE as error:
        reason = f"is damaged ({error})"
    log.warning("%s %s; the training starts over", path, reason)
    path.unlink()
    return None


def _run(stored: dict[str, NDArray[np.generic]]) -> Run:
    best = float(stored["best_score"])
    return Run(
        history=json.loads(_text(stored["history"])),
        timing=json.loads(_text(stored["timing"])),
        outputs=_listed(stored, "output"),
        test_scores=[float(value) for value in stored["test_scores"]],
        best_score=None if math.isnan(best) else best,
        best_epoch=int(stored["best_epoch"]),
        best_weights=_listed(stored, "best"),
        devices=json.loads(_text(stored["devices"])),
    )


def _listed(stored: dict[str, NDArray[np.generic]], name: str) -> Arrays:
    count = sum(key.removeprefix(name).isdigit() for key in stored)
    return [stored[f"{name}{index}"] for index in range(count)]


def _text(array: NDArray[np.generic]) -> str:
    return array.tobytes().decode()


def _differences(theirs: str, ours: str) -> str:
    """Name the parts in which two keys differ."""
    other, own = json.loads(theirs), json.loads(ours)
    return ", ".join(sorted(name for name in own if other.get(name) != own[name]))
