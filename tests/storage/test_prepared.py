from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from showreel.storage import fields, prepared
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import SPLITS, Field, Fields, Ragged, Split

COUNTS: dict[Split, int] = {"train": 40, "validation": 10, "test": 7}
ATTRIBUTES = {"dataset": "made-up"}
FIELDS = {
    "image": Field("image"),
    "label": Field("label", ("a", "b")),
    "mask": Field("mask", ("sky", "road"), ((0, 0, 255), (90, 90, 90))),
    "depth": Field("depth"),
    "tokens": Field("tokens", ("x", "y", "z"), ragged=True),
    "series": Field("series"),
}


def block(count: int, size: int = 8) -> dict[str, Any]:
    """Return rows of every kind; words of one to five letters, and one of none."""
    generator = np.random.default_rng(count)
    lengths = generator.integers(1, 6, count)
    lengths[count // 2] = 0
    return {
        "image": generator.integers(0, 256, (count, size, size, 1), np.uint8),
        "label": np.arange(count, dtype=np.int32),
        "mask": generator.integers(0, 2, (count, size, size), np.uint8),
        "depth": generator.integers(0, 5000, (count, size, size), np.uint16),
        "tokens": Ragged(generator.integers(0, 3, int(lengths.sum())).astype(np.uint16), lengths),
        "series": generator.normal(size=(count, 12, 2)).astype(np.float32),
    }


def cut(rows: Any, start: int, stop: int) -> Any:
    if not isinstance(rows, Ragged):
        return rows[start:stop]
    ends = np.concatenate([[0], np.cumsum(rows.lengths)])
    return Ragged(rows.values[ends[start] : ends[stop]], rows.lengths[start:stop])


def write(path: Path, parts: int = 1, names: tuple[str, ...] = tuple(FIELDS)) -> Path:
    def blocks(split: Split) -> list[Fields]:
        whole = block(COUNTS[split])
        cuts = np.linspace(0, COUNTS[split], parts + 1).astype(int)
        return [{name: cut(whole[name], a, b) for name in names} for a, b in pairwise(cuts) if b > a]

    path.parent.mkdir(parents=True, exist_ok=True)
    described = {name: FIELDS[name] for name in names}
    prepared.write(path, ((split, blocks(split)) for split in SPLITS), described, ATTRIBUTES)
    return path


def assert_equal(rows: Any, expected: Any) -> None:
    assert isinstance(rows, Ragged) == isinstance(expected, Ragged)
    pairs = zip(rows, expected, strict=True) if isinstance(rows, Ragged) else [(rows, expected)]
    for array, wanted in pairs:
        assert array.dtype == wanted.dtype
        np.testing.assert_array_equal(array, wanted)


def images(path: Path, split: Split = "test") -> NDArray[np.uint8]:
    return np.asarray(prepared.read(path, split)["image"])


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "clean.h5", parts=3)
    for split, count in COUNTS.items():
        read, expected = prepared.read(path, split), block(count)
        assert read.keys() == FIELDS.keys()
        for name, rows in read.items():
            assert_equal(rows, expected[name])
            assert fields.count(rows) == count
        assert prepared.count(path, split) == count
    assert prepared.attributes(path) == ATTRIBUTES


def test_the_file_says_what_the_numbers_of_each_field_mean(tmp_path: Path) -> None:
    described = prepared.described(write(tmp_path / "clean.h5"))
    assert {name: about.field for name, about in described.items()} == FIELDS
    shapes = {name: about.shape for name, about in described.items()}
    assert shapes == {
        "image": (8, 8, 1), "label": (), "mask": (8, 8), "depth": (8, 8), "tokens": (), "series": (12, 2),
    }  # fmt: skip


@pytest.mark.parametrize("rows", [slice(3, 9), slice(0, None, 10), slice(39, 40), slice(5, 5), slice(30, 60)])
def test_some_rows_are_read_alone(tmp_path: Path, rows: slice) -> None:
    path, expected = write(tmp_path / "clean.h5"), block(40)
    for name, read in prepared.read(path, "train", rows).items():
        chosen = range(*rows.indices(40))
        if chosen.step == 1 or name != "tokens":
            start, stop = chosen.start, max(chosen.start, chosen.stop)
            wanted = cut(expected[name], start, stop) if chosen.step == 1 else expected[name][rows]
            assert_equal(read, wanted)
        else:
            words = [cut(expected[name], row, row + 1) for row in chosen]
            assert_equal(read, prepared.joined(words))


