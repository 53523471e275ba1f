from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
from samples import make_examples

from showreel.scoring.chosen import Examples
from showreel.storage import prepared
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import SPLITS, Block, Split

COUNTS: dict[Split, int] = {"train": 40, "validation": 10, "test": 7}
ATTRIBUTES = {"dataset": "made-up", "degradation": "clean", "classes": ("a", "b")}


def block(count: int, size: int = 8) -> Block:
    images = np.random.default_rng(count).integers(0, 256, (count, size, size, 1), np.uint8)
    return Block(images, np.arange(count, dtype=np.int32))


def write(path: Path, parts: int = 1) -> Path:
    def blocks(split: Split) -> list[Block]:
        whole = block(COUNTS[split])
        cuts = np.linspace(0, COUNTS[split], parts + 1).astype(int)
        return [Block(whole.images[a:b], whole.labels[a:b]) for a, b in pairwise(cuts) if b > a]

    path.parent.mkdir(parents=True, exist_ok=True)
    prepared.write_prepared(path, ((split, blocks(split)) for split in SPLITS), ATTRIBUTES)
    return path


def reel(value: int = 0) -> prepared.Reel:
    images = np.full((2, 8, 8, 1), value, np.uint8)
    return prepared.Reel("{}", np.arange(2), images, images, np.arange(3), np.stack([images] * 3), np.zeros(3))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "clean.h5", parts=3)
    for split, count in COUNTS.items():
        read = prepared.read_split(path, split)
        assert [array.dtype.name for array in read] == ["uint8", "int32"]
        np.testing.assert_array_equal(read.images, block(count).images)
        assert read.labels.tolist() == list(range(count))
        assert prepared.count(path, split) == count
    assert prepared.image_shape(path) == (8, 8, 1)
    assert prepared.read_split(path, "train", slice(0, None, 10)).labels.tolist() == [0, 10, 20, 30]
    attributes = prepared.read_attributes(path)
    assert attributes["dataset"] == "made-up"
    assert list(attributes["classes"]) == ["a", "b"]
    assert attributes.keys() == ATTRIBUTES.keys()


def test_the_same_images_give_the_same_bytes_however_they_come(tmp_path: Path) -> None:
    first = write(tmp_path / "a.h5").read_bytes()
    assert write(tmp_path / "b.h5").read_bytes() == first
    assert write(tmp_path / "c.h5", parts=7).read_bytes() == first


def test_a_split_streams_in_blocks_that_join_to_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "clean.h5")
    monkeypatch.setattr(prepared, "BLOCK_BYTES", 15 * 64)
    blocks = list(prepared.stream_split(path, "train"))
    assert [len(block.images) for block in blocks] == [15, 15, 10]
    np.testing.assert_array_equal(np.concatenate([block.images for block in blocks]), block(40).images)
    assert np.concatenate([block.labels for block in blocks]).tolist() == list(range(40))


def test_an_image_larger_than_a_block_streams_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "BLOCK_BYTES", 1)
    assert len(list(prepared.stream_split(write(tmp_path / "clean.h5"), "test"))) == COUNTS["test"]


def test_runs_of_rows_are_read_whatever_chunks_they_are_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "CHUNK_BYTES", 4 * 64)
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 1), np.uint8)
    blocks = [(split, [Block(images, np.zeros(30, np.int32))]) for split in SPLITS]
    prepared.write_prepared(tmp_path / "a.h5", blocks, {})
    runs = [slice(29, 30), slice(0, 4), slice(5, 18), slice(3, 4)]
    found = prepared.read_runs(tmp_path / "a.h5", "test", runs)
    np.testing.assert_array_equal(found, np.concatenate([images[run] for run in runs]))


def test_runs_of_images_that_are_kept_in_pieces_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        images = file["test/images"][()]
        del file["test/images"]
        file.create_dataset("test/images", data=images, chunks=(4, 4, 4, 1))
    with pytest.raises(ShowreelError, match="its images are not kept whole"):
        prepared.read_runs(path, "test", [slice(0, 2)])


def test_a_split_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match="the validation split has no images"):
        prepared.write_prepared(tmp_path / "clean.h5", [("train", [block(3)]), ("validation", [])], {})


def test_images_of_two_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"images of \(9, 9, 1\) after images of \(8, 8, 1\)"):
        prepared.write_prepared(tmp_path / "clean.h5", [("train", [block(3), block(3, size=9)])], {})


def test_a_missing_file_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"clean\.h5: missing; run the stage that makes it"):
        prepared.read_split(tmp_path / "clean.h5", "train")


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "folder"])
def test_what_is_no_whole_hdf5_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = write(tmp_path / "clean.h5")
    content = {"text": b"hello" * 1000, "empty": b"", "cut": path.read_bytes()[:-3000], "folder": None}[damage]
    path.unlink()
    path.mkdir() if content is None else path.write_bytes(content)
    for read in (prepared.read_attributes, prepared.image_shape, lambda path: prepared.read_split(path, "test")):
        with pytest.raises(ShowreelError, match=r"(?s)clean\.h5: damaged .*delete it and run its stage again"):
            read(path)


@pytest.mark.parametrize("name", ["images", "labels"])
def test_a_flipped_bit_in_the_data_is_found(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "clean.h5")
    with h5py.File(path) as file:
        offset = file["train"][name].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[offset + 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ShowreelError, match=r"clean\.h5: damaged"):
        prepared.read_split(path, "train")
    with pytest.raises(ShowreelError, match=r"clean\.h5: damaged"):
        list(prepared.stream_split(path, "train"))


def test_a_file_that_was_not_finished_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "clean.h5")
    with h5py.File(path, "a") as file:
        del file.attrs["complete"]
    with pytest.raises(ShowreelError, match="incomplete"):
        prepared.read_attributes(path)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "clean.h5")
    with h5py.File(path, "a") as file:
        file.attrs["format"] = 2
    with pytest.raises(ShowreelError, match="format 2, but this version reads 1"):
        prepared.count(path, "train")


def test_a_split_that_lost_rows_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "clean.h5")
    with h5py.File(path, "a") as file:
        file["test/labels"].resize(3, axis=0)
    with pytest.raises(ShowreelError, match="test split is shorter than it says"):
        prepared.read_split(path, "test")


def test_a_reel_comes_back_as_it_was_and_always_in_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        prepared.write(tmp_path / name, reel(7))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    read = prepared.read(tmp_path / "a.h5", prepared.Reel)
    assert read.origin == "{}"
    np.testing.assert_array_equal(read.predictions, reel(7).predictions)
    assert (read.epochs.tolist(), read.psnr.tolist()) == ([0, 1, 2], [0, 0, 0])


def test_examples_without_a_baseline_are_empty(tmp_path: Path) -> None:
    prepared.write(tmp_path / "examples.h5", make_examples(reel(), ""))
    read = prepared.read(tmp_path / "examples.h5", Examples)
    assert (read.baseline_name, read.baseline.shape) == ("", (0, 8, 8, 1))


def test_a_reel_is_no_file_of_examples(tmp_path: Path) -> None:
    prepared.write(tmp_path / "reel.h5", reel())
    with pytest.raises(ShowreelError, match=r"reel\.h5: damaged"):
        prepared.read(tmp_path / "reel.h5", Examples)
