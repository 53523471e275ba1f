"""The whole: seconds from a fresh clone to the finished demo, and what the trainings of MNIST took that were made here.

The clone holds what is committed, and none of DVC's cache, so everything in it is made anew. Its set-up installs from
pip's index or cache, whose speed is not ours. MNIST's three trainings take most of an hour, so they are not repeated:
the stage leaves a table of seconds in `logs/train/`, and where that tells of all declared epochs, it is added up.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import material
from harness import Result

from showreel.params import loading
from showreel.pipeline import paths

TRIO = ("mnist-identity", "mnist-denoiser", "mnist-superresolution")


def measure(rounds: int) -> Iterator[Result]:
    """Make the demo once, whatever the rounds."""
    rows = [("what", "seconds"), *_demo(), *(_trained(name) for name in TRIO)]
    note = "One run. The trainings are what `logs/train/` of this checkout tells, whatever else ran beside them."
    yield Result("the whole", "", {}, notes=(note,), told=tuple(rows))


def _demo() -> list[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="showreel-bench-") as name:
        clone = Path(name) / "showreel"
        commands = {
            "`git clone`": ["git", "clone", "--quiet", str(material.ROOT), str(clone)],
            "`make setup` in it": ["make", "--directory", str(clone), "setup", f"PYTHON={sys.executable}"],
            "`make demo` after that": ["make", "--directory", str(clone), "demo", f"PYTHON={sys.executable}"],
        }
        seconds = {what: _seconds(words) for what, words in commands.items()}
    return [(what, f"{took:.0f}") for what, took in seconds.items()] + [
        ("fresh clone to finished demo", f"{sum(seconds.values()):.0f}")
    ]


def _seconds(words: list[str]) -> float:
    """Run a command as a user would, who has no other checkout on Python's path."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    start = time.perf_counter()
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stdout[-2000:]}")
    return time.perf_counter() - start


def _trained(name: str) -> tuple[str, str]:
    epochs = loading.load(material.ROOT / paths.PARAMS).recipe(name)["epochs"]
    what, log = f"training {name}, {epochs} epochs", material.ROOT / paths.timing(name)
    rows = list(csv.DictReader(log.open())) if log.exists() else []
    if len(rows) != epochs:
        return what, f"not known here: `dvc repro --force --single-item train@{name}` leaves them"
    return what, f"{sum(float(row['seconds']) for row in rows):.0f}"
