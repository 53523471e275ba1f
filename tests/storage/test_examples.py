"""Inputs and targets of a split, out of the file of an input and of its data set."""

from pathlib import Path

import numpy as np
import pytest
from test_prepared import COUNTS, FIELDS, block, write

from showreel.storage import examples, prepared
from showreel.storage.errors import ShowreelError
from showreel.storage.examples import ExampleSplit, picked
from showreel.storage.fields import SPLITS, Field, Fields, Split


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """An input that holds images alone, and its data set, which holds everything."""
    darker: list[tuple[Split, list[Fields]]] = [
        (split, [{"image": block(count)["image"] // 2}]) for split, count in COUNTS.items()
    ]
    prepared.write(tmp_path / "dark.h5", darker, {"image": Field("image")}, {"dataset": "made-up"})
    return tmp_path / "dark.h5", write(tmp_path / "clean.h5")


def test_a_degraded_field_comes_from_the_input_and_all_others_from_the_data_set(files: tuple[Path, Path]) -> None:
    source = ExampleSplit.of(*files, "train", ("image", "depth"), ("image", "mask", "tokens"))
    example, expected = source.read(), block(40)
    np.testing.assert_array_equal(example.inputs["image"], expected["image"] // 2)
    np.testing.assert_array_equal(example.inputs["depth"], expected["depth"])
    np.testing.assert_array_equal(example.targets["image"], expected["image"])
    np.testing.assert_array_equal(example.targets["tokens"].lengths, expected["tokens"].lengths)  # type: ignore[union-attr]
    assert (source.count, list(source.inputs), list(source.targets)) == (
        40, ["image", "depth"], ["image", "mask", "tokens"],
    )  # fmt: skip


def test_parts_and_runs_join_to_the_whole(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "PART_ROWS", 4)
    source = ExampleSplit.of(*files, "train", ("image",), ("label", "tokens"))
    parts = list(source.parts(9 * 64))
    assert [len(part.targets["label"]) for part in parts] == [8] * 5
    whole = source.read()
    for name in ("label", "tokens"):
        joined = prepared.joined([part.targets[name] for part in parts])
        np.testing.assert_array_equal(joined[0], whole.targets[name][0])
    runs = source.read_runs([slice(30, 40), slice(0, 30)])
    assert np.asarray(runs.targets["label"]).tolist() == [*range(30, 40), *range(30)]
    np.testing.assert_array_equal(np.asarray(runs.inputs["image"])[10:], np.asarray(whole.inputs["image"])[:30])


def test_single_rows_are_picked_in_the_order_given(files: tuple[Path, Path]) -> None:
    source = ExampleSplit.of(*files, "test", ("image",), ("label",))
    example = picked(source, [5, 0, 2])
    assert np.asarray(example.targets["label"]).tolist() == [5, 0, 2]
    np.testing.assert_array_equal(np.asarray(example.inputs["image"])[1], block(7)["image"][0] // 2)


def test_a_field_that_a_data_set_lacks_is_named_with_those_that_it_has(tmp_path: Path) -> None:
    path = write(tmp_path / "bare.h5", names=("image", "label"))
    with pytest.raises(ShowreelError, match=r"bare\.h5: has no field mask, .*; it has image, label"):
        ExampleSplit.of(path, path, "test", ("image",), ("mask",))


def test_an_input_of_another_data_set_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    other: list[tuple[Split, list[Fields]]] = [(split, [{"image": block(3)["image"]}]) for split in SPLITS]
    prepared.write(tmp_path / "other.h5", other, {"image": FIELDS["image"]}, {})
    with pytest.raises(ShowreelError, match=r"other\.h5: its train split does not match .*clean\.h5"):
        ExampleSplit.of(tmp_path / "other.h5", files[1], "train", ("image",), ("image",))
