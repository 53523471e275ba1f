"""An engine ends while its worker trains: by kill -9, by a request to end, by Ctrl-C. The next run makes it good."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from checkouts import Checkout
from engines import STAGES, Accident, History
from test_kills import leftovers

from showreel.pipeline import paths

pytestmark = [pytest.mark.slow, pytest.mark.faults]

PAUSE = "touch reached; sleep 8"
IN_THE_SECOND_EPOCH = Accident("train", "tempfile.mkstemp", ".denoiser.npz.", 2, PAUSE)


def trained_until(checkout: Checkout, history: History) -> "subprocess.Popen[str]":
    """Start the training and return its engine once the first epoch is kept and the second is at its end."""
    engine = history.engine.start(checkout, "train", IN_THE_SECOND_EPOCH)
    while not (checkout.folder / "reached").exists():
        assert engine.poll() is None, engine.communicate()[0]
        time.sleep(0.1)
    return engine


def workers(checkout: Checkout) -> list[int]:
    """List the processes of showreel that work in a checkout."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = (process / "cwd").readlink() == checkout.folder
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if here and any(word.endswith(b"/showreel") for word in words):
            found.append(int(process.name))
    return found


def test_an_engine_is_killed_and_its_orphan_is_alive_during_the_next_run(history: History, tmp_path: Path) -> None:
    checkout = history.stood["train"].copied(tmp_path / "checkout")
    with trained_until(checkout, history) as engine:
        engine.kill()
    (orphan,) = workers(checkout)
    history.engine.recover(checkout)
    _, printed = history.engine.run(checkout, "train")
    assert f"waiting for process {orphan} on " in printed + checkout.logs()
    assert checkout.outputs() == history.reference("train")
    assert leftovers(checkout.folder) == []


def test_an_engine_and_its_orphan_are_killed(history: History, tmp_path: Path) -> None:
    checkout = history.stood["train"].copied(tmp_path / "checkout")
    with trained_until(checkout, history) as engine:
        engine.kill()
    for orphan in workers(checkout):
        os.kill(orphan, signal.SIGKILL)
    assert checkout.outputs() == history.stood["train"].outputs()
    history.engine.recover(checkout)
    history.engine.run(checkout, "train")
    assert checkout.outputs() == history.reference("train")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_everybody_is_asked_to_end(history: History, tmp_path: Path, number: signal.Signals) -> None:
    checkout = history.stood["train"].copied(tmp_path / "checkout")
    engine = trained_until(checkout, history)
    os.killpg(engine.pid, number)
    printed = engine.communicate()[0]
    assert engine.returncode != 0, printed
    while workers(checkout):
        time.sleep(0.1)
    assert checkout.outputs().items() <= history.reference("train").items()
    if any((checkout.folder / ".snakemake/locks").glob("*")):
        history.engine.recover(checkout)
    history.engine.run(checkout, "train")
    assert checkout.outputs() == history.reference("train")
    assert leftovers(checkout.folder) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("stage", ["prepare", "train", "render"])
def test_a_worker_is_asked_to_end(history: History, tmp_path: Path, stage: str, number: signal.Signals) -> None:
    checkout = history.stood[stage].copied(tmp_path / "checkout")
    accident = Accident(
        stage, "tempfile.mkstemp", f"{paths.record(stage, STAGES[stage][0]).parent}/", 1, f"kill -{number.value} $PPID"
    )
    code, printed = history.engine.run(checkout, stage, accident)
    assert code != 0
    assert "interrupted; nothing half-written is left" in printed + checkout.logs()
    assert [name for name in leftovers(checkout.folder) if "checkpoints" not in name] == []
    history.engine.run(checkout, stage)
    assert checkout.outputs() == history.reference(stage)
