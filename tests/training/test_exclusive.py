"""Processes that hold things: they import no TensorFlow."""

import multiprocessing
import sys
import time
from itertools import pairwise
from pathlib import Path

from showreel.training.exclusive import held


def hold(folder: Path, seconds: float) -> None:
    """Hold one of two things for a while, and say in a file which and from when on."""
    with held(["2", "5"], folder) as (index,):
        (folder / f"{index} {time.monotonic_ns()}").touch()
        time.sleep(seconds)


def test_processes_hold_different_things_and_wait_while_all_are_held(tmp_path: Path) -> None:
    workers = [
        multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path, 2.0), daemon=True) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    taken = sorted((int(path.name.split()[1]), path.name.split()[0]) for path in tmp_path.glob("* *"))
    assert {index for _, index in taken[:2]} == {"0", "1"}
    assert taken[2][0] - taken[0][0] > 1.9e9


def test_who_wants_several_gets_them_together(tmp_path: Path) -> None:
    with held(["2", "5", "7"], tmp_path) as first, held(["2", "5", "7"], tmp_path, 2) as others:
        assert (first, others) == ([0], [1, 2])


def hold_two(folder: Path) -> None:
    with held(["2", "5"], folder, 2) as places:
        (folder / f"held {len(places)} {time.monotonic_ns()}").touch()
        time.sleep(0.3)


def test_two_who_want_all_do_not_wait_for_each_other(tmp_path: Path) -> None:
    workers = [multiprocessing.get_context("spawn").Process(target=hold_two, args=(tmp_path,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    times = sorted(int(path.name.split()[2]) for path in tmp_path.glob("held 2 *"))
    assert len(times) == 3
    assert min(second - first for first, second in pairwise(times)) > 0.29e9


def test_what_a_killed_process_held_is_free(tmp_path: Path) -> None:
    worker = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path, 60.0), daemon=True)
    worker.start()
    while not list(tmp_path.glob("* *")):
        time.sleep(0.05)
    worker.kill()
    worker.join()
    with held(["2", "5"], tmp_path) as (index,):
        assert index == 0


def test_holding_needs_no_tensorflow() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(tensorflow_is_loaded) is False


def tensorflow_is_loaded() -> bool:
    return "tensorflow" in sys.modules
