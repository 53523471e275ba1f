import sys
from pathlib import Path

import pytest
from checkouts import Checkout
from engines import PARAMS
from looked_on import ON, train

from showreel.cli import parser
from showreel.storage.errors import ParamsError
from showreel.watching import choice

PACKAGES = {"dvclive", "tensorboard"}
OFF = "watch: {dvclive: false, tensorboard: false}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "params", [pytest.param(PARAMS, marks=pytest.mark.faults), PARAMS + OFF], ids=["absent", "off"]
)
def test_without_watchers_a_training_imports_no_package_for_them(
    tmp_path: Path, waiting: Checkout, params: str
) -> None:
    checkout = waiting.copied(tmp_path / "project")
    (checkout.folder / "params.yaml").write_text(params)
    code = "import sys; from showreel import cli; assert parser.main(['train', 'denoiser']) == 0; print(*sys.modules)"
    printed = checkout.run(sys.executable, "-c", code)
    assert "keras" in printed.split()
    assert not PACKAGES & {name.split(".")[0] for name in printed.split()}
    assert not any((checkout.folder / "logs" / name).exists() for name in PACKAGES)


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_a_package_that_is_missing_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS + f"watch: {{{name}: true}}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, name, None)
    assert parser.main(["train", "denoiser"]) == 2
    said = f"watch.{name}: needs the package {name}, which is not installed; pip install 'showreel[live]', or set it to"
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_packages_that_nobody_asked_for_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    choice.check_installed(["dvclive"])
    with pytest.raises(ParamsError):
        choice.check_installed(["dvclive", "tensorboard"])


@pytest.mark.slow
def test_results_are_the_same_bytes_whoever_looks_on(tmp_path: Path, waiting: Checkout, watched: Checkout) -> None:
    unwatched = waiting.copied(tmp_path / "project")
    (unwatched.folder / "params.yaml").write_text(PARAMS)
    train(unwatched)
    assert "models/denoiser.keras" in unwatched.outputs()
    assert unwatched.outputs() == watched.outputs()


@pytest.mark.slow
def test_switching_makes_nothing_stale(tmp_path: Path, watched: Checkout) -> None:
    checkout = watched.copied(tmp_path / "project")
    checkout.run("dvc", "commit", "--force", "train@denoiser")
    status = ("dvc", "status", "train@denoiser")
    assert "up to date" in checkout.run(*status)
    (checkout.folder / "params.yaml").write_text(ON.replace("true, tensorboard: true", "false, tensorboard: false"))
    assert "up to date" in checkout.run(*status)
    checkout.run("snakemake", "--touch", "--cores", "1", "models/denoiser.keras")
    (checkout.folder / "params.yaml").write_text(ON)
    assert "Nothing to be done" in checkout.run("snakemake", "--dry-run", "--cores", "1", "models/denoiser.keras")
