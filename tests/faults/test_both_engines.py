"""Both engines, or two of one kind, or two hands, want the same outputs at the same time: one works, one says so."""

import subprocess
import time
from pathlib import Path

import pytest
from checkouts import Checkout
from engines import Accident, Engine, History

pytestmark = pytest.mark.slow

HELD = "touch reached; while [ ! -e released ]; do sleep 0.1; done"
WHILE_IT = {
    "degrade": Accident("degrade", "tempfile.mkstemp", ".digits-noisy.h5.", 1, HELD),
    "train": Accident("train", "tempfile.mkstemp", ".denoiser.npz.", 2, HELD),
}
"""Stage → what makes it wait in the middle of its work."""
REFUSALS = {
    ("dvc", "snakemake"): "DVC is at work here",
    ("snakemake", "dvc"): "is busy, it is being blocked by:\n  (PID ",
    ("dvc", "dvc"): "is busy, it is being blocked by:\n  (PID ",
    ("snakemake", "snakemake"): "Directory cannot be locked",
}


@pytest.mark.parametrize("stage", ["degrade", pytest.param("train", marks=pytest.mark.faults)])
def test_the_other_engine_refuses_before_it_touches_anything(history: History, tmp_path: Path, stage: str) -> None:
    (other,) = {"dvc", "snakemake"} - {history.engine.name}
    assert_refused(history, tmp_path, Engine(other), stage)


@pytest.mark.faults
def test_another_run_of_the_same_engine_refuses(history: History, tmp_path: Path) -> None:
    assert_refused(history, tmp_path, history.engine, "train")


def assert_refused(history: History, tmp_path: Path, second: Engine, stage: str) -> None:
    """Start a second engine while the first one is at work."""
    checkout = history.stood[stage].copied(tmp_path / "checkout")
    with history.engine.start(checkout, stage, WHILE_IT[stage]) as first:
        while not (checkout.folder / "reached").exists():
            assert first.poll() is None, first.communicate()[0]
            time.sleep(0.1)
        before = checkout.outputs()
        process = second.start(checkout, stage)
        printed = process.communicate()[0]
        after = checkout.outputs()
        (checkout.folder / "released").touch()
        first.communicate()
        assert process.returncode != 0
        assert REFUSALS[history.engine.name, second.name] in printed
        assert after == before
        assert first.returncode == 0
    assert checkout.outputs() == history.reference(stage)
    assert not (checkout.folder / ".showreel/checkpoints/denoiser.npz").exists()


@pytest.mark.faults
def test_two_engines_are_started_together_in_a_fresh_checkout(history: History, tmp_path: Path) -> None:
    """Whoever comes first works; the other refuses, or fails cleanly; the rerun of the first changes nothing."""
    checkout = history.stood["download"].copied(tmp_path / "checkout")
    both = [Engine(name).start(checkout, "degrade") for name in ("dvc", "snakemake")]
    printed = [process.communicate()[0] for process in both]
    codes = [process.returncode for process in both]
    assert 0 in codes, printed
    assert checkout.outputs().items() <= history.reference("degrade").items()
    for name, code in zip(("dvc", "snakemake"), codes, strict=True):
        if code == 0:
            Engine(name).run(checkout, "degrade")
    assert checkout.outputs() == history.reference("degrade")


@pytest.mark.faults
def test_a_second_hand_waits(history: History, tmp_path: Path) -> None:
    checkout = history.stood["prepare"].copied(tmp_path / "checkout")
    hands = [showreel(checkout, "prepare", "digits") for _ in range(3)]
    said = [hand.communicate()[0] for hand in hands]
    assert [hand.returncode for hand in hands] == [0, 0, 0]
    assert "waiting for process" in "".join(said)
    assert checkout.outputs() == history.reference("prepare")


def showreel(checkout: Checkout, *command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ("showreel", *command),
        cwd=checkout.folder,
        env=checkout.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
