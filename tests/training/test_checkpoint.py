import json
from pathlib import Path

import numpy as np
import pytest

from showreel.training import checkpoint
from showreel.training.checkpoint import Run

KEY = json.dumps({"code": "c", "params": {"seed": 20}})


def write(path: Path) -> Run:
    run = Run(
        history=[{"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": 1 / 3}],
        timing=[{"epoch": 1, "seconds": 2.5}, {"epoch": 2, "seconds": 2.25}],
        outputs=[np.full((10, 4, 4, 1), value, np.uint8) for value in range(12)],
        test_scores=[10 / 3, 20.0, 30.0],
        best_score=1 / 7,
        best_epoch=2,
        best_weights=[np.arange(6, dtype=np.float32).reshape(2, 3), np.float32(0.1) * np.ones(4, np.float32)],
        devices=["a processor"],
    )
    checkpoint.save(path, KEY, run, [np.float32(1 / 3) * np.ones((2, 2), np.float32), np.array(7, np.int64)])
    return run


def test_what_was_saved_comes_back_bit_for_bit(tmp_path: Path) -> None:
    saved = write(tmp_path / "a/b.npz")
    found = checkpoint.load(tmp_path / "a/b.npz", KEY)
    assert found
    run, variables = found
    assert (run.history, run.timing, run.devices) == (saved.history, saved.timing, saved.devices)
    assert (run.test_scores, run.best_score, run.best_epoch) == (saved.test_scores, saved.best_score, 2)
    for ours, theirs in ((run.outputs, saved.outputs), (run.best_weights, saved.best_weights)):
        assert [array.tobytes() for array in ours] == [array.tobytes() for array in theirs]
    assert [(array.dtype.name, array.shape) for array in variables] == [("float32", (2, 2)), ("int64", ())]
    assert variables[0].tobytes() == (np.float32(1 / 3) * np.ones(4, np.float32)).tobytes()


def test_before_the_first_validation_there_is_no_best_score(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "b.npz", KEY, Run(), [])
    found = checkpoint.load(tmp_path / "b.npz", KEY)
    assert found
    assert found[0].best_score is None


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32])
def test_outputs_keep_their_type(tmp_path: Path, dtype: type) -> None:
    checkpoint.save(tmp_path / "b.npz", KEY, Run(outputs=[np.ones((2, 3), dtype)]), [])
    found = checkpoint.load(tmp_path / "b.npz", KEY)
    assert found
    assert [(output.dtype, output.shape) for output in found[0].outputs] == [(np.dtype(dtype), (2, 3))]


def test_there_may_be_none(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "b.npz", KEY) is None


def test_that_of_another_training_is_discarded_and_the_difference_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "b.npz")
    assert checkpoint.load(tmp_path / "b.npz", json.dumps({"code": "c", "params": {"seed": 21}})) is None
    assert "b.npz belongs to a training with other params; the training starts over" in caplog.text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["cut short", "a flipped byte", "empty", "text", "other arrays", "an old layout"])
def test_a_damaged_one_is_discarded_with_a_message(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "b.npz"
    write(path)
    content = bytearray(path.read_bytes())
    if damage == "cut short":
        content = content[: len(content) // 2]
    elif damage == "a flipped byte":
        content[content.index(b"output3.npy") + 300] ^= 1
    path.write_bytes({"empty": b"", "text": b"no archive"}.get(damage, bytes(content)))
    if damage == "other arrays":
        np.savez(path, other=np.zeros(3))
    if damage == "an old layout":
        np.savez(path, key=np.frombuffer(KEY.encode(), np.uint8))
    assert checkpoint.load(path, KEY) is None
    assert "the training starts over" in caplog.text
    assert not list(tmp_path.iterdir())
