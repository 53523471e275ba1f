import os
import shutil
import stat
from pathlib import Path

import pytest

from showreel.storage import atomic


def test_a_file_appears_only_when_all_of_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    with atomic.writing(path) as (temporary,):
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


def test_the_temporary_file_is_hidden_beside_its_place_and_keeps_the_suffix(tmp_path: Path) -> None:
    with atomic.writing(tmp_path / "reel.gif") as (temporary,):
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".reel.gif.")
        assert temporary.suffix == ".gif"


def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(IsADirectoryError), atomic.writing(path) as (temporary,):
        temporary.parent.write_text("a folder is no file")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_path_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with atomic.writing(path) as (first,), atomic.writing(path) as (second,):
        first.write_text("first")
        second.write_text("second")
        assert first != second
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        atomic.write_text(tmp_path / "table.csv", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "table.csv").stat().st_mode) == 0o640


def test_text_is_written_as_utf8_and_as_it_is(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "table.csv", "σ,–\r\n")
    assert (tmp_path / "table.csv").read_bytes() == "σ,–\r\n".encode()


def test_several_files_appear_together_and_none_if_one_of_them_fails(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("model.keras", "history.csv")]
    with pytest.raises(ZeroDivisionError), atomic.writing(*paths) as temporaries:
        temporaries[0].write_text(str(1 / (len(temporaries) - 2)))
    assert not list(tmp_path.iterdir())
    with atomic.writing(*paths) as temporaries:
        for temporary in temporaries:
            temporary.write_text("whole")
        assert not any(path.exists() for path in paths)
    assert [path.read_text() for path in paths] == ["whole", "whole"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_leftovers_of_one_path_are_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = [tmp_path / name for name in ("a.h5", ".a.examples.h5.abcd1234.h5", ".hidden.h5", ".a.h5.mine.h5")]
    for path in (*kept, tmp_path / ".a.h5.abcd1234.h5"):
        path.write_text("")
    atomic.remove_leftovers(tmp_path / "a.h5")
    assert sorted(tmp_path.iterdir()) == sorted(kept)


@pytest.fixture(params=["one step", "two renames"])
def _swapping(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let folders change places as this file system can, or as one that cannot exchange two names."""
    if request.param == "two renames":
        monkeypatch.setattr(atomic, "_exchanged", lambda first, second: False)


@pytest.mark.usefixtures("_swapping")
def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "gallery"
    for text in ("old", "new"):
        with atomic.replacing(folder) as temporary:
            (temporary / text).write_text(text)
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.usefixtures("_swapping")
def test_a_link_to_a_folder_stays_and_leads_to_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere/old").mkdir(parents=True)
    (tmp_path / "gallery").symlink_to(tmp_path / "elsewhere")
    with atomic.replacing(tmp_path / "gallery") as temporary:
        (temporary / "new").write_text("")
    assert (tmp_path / "gallery").is_symlink()
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "gallery"]


def test_of_leftovers_links_are_unlinked_and_folders_removed(tmp_path: Path) -> None:
    for name in ("kept/inside", ".gallery.abcd1234/inside"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".gallery.efgh5678").symlink_to(tmp_path / "kept")
    atomic.remove_leftovers(tmp_path / "gallery")
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "inside"]


def test_a_folder_that_cannot_be_put_aside_stays_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file took its place meanwhile, on a file system that cannot exchange two names."""

    def taken(first: Path, second: Path) -> bool:
        second.rmdir()
        second.write_text("a file of someone else's")
        return False

    monkeypatch.setattr(atomic, "_exchanged", taken)
    (tmp_path / "gallery").mkdir()
    with pytest.raises(IsADirectoryError), atomic.replacing(tmp_path / "gallery"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["gallery"]


def test_the_old_folder_comes_back_if_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It vanishes after the old one was put aside, on a file system that cannot exchange two names."""

    def vanished(first: Path, second: Path) -> bool:
        shutil.rmtree(first)
        return False

    monkeypatch.setattr(atomic, "_exchanged", vanished)
    (tmp_path / "gallery/old").mkdir(parents=True)
    with pytest.raises(FileNotFoundError), atomic.replacing(tmp_path / "gallery"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["gallery", "old"]


def test_two_folders_change_places_in_one_step(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name / f"from {name}").mkdir(parents=True)
    assert atomic._exchanged(tmp_path / "first", tmp_path / "second")
    assert (tmp_path / "first/from second").exists()
    assert (tmp_path / "second/from first").exists()
    assert not atomic._exchanged(tmp_path / "first", tmp_path / "missing")


def test_a_failure_keeps_the_old_folder_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "gallery/old").mkdir(parents=True)
    with pytest.raises(FileExistsError), atomic.replacing(tmp_path / "gallery") as temporary:
        temporary.mkdir()
    assert [path.name for path in tmp_path.rglob("*")] == ["gallery", "old"]
