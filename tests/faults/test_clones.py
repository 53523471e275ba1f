"""Clones, pulls and clocks: what is there already is recognised after `showreel sync`, and what is damaged is not."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from checkouts import Checkout
from engines import History

pytestmark = pytest.mark.slow

TIMES: dict[str, Callable[[int], float]] = {
    "everything is touched in a random order": lambda place: time.time() - place * 37 % 1000,
    "the clock was a day ahead": lambda place: time.time() + 86_400 + place,
    "the clock was years behind": lambda place: 1e9 - place,
    "every file has the same time": lambda place: 1.7e9,
}


@pytest.mark.faults
@pytest.mark.parametrize("times", TIMES)
def test_no_file_time_makes_anything_run_again_after_sync(history: History, tmp_path: Path, times: str) -> None:
    checkout = history.stood[""].copied(tmp_path / "checkout")
    checkout.run("showreel", "sync")
    files = [path for name in ("data", "models", "results", "lineage", "src") for path in walk(checkout, name)]
    for place, path in enumerate(files):
        moment = TIMES[times](place)
        os.utime(path, (moment, moment))
    before = {path: path.stat().st_ino for path in files}
    checkout.run("showreel", "sync")
    assert_nothing_to_do(checkout)
    assert {path: path.stat().st_ino for path in files} == before
    assert checkout.outputs() == history.reference()


def test_a_clone_that_pulls_has_nothing_to_do(history: History, tmp_path: Path) -> None:
    checkout, clone = shared_through(history, tmp_path, str(tmp_path / "remote"))
    checkout.run("dvc", "push", "--quiet")
    clone.run("dvc", "pull", "--quiet", "--allow-missing")  # the gallery was never made
    clone.run("showreel", "sync")
    assert_nothing_to_do(clone)
    assert clone.outputs() == history.reference()
    assert "all right" in clone.run("showreel", "verify")


@pytest.mark.faults
def test_a_clone_without_data_says_what_is_missing_and_makes_the_same(history: History, tmp_path: Path) -> None:
    _, clone = shared_through(history, tmp_path, str(tmp_path / "remote"))
    assert "missing: data/raw/digits" in clone.run("showreel", "verify", exit_code=1)
    history.engine.run(clone, "train")
    assert clone.outputs().items() >= history.reference("train").items()


@pytest.mark.faults
def test_sync_refuses_a_result_that_is_not_what_its_record_says(history: History, tmp_path: Path) -> None:
    checkout = history.stood[""].copied(tmp_path / "checkout")
    path = checkout.folder / "models/denoiser.reel.h5"
    content, status = bytearray(path.read_bytes()), path.stat()
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    said = checkout.run("showreel", "sync", exit_code=1)
    assert "models/denoiser.reel.h5: is not what train@denoiser wrote" in said or "neither engine has these" in said


def walk(checkout: Checkout, name: str) -> list[Path]:
    return sorted(path for path in (checkout.folder / name).rglob("*") if path.is_file())


def assert_nothing_to_do(checkout: Checkout) -> None:
    assert "Nothing to be done" in checkout.run("snakemake", "--dry-run", "--cores", "1", "all_gifs")
    assert "up to date" in checkout.run("dvc", "status", "--with-deps", "render@denoiser")


def shared_through(history: History, folder: Path, remote: str) -> tuple[Checkout, Checkout]:
    """Return a finished checkout whose DVC knows a remote, and a clone of it without data."""
    checkout = history.stood[""].copied(folder / "checkout")
    checkout.run("showreel", "sync")
    checkout.run("dvc", "remote", "add", "--default", "store", remote)
    checkout.run("git", "add", "--all")
    checkout.run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "--message", "made")
    checkout.run("git", "clone", "--quiet", ".", str(folder / "clone"))
    return checkout, Checkout(folder / "clone")
