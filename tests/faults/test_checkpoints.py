"""What a killed training left behind is cut, damaged or of another training: it is discarded, never mixed in."""

from pathlib import Path

import pytest
from checkouts import Checkout
from engines import Accident, History
from test_damage import cut, flip_silently
from test_kills import leftovers

pytestmark = [pytest.mark.slow, pytest.mark.faults]

KILLED_IN_THE_SECOND_EPOCH = Accident("train", "tempfile.mkstemp", ".denoiser.npz.", 2)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replaced_by_text(path: Path) -> None:
    path.write_text("no checkpoint")


@pytest.mark.parametrize("damage", [cut, flip_silently, empty, replaced_by_text])
def test_a_damaged_checkpoint_is_discarded_with_a_message(history: History, tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    checkout = killed(history, tmp_path)
    damage(checkout.folder / ".showreel/checkpoints/denoiser.npz")
    _, printed = history.engine.run(checkout, "train")
    assert "denoiser.npz is damaged" in printed + checkout.logs()
    assert checkout.outputs() == history.reference("train")
    assert leftovers(checkout.folder) == []


@pytest.mark.parametrize(
    ("name", "before", "after", "part"),
    [
        ("params.yaml", "learning_rate: 0.001", "learning_rate: 0.002", "params"),
        ("params.yaml", "seed: 20", "seed: 21", "params"),
        ("params.yaml", "sigma: 0.5", "sigma: 0.4", "inputs"),
        ("src/showreel/models/unet.py", '"""A U-Net', '"""Another U-Net', "code"),
    ],
)
def test_a_checkpoint_of_another_training_is_discarded_with_a_message(
    history: History, tmp_path: Path, name: str, before: str, after: str, part: str
) -> None:
    checkout = history.stood["train"].copied(tmp_path / "checkout")
    file = checkout.folder / name
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    history.engine.run(checkout, "train", KILLED_IN_THE_SECOND_EPOCH)
    file.write_text(text)
    _, printed = history.engine.run(checkout, "train")
    said = printed + checkout.logs()
    assert "belongs to a training with other " in said
    assert part in said[said.index("with other ") :].split(";")[0]
    assert checkout.outputs() == history.reference("train")


def test_a_checkpoint_of_the_same_training_is_used(history: History, tmp_path: Path) -> None:
    checkout = killed(history, tmp_path)
    _, printed = history.engine.run(checkout, "train")
    assert "denoiser: goes on after epoch 1" in printed + checkout.logs()
    assert checkout.outputs() == history.reference("train")


def test_what_one_engine_left_the_other_or_a_hand_takes_up(history: History, tmp_path: Path) -> None:
    checkout = killed(history, tmp_path)
    assert "denoiser: goes on after epoch 1" in checkout.run("showreel", "train", "denoiser")
    assert checkout.outputs() == history.reference("train")


def killed(history: History, folder: Path) -> Checkout:
    """Return a checkout whose training was killed in its second epoch."""
    checkout = history.stood["train"].copied(folder / "checkout")
    history.engine.run(checkout, "train", KILLED_IN_THE_SECOND_EPOCH)
    assert (checkout.folder / ".showreel/checkpoints/denoiser.npz").is_file()
    return checkout
