import subprocess
from pathlib import Path

import pytest

from showreel.pipeline import revisions
from showreel.storage.errors import ShowreelError

AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


def git(*words: str) -> str:
    return subprocess.run(("git", *AUTHOR, *words), check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch", "main")
    Path("record.json").write_text("{}")
    git("add", "record.json")
    git("commit", "--quiet", "--message", "first")
    git("commit", "--quiet", "--message", "second", "--allow-empty")


def test_a_revision_may_be_whatever_git_or_dvc_calls_it() -> None:
    first, second = git("rev-parse", "HEAD~1"), git("rev-parse", "HEAD")
    git("update-ref", f"refs/exps/{first[:2]}/{first[2:]}/less-noise", second)
    assert revisions.commit("HEAD~1") == revisions.commit(first[:10]) == first
    assert revisions.commit("main") == revisions.commit("less-noise") == second


@pytest.mark.parametrize("name", ["HEAD~9", "less-noise", "--help", ""])
def test_a_revision_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ShowreelError, match="git knows no such revision"):
        revisions.commit(name)


def test_a_name_of_several_experiments_is_refused() -> None:
    for baseline, tip in (("HEAD~1", "HEAD"), ("HEAD", "HEAD~1")):
        name = git("rev-parse", baseline)
        git("update-ref", f"refs/exps/{name[:2]}/{name[2:]}/same", git("rev-parse", tip))
    with pytest.raises(ShowreelError, match="2 experiments of DVC have this name"):
        revisions.commit("same")


def test_a_record_is_brought_if_the_revision_has_one(tmp_path: Path) -> None:
    assert revisions.bring_record(Path("record.json"), "HEAD", tmp_path / "then").read_text() == "{}"
    assert not revisions.bring_record(Path("other.json"), "HEAD", tmp_path / "then").exists()
