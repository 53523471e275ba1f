"""Starting: how often a second `showreel` can be asked something, beside `python -c pass`."""

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import harness
import material
from harness import OURS, Result

PYTHON = [sys.executable, "-c", "pass"]
SHOWREEL = str(Path(sys.executable).with_name("showreel"))
COMMANDS = {"showreel --help": ["--help"], "showreel list": ["list"]}
MOST = 0.25
"""Seconds of our own."""


def measure(rounds: int) -> Iterator[Result]:
    """Ask in this checkout, with its declared experiments."""
    for name, arguments in COMMANDS.items():
        cases = {OURS: partial(_rate, [SHOWREEL, *arguments]), "python -c pass": partial(_rate, PYTHON)}
        rates = harness.paired(cases, rounds, title=name)
        seconds = {case: [1 / rate for rate in found] for case, found in rates.items()}
        own = [a - b for a, b in zip(seconds[OURS], seconds["python -c pass"], strict=True)]
        verdict = "met" if statistics.median(own) <= MOST else "missed"
        note = (
            f"{statistics.median(own):.2f} s ({min(own):.2f} … {max(own):.2f}) over `python -c pass`; "
            f"target ≤ {MOST} s: {verdict}"
        )
        yield Result(name, "starts/s", rates, notes=(note,))


def _rate(command: list[str]) -> float:
    # With byte code in its place, as an installed package has it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = partial(subprocess.run, command, cwd=material.ROOT, check=True, stdout=subprocess.DEVNULL, env=environment)
    return material.rate(1, done)