def test_only_the_fields_that_are_named_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "clean.h5")
    assert list(prepared.read(path, "test", names=["tokens"])) == ["tokens"]
    assert list(next(prepared.stream(path, "test", ["mask", "image"]))) == ["image", "mask"]


def test_the_same_rows_give_the_same_bytes_however_they_come(tmp_path: Path) -> None:
    first = write(tmp_path / "a.h5").read_bytes()
    assert write(tmp_path / "b.h5").read_bytes() == first
    assert write(tmp_path / "c.h5", parts=7).read_bytes() == first


def test_a_split_streams_in_blocks_that_join_to_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    equal = tuple(name for name in FIELDS if name != "tokens")
    path, expected = write(tmp_path / "clean.h5", names=equal), block(40)
    size = sum(prepared.row_bytes(path, "train", name) for name in equal)
    monkeypatch.setattr(prepared, "BLOCK_BYTES", 15 * size)
    blocks = list(prepared.stream(path, "train"))
    assert [fields.count(part["image"]) for part in blocks] == [15, 15, 10]
    for name in equal:
        assert_equal(prepared.joined([part[name] for part in blocks]), expected[name])


def test_blocks_are_as_large_as_they_may_be_where_rows_differ_in_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, expected = write(tmp_path / "clean.h5"), block(40)
    equal = sum(prepared.row_bytes(path, "train", name) for name in FIELDS if name != "tokens")
    row_bytes = equal + 2 * expected["tokens"].lengths
    limit = 7 * equal + 40
    monkeypatch.setattr(prepared, "BLOCK_BYTES", limit)
    blocks, start = list(prepared.stream(path, "train")), 0
    for part in blocks:
        stop = start + fields.count(part["image"])
        assert row_bytes[start:stop].sum() <= limit
        assert stop == 40 or row_bytes[start : stop + 1].sum() > limit
        start = stop
    for name in FIELDS:
        assert_equal(prepared.joined([part[name] for part in blocks]), expected[name])


def test_an_example_larger_than_a_block_streams_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "BLOCK_BYTES", 1)
    assert len(list(prepared.stream(write(tmp_path / "clean.h5"), "test"))) == COUNTS["test"]


@pytest.mark.parametrize("name", FIELDS)
def test_runs_of_rows_are_read_whatever_chunks_they_are_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(prepared, "CHUNK_BYTES", 4 * 64)
    path, expected = write(tmp_path / "a.h5", names=(name,)), block(40)[name]
    runs = [slice(29, 30), slice(0, 4), slice(5, 18), slice(3, 4)]
    rows = prepared.read_runs(path, "train", runs)[name]
    assert_equal(rows, prepared.joined([cut(expected, run.start, run.stop) for run in runs]))


def test_runs_of_images_that_are_kept_in_pieces_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", names=("image",))
    with h5py.File(path, "r+") as file:
        stored = file["test/image"][()]
        del file["test/image"]
        file.create_dataset("test/image", data=stored, chunks=(4, 4, 4, 1))
    with pytest.raises(ShowreelError, match="its rows are not kept whole"):
        prepared.read_runs(path, "test", [slice(0, 2)])


def write_train(path: Path, *blocks: dict[str, Any], **described: Field) -> None:
    prepared.write(path, [("train", blocks)], described, {})


def test_a_split_without_examples_is_refused(tmp_path: Path) -> None:
    splits: list[tuple[Split, list[Fields]]] = [("train", [block(3)]), ("validation", [])]
    with pytest.raises(ShowreelError, match="the validation split has no examples"):
        prepared.write(tmp_path / "clean.h5", splits, FIELDS, {})


def test_rows_of_two_shapes_are_refused(tmp_path: Path) -> None:
    small, large = ({"image": block(3, size=size)["image"]} for size in (8, 9))
    with pytest.raises(ShowreelError, match=r"image has rows of uint8 \(9, 9, 1\) after rows of uint8 \(8, 8, 1\)"):
        write_train(tmp_path / "clean.h5", small, large, image=Field("image"))


