"""The commands that `showreel verify` names do mend what it finds, with the real DVC and git."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import project
import pytest
from checkouts import Checkout

NOISY = "data/prepared/digits-noisy.h5"
RECORD = "lineage/prepared/digits-noisy.json"
ANEW = 'chmod -R u+w "$(dvc cache dir)" && dvc repro --force --single-item degrade@digits-noisy'
AGAIN = "dvc repro --force --single-item degrade@digits-noisy"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(checkout: Checkout) -> Checkout:
    """A checkout in which DVC has made one data set's inputs."""
    (checkout.folder / "params.yaml").write_text(project.PARAMS)
    checkout.run("dvc", "repro", "--quiet", "degrade@digits-noisy")
    checkout.run("showreel", "verify")
    checkout.commit()
    return checkout


def faults(made: Checkout) -> list[dict[str, str]]:
    """Return the faults that are found."""
    code = "showreel verify --json || true"
    findings: list[dict[str, str]] = json.loads(made.run("bash", "-c", code))["findings"]
    return [finding for finding in findings if finding["fault"]]


def mend(made: Checkout) -> list[str]:
    """Run what is named, then what is named for where that did not help, until all is right; return what was run."""
    commands = []
    found = faults(made)
    assert found
    for name in ("mend", "otherwise"):
        for finding in found:
            commands.append(finding[name])
            made.run("bash", "-c", f"{finding[name]} || true")
        if not (found := faults(made)):
            break
    assert "all right" in made.run("showreel", "verify")
    return commands


def test_a_damaged_file_comes_back_from_the_cache(made: Checkout) -> None:
    project.flip(made.folder / NOISY)
    assert mend(made) == [f"dvc checkout --force {NOISY}"]


def test_a_damaged_raw_folder_comes_back_from_the_cache(made: Checkout) -> None:
    project.flip(made.folder / "data/raw/digits/labels.npy")
    assert mend(made) == ["dvc checkout --force data/raw/digits"]


@pytest.mark.parametrize("path", [NOISY, "data/raw/digits/labels.npy"])
def test_a_missing_file_comes_back_from_the_cache(made: Checkout, path: str) -> None:
    (made.folder / path).unlink()
    assert [command.split()[:2] for command in mend(made)] == [["dvc", "checkout"]]


@pytest.mark.parametrize("damage", [project.flip, Path.unlink])
def test_a_damaged_or_missing_record_comes_back_from_git(made: Checkout, damage: Callable[[Path], object]) -> None:
    damage(made.folder / RECORD)
    assert mend(made)[0] in (f"git restore {RECORD}", AGAIN)


def test_a_record_that_git_has_damaged_too_is_written_again(made: Checkout) -> None:
    project.flip(made.folder / RECORD)
    made.commit()
    assert mend(made) == [f"git restore {RECORD}", AGAIN]
    made.commit()


def test_a_file_that_is_damaged_in_the_cache_too_is_made_again(made: Checkout) -> None:
    digest = md5(made.folder / NOISY)
    cached = made.folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
    for path in (made.folder / NOISY, cached):
        path.chmod(0o644)
        project.flip(path)
    cached.chmod(0o444)  # as DVC leaves it: it trusts such a file
    assert mend(made) == [f"dvc checkout --force {NOISY}", ANEW]
    project.flip(made.folder / NOISY)
    assert mend(made) == [f"dvc checkout --force {NOISY}"]


def test_a_changed_value_is_run_again(made: Checkout) -> None:
    (made.folder / "params.yaml").write_text(project.PARAMS.replace("sigma: 0.5", "sigma: 0.3"))
    assert mend(made) == ["dvc repro degrade@digits-noisy"]


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
