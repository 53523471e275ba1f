"""Files with the right digest that cannot be read nevertheless: they were damaged when they were recorded."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import project
import pytest

from showreel.storage import prepared, reel
from showreel.storage.fields import SPLITS, Field, Ragged, Rows, Split
from showreel.verification import contents

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "data/prepared/digits-noisy.h5": lambda content: content[: len(content) // 2],
    "models/denoiser.keras": lambda content: content.replace(b"\x00\x00\x00?" * 9, b"\x00\x00\x80>" * 9),
    "results/denoiser/reel.gif": lambda content: content[:40],
    "results/denoiser/poster.png": lambda content: content[:60],
    "results/denoiser/scores.csv": lambda content: content + b"3,4,5\n",
    "results/denoiser/metrics.json": lambda content: content[:-1],
}


@pytest.mark.parametrize("path", DAMAGE)
def test_a_file_that_was_recorded_damaged_is_found_by_reading_it(tmp_path: Path, path: str) -> None:
    stages = project.make(tmp_path, lock=False)
    content = (tmp_path / path).read_bytes()
    (tmp_path / path).write_bytes(DAMAGE[path](content))
    assert (tmp_path / path).read_bytes() != content
    for stage in stages.values():
        project.write_record(tmp_path, stage)
    (finding,) = project.check(tmp_path).findings
    assert (finding.kind, finding.path) == ("damaged", path)
    assert finding.detail.startswith("cannot be read: ")
    assert finding.mend.command == "showreel"


WORDS = Ragged(np.arange(6, dtype=np.uint16), np.array([1, 0, 5]))
MASKS = np.zeros((3, 8, 8), np.uint8)
FIELDS = project.FIELDS | {"tokens": Field("tokens", tuple("abcdef"), ragged=True), "mask": Field("mask", ("a", "b"))}
FIELD_NAMES = tuple(FIELDS)
INPUTS = {"image": project.IMAGES, "tokens": WORDS}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A folder with one whole file of each form, all kinds of rows in each."""
    block: dict[str, Rows] = {
        "image": project.IMAGES,
        "label": np.arange(3, dtype=np.int32),
        "tokens": WORDS,
        "mask": MASKS,
    }
    prepared.write(tmp_path / "digits.h5", ((split, [block, block]) for split in SPLITS), FIELDS, {})
    values = vars(project.REEL) | {"inputs": INPUTS}
    reel.write(tmp_path / "a.reel.h5", reel.Reel(**values))
    values = vars(project.CHOSEN) | {"targets": INPUTS}
    reel.write(tmp_path / "a.chosen.h5", reel.Chosen(**values))
    return tmp_path


def test_nothing_is_wrong_with_whole_files(whole: Path) -> None:
    assert {path.name: contents.fault(path) for path in whole.iterdir()} == {
        "digits.h5": "", "a.reel.h5": "", "a.chosen.h5": "",
    }  # fmt: skip


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", [*FIELD_NAMES, "tokens.offsets"])
def test_a_flipped_bit_in_any_field_of_any_split_is_found(whole: Path, split: Split, name: str) -> None:
    assert_flipped_bit_is_found(whole / "digits.h5", f"{split}/{name}")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        *(("a.reel.h5", name) for name in ("indices", "epochs", "scores", "outputs", "inputs/image", "targets/image")),
        *(("a.reel.h5", name) for name in ("inputs/tokens", "inputs/tokens.lengths")),
        *(("a.chosen.h5", name) for name in ("indices", "outputs", "inputs/image", "targets/tokens")),
    ],
)
def test_a_flipped_bit_in_any_part_of_a_reel_is_found(whole: Path, file: str, name: str) -> None:
    assert_flipped_bit_is_found(whole / file, name)


def assert_flipped_bit_is_found(path: Path, name: str) -> None:
    with h5py.File(path) as file:
        place = file[name].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert contents.fault(path).startswith("damaged (")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        *(("digits.h5", name) for name in ("validation", "test/image", "train/label", "train/tokens")),
        *(("a.reel.h5", name) for name in ("scores", "inputs", "outputs", "epochs")),
        *(("a.chosen.h5", name) for name in ("reel_answers", "targets", "indices")),
    ],
)
def test_a_part_that_is_not_there_is_missed(whole: Path, file: str, name: str) -> None:
    with h5py.File(whole / file, "r+") as opened:
        del opened[name]
    assert contents.fault(whole / file) == "a part of it is missing"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        *(("a.reel.h5", name) for name in ("scores", "epochs", "indices", "inputs/image", "inputs/tokens.lengths")),
        *(("a.chosen.h5", name) for name in ("indices", "outputs", "targets/image")),
    ],
)
def test_a_part_with_too_few_rows_is_missed(whole: Path, file: str, name: str) -> None:
    shorten(whole / file, name)
    assert contents.fault(whole / file) == "a part of it is missing"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("test/image", "the test split is shorter than it says; delete it and run its stage again"),
        ("validation/label", "the validation split is shorter than it says; delete it and run its stage again"),
        ("train/tokens", "a part of it is missing"),
        ("train/tokens.offsets", "a part of it is missing"),
    ],
)
def test_a_split_with_too_few_rows_is_missed(whole: Path, name: str, reason: str) -> None:
    shorten(whole / "digits.h5", name)
    assert contents.fault(whole / "digits.h5") == reason


def test_rows_that_overlap_are_found(whole: Path) -> None:
    with h5py.File(whole / "digits.h5", "r+") as file:
        file["test/tokens.offsets"][1:3] = (5, 2)
    assert contents.fault(whole / "digits.h5") == "a part of it is missing"


def shorten(path: Path, name: str) -> None:
    """Write an array again, without its last row."""
    with h5py.File(path, "r+") as file:
        rows = file[name][:-1]
        del file[name]
        file.create_dataset(name, data=rows, chunks=True)
