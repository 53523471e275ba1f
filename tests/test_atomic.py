import os
import stat
from pathlib import Path

import pytest

from showreel import atomic


def test_a_file_appears_only_when_all_of_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    with atomic.writing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


def test_the_temporary_file_is_hidden_beside_its_place_and_keeps_the_suffix(tmp_path: Path) -> None:
    with atomic.writing(tmp_path / "reel.gif") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".reel.")
        assert temporary.suffix == ".gif"


def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(IsADirectoryError), atomic.writing(path) as temporary:
        temporary.parent.write_text("a folder is no file")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_path_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with atomic.writing(path) as first, atomic.writing(path) as second:
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
