"""Files with the right digest that cannot be read nevertheless: they were damaged when they were recorded."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import project
import pytest
from samples import make_examples

from showreel.storage import prepared as storage
from showreel.storage.fields import SPLITS, Block, Split
from showreel.verification import contents

CUT_SHORT: dict[str, Callable[[bytes], bytes]] = {
    "data/prepared/digits/noisy.h5": lambda content: content[: len(content) // 2],
    "models/denoiser.keras": lambda content: content.replace(b"\x00\x00\x00?" * 9, b"\x00\x00\x80>" * 9),
    "results/denoiser/reel.gif": lambda content: content[:40],
    "results/denoiser/poster.png": lambda content: content[:60],
    "results/denoiser/scores.csv": lambda content: content + b"3,4,5\n",
    "results/denoiser/metrics.json": lambda content: content[:-1],
}


@pytest.mark.parametrize("path", CUT_SHORT)
def test_a_file_that_was_recorded_damaged_is_found_by_reading_it(tmp_path: Path, path: str) -> None:
    stages = project.make(tmp_path, lock=False)
    content = (tmp_path / path).read_bytes()
    (tmp_path / path).write_bytes(CUT_SHORT[path](content))
    assert (tmp_path / path).read_bytes() != content
    for stage in stages.values():
        project.write_record(tmp_path, stage)
    (finding,) = project.check(tmp_path).findings
    assert (finding.kind, finding.path) == ("damaged", path)
    assert finding.detail.startswith("cannot be read: ")
    assert finding.mend.command == "showreel"


IMAGES = np.random.default_rng(1).integers(0, 256, (3, 8, 8, 1), np.uint8)
REEL = storage.Reel("{}", np.arange(3), IMAGES, IMAGES, np.arange(3), np.stack([IMAGES] * 3), np.zeros(3))


def prepared(path: Path) -> Path:
    storage.write_prepared(path, ((split, [Block(IMAGES, np.arange(3, dtype=np.int32))]) for split in SPLITS), {})
    return path


def test_nothing_is_wrong_with_whole_hdf5_files(tmp_path: Path) -> None:
    prepared(tmp_path / "clean.h5")
    storage.write(tmp_path / "reel.h5", REEL)
    storage.write(tmp_path / "examples.h5", make_examples(REEL, ""))
    assert [contents.fault(path) for path in sorted(tmp_path.iterdir())] == ["", "", ""]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", ["images", "labels"])
def test_a_flipped_bit_in_any_split_is_found(tmp_path: Path, split: Split, name: str) -> None:
    path = prepared(tmp_path / "clean.h5")
    with h5py.File(path) as file:
        place = file[split][name].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert contents.fault(path).startswith("damaged (")


def test_a_split_or_an_epoch_that_is_not_there_is_missed(tmp_path: Path) -> None:
    with h5py.File(prepared(tmp_path / "clean.h5"), "r+") as file:
        del file["validation"]
    storage.write(tmp_path / "reel.h5", REEL)
    with h5py.File(tmp_path / "reel.h5", "r+") as file:
        del file["psnr"]
        file.create_dataset("psnr", data=np.zeros(2), chunks=True)
    for name in ("clean.h5", "reel.h5"):
        assert contents.fault(tmp_path / name) == "a part of it is missing"
