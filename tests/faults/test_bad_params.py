"""params.yaml is wrong: no stage starts, nothing is lost, and after the correction nothing runs that need not."""

from pathlib import Path

import pytest
from engines import History

pytestmark = [pytest.mark.slow, pytest.mark.faults]

WRONG = {
    "a number that is text for one engine": ("0.001", "1e-3", "training.learning_rate"),
    "a word that is a boolean for one engine": ("deterministic: true", "deterministic: yes", "training.deterministic"),
    "an unknown key": ("epochs: 3", "epochs: 3, epoch: 3", "training.epoch: unknown key"),
    "a missing key": ("batch_size: 128, ", "", "training.batch_size: missing"),
    "an impossible value": ("epochs: 3", "epochs: 0", "training.epochs"),
    "an option that the network does not have": ("filters: 2", "filters: 2, widths: 3", "models.unet.widths"),
    "no YAML": ("seed: 20", "seed: [20", "is not YAML"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_no_stage_starts_on_bad_params(history: History, tmp_path: Path, wrong: str) -> None:
    before, after, said = WRONG[wrong]
    checkout = history.stood["train"].copied(tmp_path / "checkout")
    file = checkout.folder / "params.yaml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    process = history.engine.start(checkout, "train")
    printed = process.communicate()[0]
    assert process.returncode != 0
    if wrong != "no YAML":  # the engines say that themselves
        assert said in printed
    assert checkout.outputs() == history.stood["train"].outputs()
    file.write_text(text)
    history.engine.run(checkout, "train")
    assert checkout.outputs() == history.reference("train")
