"""The commands that `showreel verify` tells do mend what it found, with the real DVC and git."""

import json

import project
import pytest
from checkouts import Checkout

NOISY = "data/prepared/digits/noisy.h5"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(checkout: Checkout) -> Checkout:
    """A checkout in which DVC has made one data set's inputs."""
    (checkout.folder / "params.yaml").write_text(project.PARAMS)
    checkout.run("dvc", "repro", "--quiet", "degrade@digits-noisy")
    checkout.run("showreel", "verify")
    return checkout


def mend(made: Checkout) -> list[str]:
    """Run what is told, see that all is right then, and return what was run."""
    findings = json.loads(made.run("showreel", "verify", "--json", exit_code=1))["findings"]
    commands = [finding["mend"] for finding in findings if finding["fault"]]
    for command in commands:
        made.run("bash", "-c", command)
    assert "all right" in made.run("showreel", "verify")
    return commands


def test_a_damaged_file_comes_back_from_the_cache(made: Checkout) -> None:
    project.flip(made.folder / NOISY)
    assert mend(made) == [f"dvc checkout --force {NOISY}"]


def test_a_damaged_raw_folder_comes_back_from_the_cache(made: Checkout) -> None:
    project.flip(made.folder / "data/raw/digits/labels.npy")
    assert mend(made) == ["dvc checkout --force data/raw/digits"]


def test_a_file_that_is_damaged_in_the_cache_too_is_made_again(made: Checkout) -> None:
    project.flip(made.folder / NOISY)
    told = json.loads(made.run("showreel", "verify", "--json", exit_code=1))["findings"]
    (digest,) = {out["md5"] for out in project.locked(made.folder, "degrade@digits-noisy") if out["path"] == NOISY}
    cached = made.folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
    cached.chmod(0o644)
    project.flip(cached)
    assert told[0]["mend"] == f"dvc checkout --force {NOISY}"
    assert mend(made)[0].startswith("rm -f ")
    project.flip(made.folder / NOISY)
    assert mend(made) == [f"dvc checkout --force {NOISY}"]


def test_a_changed_value_is_run_again(made: Checkout) -> None:
    (made.folder / "params.yaml").write_text(project.PARAMS.replace("sigma: 0.5", "sigma: 0.3"))
    assert mend(made) == ["dvc repro degrade@digits-noisy"]
