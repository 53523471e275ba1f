import multiprocessing
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from showreel.pipeline import locks

CONTEXT = multiprocessing.get_context("spawn")


def hold(lock: Path, held: Event, release: Event) -> None:
    with locks.alone(lock, "a test"):
        held.set()
        release.wait()


def holding(lock: Path) -> tuple[multiprocessing.process.BaseProcess, Event]:
    """Start a process that holds a lock until it is told to let go."""
    held, release = CONTEXT.Event(), CONTEXT.Event()
    process = CONTEXT.Process(target=hold, args=(lock, held, release), daemon=True)
    process.start()
    held.wait()
    return process, release


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    process, release = holding(tmp_path / "deep/a.lock")
    held = CONTEXT.Event()
    waiter = CONTEXT.Process(target=hold, args=(tmp_path / "deep/a.lock", held, release), daemon=True)
    waiter.start()
    time.sleep(1)
    assert waiter.is_alive()
    assert not held.is_set()
    release.set()
    with locks.alone(tmp_path / "deep/a.lock", "a test"):
        pass
    for each in (process, waiter):
        each.join()
        assert each.exitcode == 0


def test_the_message_names_the_holder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    process, release = holding(tmp_path / "a.lock")
    release_later = CONTEXT.Process(target=_set_after, args=(release, 0.5), daemon=True)
    release_later.start()
    with locks.alone(tmp_path / "a.lock", "showreel train x"):
        assert f"waiting for process {process.pid} on " in caplog.text
        assert "which is at the same (showreel train x)" in caplog.text
    for each in (process, release_later):
        each.join()


def _set_after(event: Event, seconds: float) -> None:
    time.sleep(seconds)
    event.set()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    process, _ = holding(tmp_path / "a.lock")
    process.kill()
    process.join()
    with locks.alone(tmp_path / "a.lock", "a test"):
        pass
