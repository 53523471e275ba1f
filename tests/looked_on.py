"""Checkouts in which a network trains while watchers look on."""

import csv
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from checkouts import Checkout
from engines import INJECTED, PARAMS, Accident

EVENTS = Path("logs/tensorboard/denoiser")
"""TensorBoard's folder."""

NOTHING: Mapping[str, str] = MappingProxyType({})
ON = PARAMS + "watch: {dvclive: true, tensorboard: true}\n"


def prepared(folder: Path, params: str = ON) -> Checkout:
    """Return a checkout that lacks the training alone, and whose project is in git."""
    checkout = Checkout.fresh(folder, params)
    for names in (("download", "digits"), ("prepare", "digits"), ("degrade", "digits-noisy")):
        checkout.run("showreel", *names)
    checkout.run("git", "add", "--all")
    checkout.run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "prepared")
    return checkout


def train(checkout: Checkout, accident: Accident | None = None, environment: Mapping[str, str] = NOTHING) -> None:
    """Train, with an accident that the training does not survive if there is one."""
    environment = {**checkout.environment, **environment}
    if accident:
        path = f"{checkout.environment['PYTHONPATH']}:{INJECTED}"
        environment = {**environment, "PYTHONPATH": path, "SHOWREEL_FAULT": json.dumps(vars(accident))}
    Checkout(checkout.folder, **environment).run("showreel", "train", "denoiser", exit_code=-9 if accident else 0)


def resumed(waiting: Checkout, folder: Path, accident: Accident) -> Checkout:
    """Train until an accident, copy what there is then to `killed`, damage the last event, and train to the end."""
    checkout = waiting.copied(folder / "project")
    train(checkout, accident)
    checkout.copied(folder / "killed")
    (events,) = (checkout.folder / EVENTS).iterdir()
    events.write_bytes(events.read_bytes() + struct.pack("<Q", 100) + b"cut short")
    train(checkout)
    return checkout


def table(path: Path) -> dict[str, list[float]]:
    """Return a CSV or TSV file's columns."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


BEFORE_THE_SECOND_CHECKPOINT = Accident("train", "tempfile.mkstemp", ".denoiser.npz.", 2)
WHILE_THE_SECOND_EPOCH_IS_LOGGED = Accident("train", "open", "/loss.tsv', 'a'", 2)
KILLS = {"before the checkpoint": BEFORE_THE_SECOND_CHECKPOINT, "while it is logged": WHILE_THE_SECOND_EPOCH_IS_LOGGED}
"""When a training that is watched is killed in its second epoch → the accident."""
