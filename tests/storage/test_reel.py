"""Reels and chosen examples: what is written is read, always in the same bytes."""

import json
from pathlib import Path

import numpy as np
import pytest
from samples import make_chosen

from showreel.storage import fields
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Field, Ragged
from showreel.storage.reel import Chosen, Reel, described, read, write


def reel(value: int = 0) -> Reel:
    images = np.full((2, 8, 8, 1), value, np.uint8)
    words = Ragged(np.array([1, 2, 3], np.uint16), np.array([1, 2]))
    return Reel(
        origin="{}",
        task="restoration",
        score="psnr",
        fields=json.dumps({"image": fields.to_json(Field("image"))}),
        indices=np.arange(2),
        inputs={"image": images, "tokens": words},
        targets={"image": images},
        epochs=np.arange(3),
        scores=np.zeros(3),
        outputs=np.stack([images] * 3),
    )


def test_a_reel_comes_back_as_it_was_and_always_in_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        write(tmp_path / name, reel(7))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    back = read(tmp_path / "a.h5", Reel)
    assert (back.origin, back.task, back.score) == ("{}", "restoration", "psnr")
    np.testing.assert_array_equal(back.outputs, reel(7).outputs)
    assert (back.epochs.tolist(), back.scores.tolist()) == ([0, 1, 2], [0, 0, 0])
    words = back.inputs["tokens"]
    assert isinstance(words, Ragged)
    assert (words.values.tolist(), words.lengths.tolist()) == ([1, 2, 3], [1, 2])
    assert described(back) == {"image": Field("image")}


def test_chosen_examples_without_a_baseline_have_no_answers(tmp_path: Path) -> None:
    write(tmp_path / "chosen.h5", make_chosen(reel(), ""))
    back = read(tmp_path / "chosen.h5", Chosen)
    assert (back.baseline, back.answers.shape, back.reel_answers.shape) == ("", (0, 8, 8, 1), (0, 8, 8, 1))


def test_a_reel_is_no_file_of_chosen_examples(tmp_path: Path) -> None:
    write(tmp_path / "reel.h5", reel())
    with pytest.raises(ShowreelError, match=r"reel\.h5: damaged"):
        read(tmp_path / "reel.h5", Chosen)
