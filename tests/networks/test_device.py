import multiprocessing
import time
from itertools import pairwise
from pathlib import Path

import pytest

from showreel.training import device

CONFIG = "showreel.training.device.tf.config"


@pytest.mark.parametrize(("precision", "policy"), [("bfloat16", "mixed_bfloat16"), ("float32", "float32")])
def test_a_chosen_precision_is_taken(precision: device.Precision, policy: str) -> None:
    assert device.dtype_policy(precision) == policy


@pytest.mark.parametrize(
    ("flags", "policy"),
    [
        ("fpu avx2 amx_bf16", "mixed_bfloat16"),
        ("avx512_bf16", "mixed_bfloat16"),
        ("fpu avx512f", "float32"),
        ("", "float32"),
    ],
)
def test_auto_takes_bfloat16_where_the_processor_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, flags: str, policy: str
) -> None:
    monkeypatch.setattr(f"{CONFIG}.list_physical_devices", lambda kind: [])
    monkeypatch.setattr(device, "_processor", lambda field: flags)
    assert device.dtype_policy("auto") == policy


@pytest.mark.parametrize(("capability", "policy"), [((9, 0), "mixed_bfloat16"), ((7, 5), "float32"), (None, "float32")])
def test_auto_asks_a_gpu_for_its_compute_capability(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int] | None, policy: str
) -> None:
    details = {"device_name": "a GPU"} | ({"compute_capability": capability} if capability else {})
    grown: list[bool] = []
    monkeypatch.setattr(f"{CONFIG}.list_physical_devices", lambda kind: ["gpu:0"])
    monkeypatch.setattr(f"{CONFIG}.experimental.get_device_details", lambda gpu: details)
    monkeypatch.setattr(f"{CONFIG}.experimental.set_memory_growth", lambda gpu, on: grown.append(on))
    assert device.dtype_policy("auto") == policy
    with device.claimed(alone=True) as name:
        assert (name, grown) == ("a GPU", [True])


def test_this_machine_has_a_name() -> None:
    with device.claimed(alone=True) as name:
        assert name


def hold(folder: Path, seconds: float) -> None:
    """Hold one of two things for a while, and say in a file which and from when on."""
    with device.free(["2", "5"], folder) as (index,):
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
    held = sorted((int(path.name.split()[1]), path.name.split()[0]) for path in tmp_path.glob("* *"))
    assert {index for _, index in held[:2]} == {"0", "1"}
    assert held[2][0] - held[0][0] > 1.9e9


def test_who_wants_several_gets_them_together(tmp_path: Path) -> None:
    with device.free(["2", "5", "7"], tmp_path) as first, device.free(["2", "5", "7"], tmp_path, 2) as others:
        assert (first, others) == ([0], [1, 2])


def hold_two(folder: Path) -> None:
    with device.free(["2", "5"], folder, 2) as places:
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
    with device.free(["2", "5"], tmp_path) as (index,):
        assert index == 0


@pytest.mark.parametrize(("variable", "names"), [("", ["0", "1"]), ("3, 1", ["3", "1"])])
def test_gpus_are_called_as_the_machine_does(monkeypatch: pytest.MonkeyPatch, variable: str, names: list[str]) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert device._numbers(2) == names
