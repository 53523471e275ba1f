"""One experiment of several fails: the others finish, the exit code is not zero, and the reason is told."""

from pathlib import Path

import pytest
from checkouts import Checkout
from engines import ENGINES, PARAMS

pytestmark = [pytest.mark.slow, pytest.mark.faults]

BAD = (
    "  exploding: {task: restoration, dataset: digits, input: digits-noisy, model: unet, weights: random, "
    "training: {learning_rate: 1.0e+30}}\n"
)
COMMANDS = {
    "dvc": ("dvc", "repro", "--keep-going", "--glob", "train@*"),
    "snakemake": ("snakemake", "--cores", "2", "models/denoiser.keras", "models/exploding.keras"),
}


@pytest.mark.parametrize("name", ENGINES)
def test_a_loss_that_is_not_finite_fails_one_experiment_and_no_other(tmp_path: Path, name: str) -> None:
    experiments, denoiser = PARAMS.split("experiments:\n")
    checkout = Checkout.fresh(tmp_path, f"{experiments}experiments:\n{BAD}{denoiser}")
    printed = checkout.run(*COMMANDS[name], exit_code=255 if name == "dvc" else 1)
    assert "exploding: the loss is " in printed + checkout.logs()
    assert "models/denoiser.keras" in checkout.outputs()
    assert "models/exploding.keras" not in checkout.outputs()
    (tmp_path / "params.yaml").write_text(f"{experiments}experiments:\n{BAD.replace('1.0e+30', '0.001')}{denoiser}")
    checkout.run(*COMMANDS[name])
    assert "models/exploding.keras" in checkout.outputs()