@pytest.mark.parametrize(
    ("name", "rows", "reason"),
    [
        ("image", np.zeros((3, 8, 8, 2), np.uint8), r"image is no image: its rows are of shape \(8, 8, 2\)"),
        ("image", np.zeros((3, 8, 8), np.uint8), "image is no image: its rows have 2 axes"),
        ("mask", np.zeros((3, 8, 8, 1), np.uint8), "mask is no mask: its rows have 3 axes"),
        ("label", np.zeros((3, 1), np.int32), "label is no label: its rows have 1 axes"),
        ("label", np.zeros(3, np.int64), "label has rows of int64"),
        ("tokens", np.zeros((3, 4), np.uint16), "tokens comes in rows of one length"),
        ("label", Ragged(np.zeros(3, np.int32), np.ones(3, np.int64)), "label comes not in rows of one length"),
    ],
)
def test_rows_that_are_not_what_their_field_says_are_refused(tmp_path: Path, name: str, rows: Any, reason: str) -> None:
    with pytest.raises(ShowreelError, match=reason):
        write_train(tmp_path / "clean.h5", {name: rows}, **{name: FIELDS[name]})


def test_blocks_of_other_fields_or_of_different_lengths_are_refused(tmp_path: Path) -> None:
    rows = block(3)
    two = {"image": FIELDS["image"], "label": FIELDS["label"]}
    with pytest.raises(ShowreelError, match="a block of image instead of image, label"):
        write_train(tmp_path / "clean.h5", {"image": rows["image"]}, **two)
    with pytest.raises(ShowreelError, match="differ in their number of rows"):
        write_train(tmp_path / "clean.h5", {"image": rows["image"], "label": rows["label"][:2]}, **two)


def test_a_missing_file_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"clean\.h5: missing; run the stage that makes it"):
        prepared.read(tmp_path / "clean.h5", "train")


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "folder"])
def test_what_is_no_whole_hdf5_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = write(tmp_path / "clean.h5")
    content = {"text": b"hello" * 1000, "empty": b"", "cut": path.read_bytes()[:-3000], "folder": None}[damage]
    path.unlink()
    path.mkdir() if content is None else path.write_bytes(content)
    for read in (prepared.attributes, prepared.described, lambda path: prepared.read(path, "test")):
        with pytest.raises(ShowreelError, match=r"(?s)clean\.h5: damaged .*delete it and run its stage again"):
            read(path)


@pytest.mark.parametrize("name", [*FIELDS, "tokens.offsets"])
def test_a_flipped_bit_in_the_data_is_found(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "clean.h5")
    with h5py.File(path) as file:
        offset = file["train"][name].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[offset + 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ShowreelError, match=r"clean\.h5: damaged"):
        prepared.read(path, "train")
    with pytest.raises(ShowreelError, match=r"clean\.h5: damaged"):
        list(prepared.stream(path, "train"))


@pytest.mark.parametrize("wrong", [-1, 10**6])
def test_rows_that_begin_where_none_can_are_refused(tmp_path: Path, wrong: int) -> None:
    path = write(tmp_path / "clean.h5")
    with h5py.File(path, "a") as file:
        file["train/tokens.offsets"][3] = wrong
    with pytest.raises(ShowreelError, match="the rows of tokens in the train split overlap or end beyond it"):
        prepared.read(path, "train")


def test_a_file_that_was_not_finished_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "clean.h5")
    with h5py.File(path, "a") as file:
        del file.attrs["complete"]
    with pytest.raises(ShowreelError, match="incomplete"):
        prepared.attributes(path)


def test_a_file_of_the_first_format_is_refused_with_what_mends_it(tmp_path: Path) -> None:
    path = write(tmp_path / "clean.h5")
    with h5py.File(path, "a") as file:
        file.attrs["format"] = 1
    with pytest.raises(ShowreelError, match="format 1, but this version reads 2; delete it and run its stage again"):
        prepared.count(path, "train")


@pytest.mark.parametrize("name", ["label", "tokens.offsets"])
def test_a_split_that_lost_rows_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "clean.h5")
    with h5py.File(path, "a") as file:
        file["test"][name].resize(3, axis=0)
    with pytest.raises(ShowreelError, match="test split is shorter than it says"):
        prepared.read(path, "test")
