"""Zips and folders of strangers as somebody's images: links, encryption, bombs, sizes that lie, devices for a path."""

import os
import warnings
import zipfile
from pathlib import Path

import pytest
from hostile import BOUND, MEGABYTE, files, measured, project, refused
from matrices import one_of_each, sample
from test_folder import plain, three_splits, write_folder, write_zip

from showreel.cli import parser
from showreel.datasets import folder as images

pytestmark = pytest.mark.slow

CENTRAL_HEADER = 46
FLAGS, METHOD, UNPACKED_SIZE = slice(8, 10), slice(10, 12), slice(24, 28)
LARGEST = 1200
"""MiB for a picture file just below the limit of 512 MiB: it is in memory twice for a moment."""


def changed(path: Path, name: str, place: slice, value: int) -> Path:
    """Change a field of a member in the central directory."""
    content = bytearray(path.read_bytes())
    start = content.rindex(name.encode()) - CENTRAL_HEADER
    content[start + place.start : start + place.stop] = value.to_bytes(place.stop - place.start, "little")
    path.write_bytes(content)
    return path


def bomb(path: Path, megabytes: int, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip of three pictures and one member of zeros."""
    write_zip(path, three_splits())
    with zipfile.ZipFile(path, "a", method) as archive, archive.open("test/x.png", "w", force_zip64=True) as file:
        for _ in range(megabytes):
            file.write(bytes(MEGABYTE))
    return path


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    one_of_each(
        [
            (FLAGS, 1, "encrypted"),
            (FLAGS, 1 << 6, "encrypted"),
            (FLAGS, 1 << 5, "packed by another method than deflate"),
            (METHOD, zipfile.ZIP_BZIP2, "packed by another method than deflate"),
            (METHOD, 99, "packed by another method than deflate"),
            (UNPACKED_SIZE, 10, "Bad CRC-32"),
            (UNPACKED_SIZE, 1 << 30, "larger than 512 MiB"),
            (slice(42, 46), 0xFFFFFFF0, "file header"),
        ],
        kind=lambda place, value, reason: reason,
    ),
)
def test_member_that_cannot_be_read_is_skipped_with_the_reason(
    tmp_path: Path,
    place: slice,
    value: int,
    reason: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = write_zip(tmp_path / "a.zip", three_splits(**{"test/x.png": plain()}))
    monkeypatch.chdir(project(tmp_path, changed(source, "test/x.png", place, value)))
    assert [parser.main(command.split()) for command in ("download mine", "prepare mine")] == [0, 0]
    assert f"skipped test/x.png: {reason}" in caplog.text.replace("Truncated ", "")
    assert "skipped 1 in all" in caplog.text


@pytest.mark.parametrize(
    "name",
    sample(
        ["../up.png", "train/../../up.png", "/abs/x.png", "C:\\x.png", "train/a.png"],
        "train/../../up.png",
        "train/a.png",
    ),
)
def test_names_that_lead_elsewhere_or_come_twice_write_nothing(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_zip(tmp_path / "a.zip", three_splits())
    with warnings.catch_warnings(), zipfile.ZipFile(source, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(name, plain())
    monkeypatch.chdir(project(tmp_path, source))
    assert [parser.main(command.split()) for command in ("download mine", "prepare mine")] == [0, 0]
    assert sorted(path.name for path in files(tmp_path)) == ["a.zip", "images.zip", "mine.h5", "params.yaml"]


@pytest.mark.parametrize(
    "name", sample({"escape sequence": "test/\x1b[31m/x.png", "long": f"test/{'n' * 5000}.png"}, "escape sequence")
)
def test_name_that_could_mislead_a_terminal_is_skipped(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_zip(tmp_path / "a.zip", three_splits(**{name: plain()}))
    monkeypatch.chdir(project(tmp_path, source))
    assert parser.main(["download", "mine"]) == 0
    assert "skipped 1 in all" in caplog.text
    assert caplog.text.replace("\n", "").isprintable()
    assert len(caplog.text) < 1000
    assert images.fields(Path("data/raw/mine"), path="", size=8)["label"].classes == ("images",)


def test_overlapping_members_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_zip(tmp_path / "a.zip", three_splits(**{f"test/{number}.png": os.urandom(3000) for number in "xy"}))
    with zipfile.ZipFile(source) as archive:
        start = archive.getinfo("test/x.png").header_offset
    for name in three_splits():
        changed(changed(source, name, slice(42, 46), start), name, slice(20, 24), 3005)
    assert "a.zip: damaged zip (its members overlap)" in refused(project(tmp_path, source), "download mine", capsys)


def test_more_classes_than_a_file_can_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = {f"train/{number}/x.png": b"" for number in range(4001)}
    source = write_zip(tmp_path / "a.zip", three_splits(**many))
    folder = project(tmp_path, source)
    assert "a.zip: 4002 class folders, more than 4000" in refused(folder, "download mine", capsys)


@pytest.mark.parametrize(
    ("megabytes", "method", "size", "bound"),
    one_of_each(
        [
            (500, zipfile.ZIP_DEFLATED, None, LARGEST),
            (600, zipfile.ZIP_DEFLATED, None, BOUND),
            (600, zipfile.ZIP_DEFLATED, 100, BOUND),
            (600, zipfile.ZIP_BZIP2, 100, BOUND),
            (300, zipfile.ZIP_LZMA, 100, BOUND),
        ],
        kind=lambda megabytes, method, size, bound: bound,
    ),
    ids=["just allowed", "too large", "says 100 bytes", "bzip2 says 100 bytes", "LZMA says 100 bytes"],
)
def test_zip_bomb_takes_bounded_memory(
    tmp_path: Path, megabytes: int, method: int, size: int | None, bound: int
) -> None:
    source = bomb(tmp_path / "a.zip", megabytes, method)
    if size:
        changed(source, "test/x.png", UNPACKED_SIZE, size)
    folder = project(tmp_path, source)
    for command in ("download mine", "prepare mine"):
        outcome = measured(folder, command)
        assert (outcome.code, outcome.megabytes < bound) == (0, True), outcome


@pytest.mark.faults
def test_hundred_thousand_names_take_bounded_memory_and_time(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in (three_splits() | {f"train/{number}.txt": b"" for number in range(100_000)}).items():
            archive.writestr(name, content)
    outcome = measured(project(tmp_path, tmp_path / "a.zip"), "download mine")
    assert (outcome.code, outcome.megabytes < BOUND) == (0, True), outcome


@pytest.mark.parametrize("kept", sample({"a fifth": 0.2, "half": 0.5, "most": 0.95}, "most"))
def test_zip_that_was_cut_off_is_refused(tmp_path: Path, kept: float, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_zip(tmp_path / "a.zip", three_splits())
    content = source.read_bytes()
    source.write_bytes(content[: int(kept * len(content))])
    said = refused(project(tmp_path, source), "download mine", capsys)
    assert "a.zip: neither a folder nor a zip or tar (" in said


@pytest.mark.parametrize("path", sample(["fifo", "/dev/zero", "/dev/urandom", "/dev/null", "loop"], "fifo", "loop"))
def test_path_that_is_a_device_is_refused_at_once(
    tmp_path: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    said = refused(project(tmp_path, tmp_path / path), "download mine", capsys)
    assert f"{tmp_path / path}: " in said
    assert "not even a file" in said or "there is no such folder or archive" in said


def test_devices_and_links_to_folders_in_a_folder_are_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_folder(tmp_path / "mine", three_splits())
    os.mkfifo(source / "test/fifo.png")
    (source / "test/zero.png").symlink_to("/dev/zero")
    (source / "test/loop").symlink_to(source)
    monkeypatch.chdir(project(tmp_path, source))
    assert parser.main(["download", "mine"]) == 0
    assert "skipped 2 in all" in caplog.text
    with zipfile.ZipFile("data/raw/mine/images.zip") as archive:
        assert sorted(archive.namelist()) == ["test/c.png", "train/a.png", "validation/b.png"]
