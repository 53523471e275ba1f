"""Watchers change nothing: neither results nor what is stale, and nobody loads them unasked."""

import sys
from pathlib import Path

import pytest
from checkouts import Checkout
from engines import PARAMS
from looked_on import ON

pytestmark = pytest.mark.slow

PACKAGES = {"dvclive", "tensorboard"}
OFF = "watch: {dvclive: false, tensorboard: false}\n"
TRAINING = (
    "import sys; from showreel.cli import parser; assert parser.main(['train', 'denoiser']) == 0; print(*sys.modules)"
)


@pytest.mark.parametrize(
    "params", [pytest.param(PARAMS, marks=pytest.mark.faults), PARAMS + OFF], ids=["absent", "off"]
)
def test_without_watchers_a_training_imports_no_package_for_them_and_gives_the_same_bytes(
    tmp_path: Path, waiting: Checkout, watched: Checkout, params: str
) -> None:
    checkout = waiting.copied(tmp_path / "project")
    (checkout.folder / "params.yaml").write_text(params)
    printed = checkout.run(sys.executable, "-c", TRAINING)
    assert "keras" in printed.split()
    assert not PACKAGES & {name.split(".")[0] for name in printed.split()}
    assert not any((checkout.folder / "logs" / name).exists() for name in PACKAGES)
    assert "models/denoiser.keras" in checkout.outputs()
    assert checkout.outputs() == watched.outputs()


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
