"""Prepared and reel files that somebody else wrote: HDF5 leads to other files, unpacks to gigabytes, or lies."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hostile import BOUND, measured, project, refused
from matrices import sample
from test_prepared import write
from test_reel import reel

from showreel.storage import prepared
from showreel.storage import reel as reels
from showreel.storage.errors import ShowreelError
from showreel.storage.examples import ExampleSplit

pytestmark = pytest.mark.slow

NAMES = ("image", "label")
SECRET = b"root:x:0:0:" * 100
Change = Callable[[h5py.File, Path], None]


def replaced(name: str, **options: Any) -> Change:
    def change(file: h5py.File, folder: Path) -> None:
        del file[name]
        file.create_dataset(name, **options)

    return change


def external_storage(file: h5py.File, folder: Path) -> None:
    replaced("test/image", shape=(7, 8, 8, 1), dtype="u1", external=[(str(folder / "secret"), 0, 448)])(file, folder)


def virtual(file: h5py.File, folder: Path) -> None:
    del file["test/image"]
    layout = h5py.VirtualLayout((7, 8, 8, 1), "u1")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "test/image", shape=(7, 8, 8, 1))
    file.create_virtual_dataset("test/image", layout)


def link(name: str, target: Callable[[Path], object]) -> Change:
    def change(file: h5py.File, folder: Path) -> None:
        del file[name]
        file[name] = target(folder)

    return change


def group(file: h5py.File, folder: Path) -> None:
    del file["test/image"]
    file.create_group("test/image")


def attribute(place: str, name: str, value: object) -> Change:
    def change(file: h5py.File, folder: Path) -> None:
        if value is None:
            del file[place].attrs[name]
        else:
            file[place].attrs[name] = value

    return change


def rows(count: int, **options: Any) -> Change:
    """Claim a number of test images without writing one: HDF5 would make them up from a fill value."""

    def change(file: h5py.File, folder: Path) -> None:
        chunk = min(count, 4096)
        replaced("test/image", shape=(count, 8, 8, 1), dtype="u1", chunks=(chunk, 8, 8, 1), **options)(file, folder)
        replaced("test/label", shape=(count,), dtype="i4", chunks=(chunk,))(file, folder)
        file["test"].attrs["count"] = count

    return change


def huge_chunk(file: h5py.File, folder: Path) -> None:
    options = {"shape": (7, 8, 8, 1), "maxshape": (None, 8, 8, 1), "chunks": (1 << 23, 8, 8, 1)}
    replaced("test/image", dtype="u1", compression="gzip", **options)(file, folder)
    file["test/image"][:] = 1


def about(kind: str, more: str) -> str:
    """Return the JSON of a field."""
    return f'{{"kind": "{kind}", "classes": [], {more}}}'


LEADS_AWAY: dict[str, Change] = {
    "external storage": external_storage,
    "virtual": virtual,
    "external link": link("test/image", lambda folder: h5py.ExternalLink(str(folder / "other.h5"), "test/image")),
    "external group": link("test", lambda folder: h5py.ExternalLink(str(folder / "other.h5"), "test")),
    "soft link": link("test/image", lambda folder: h5py.SoftLink("/train/image")),
    "soft link to itself": link("test/image", lambda folder: h5py.SoftLink("/test/image")),
}
BOMBS: dict[str, Change] = {
    "10**12 rows of nothing": rows(10**12),
    "10**7 rows of nothing": rows(10**7),
    "compressed": rows(10**7, compression="gzip"),
    "chunk of 512 MiB": huge_chunk,
}
WRONG: dict[str, Change] = {
    "text": replaced("test/image", data=np.array(["a"] * 7, object), dtype=h5py.string_dtype()),
    "arrays of any length": replaced("test/image", shape=(7,), dtype=h5py.vlen_dtype(np.uint8)),
    "references": replaced("test/image", shape=(7,), dtype=h5py.ref_dtype),
    "compound": replaced("test/image", data=np.zeros((7, 8, 8, 1), [("a", "u1"), ("b", "u1")])),
    "two dimensions": replaced("test/image", data=np.zeros((7, 8), np.uint8)),
    "five dimensions": replaced("test/image", data=np.zeros((7, 8, 8, 1, 1), np.uint8)),
    "no width": replaced("test/image", data=np.zeros((7, 8, 0, 1), np.uint8)),
    "two channels": replaced("test/image", data=np.zeros((7, 8, 8, 2), np.uint8)),
    "floats": replaced("test/image", data=np.zeros((7, 8, 8, 1))),
    "scalar": replaced("test/image", data=np.uint8(3)),
    "null": replaced("test/image", data=h5py.Empty("u1")),
    "labels of two dimensions": replaced("test/label", data=np.zeros((7, 2), np.int32)),
    "big-endian labels": replaced("test/label", data=np.zeros(7, ">i4")),
    "group for an array": group,
    "array for a group": link("test", lambda folder: np.zeros(3)),
    "type for an array": link("test/image", lambda folder: np.dtype("i4")),
    "no count": attribute("test", "count", None),
    "count of text": attribute("test", "count", "seven"),
    "count of many": attribute("test", "count", np.arange(3)),
    "count of nothing": attribute("test", "count", h5py.Empty("f4")),
    "count not a number": attribute("test", "count", math.nan),
    "negative count": attribute("test", "count", -7),
    "no field": attribute("/", "field.image", "{}"),
    "a field of text": attribute("/", "field.image", "image"),
    "a field of another kind": attribute("/", "field.image", about("odour", '"colours": [], "ragged": false')),
    "a field of many colours": attribute("/", "field.image", about("mask", '"colours": [[1]], "ragged": false')),
    "ragged without offsets": attribute("/", "field.label", about("tokens", '"colours": [], "ragged": true')),
    "complete in words": attribute("/", "complete", "False"),
    "complete many times": attribute("/", "complete", np.ones(3)),
    "format of text": attribute("/", "format", "1"),
    "format of many": attribute("/", "format", np.ones(3)),
}

KINDS = (
    *(
        "external storage",
        "external link",
        "external group",
        "text",
        "two dimensions",
        "scalar",
        "labels of two dimensions",
    ),
    *("array for a group", "no count", "count of text", "no field", "complete in words", "format of text"),
)
"""One name for each thing that is said of what `LEADS_AWAY` and `WRONG` do."""


def starts(values: Any) -> Change:
    """Say that the words of the test split begin elsewhere."""
    return replaced("test/tokens.offsets", data=values)


RAGGED: dict[str, Change] = {
    "text": starts(np.array(["a"] * 8, object)),
    "fractions": starts(np.zeros(8)),
    "short numbers": starts(np.zeros(8, np.int32)),
    "pairs": starts(np.zeros((8, 2), np.int64)),
    "one": starts(np.int64(3)),
    "too few": starts(np.arange(5)),
    "falling": starts(np.arange(8)[::-1]),
    "before the first": starts(np.array([-(2**63), *[2**63 - 1] * 7])),
    "beyond the last": starts(np.array([0, 1, 2, 3, 4, 5, 6, 10**12])),
    "10**12 words of nothing": replaced("test/tokens.offsets", shape=(10**12,), dtype="i8", chunks=(4096,)),
    "a link": link("test/tokens.offsets", lambda folder: h5py.SoftLink("/train/tokens.offsets")),
    "words of fractions": replaced("test/tokens", data=np.zeros(40)),
    "words of pairs": replaced("test/tokens", data=np.zeros((40, 2), np.uint16)),
    "no words": replaced("test/tokens", data=h5py.Empty("u2")),
}


def hostile(folder: Path, change: Change) -> Path:
    """Make a project whose clean file of the digits somebody changed."""
    made = project(folder)
    (folder / "secret").write_bytes(SECRET)
    write(folder / "other.h5", names=NAMES)
    path = write(made / "data/prepared/digits.h5", names=NAMES)
    with h5py.File(path, "a") as file:
        change(file, folder)
    return path


@pytest.mark.parametrize("change", sample(LEADS_AWAY | WRONG, *KINDS))
def test_file_that_is_not_ours_is_refused_in_one_line(
    tmp_path: Path, change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    path = hostile(tmp_path, change)
    with pytest.raises(ShowreelError, match=r"digits\.h5: "):
        prepared.read(path, "test")
    assert "digits.h5: " in refused(tmp_path / "project", "degrade digits-noisy", capsys)


@pytest.mark.parametrize("change", sample(LEADS_AWAY, "virtual", "external link"))
def test_nothing_of_another_file_is_read(tmp_path: Path, change: Change) -> None:
    path = hostile(tmp_path, change)
    readers: list[Callable[[], object]] = [
        lambda: prepared.attributes(path),
        lambda: prepared.described(path),
        lambda: prepared.count(path, "test"),
        lambda: prepared.read(path, "test", slice(1)),
        lambda: list(prepared.stream(path, "test")),
    ]
    for reader in readers:
        with pytest.raises(ShowreelError, match=r"digits\.h5: not a file of showreel's"):
            reader()


@pytest.mark.parametrize("change", sample(BOMBS, "10**12 rows of nothing", "compressed"))
def test_array_larger_than_its_file_takes_no_memory(tmp_path: Path, change: Change) -> None:
    hostile(tmp_path, change)
    outcome = measured(tmp_path / "project", "degrade digits-noisy")
    assert outcome.code == 1
    assert "digits.h5: not a file of showreel's (image is " in outcome.said
    assert outcome.megabytes < BOUND


@pytest.mark.parametrize("change", sample(RAGGED, "fractions", "too few", "falling", "beyond the last", "a link"))
def test_words_that_begin_where_none_can_are_refused_by_every_reader(tmp_path: Path, change: Change) -> None:
    path = write(tmp_path / "words.h5")
    with h5py.File(path, "a") as file:
        change(file, tmp_path)
    readers: list[Callable[[], object]] = [
        lambda: prepared.read(path, "test"),
        lambda: prepared.read_runs(path, "test", [slice(4, 7), slice(0, 4)], ["tokens"]),
        lambda: list(prepared.stream(path, "test", ["tokens"])),
        lambda: list(ExampleSplit.of(path, path, "test", ("tokens",), ("label",)).parts()),
    ]
    for reader in readers:
        with pytest.raises(ShowreelError, match=r"words\.h5: "):
            reader()


def test_chunks_that_are_missing_are_not_taken_for_black_images(tmp_path: Path) -> None:
    path = hostile(tmp_path, rows(7))
    with pytest.raises(ShowreelError, match="image is larger than what the file holds of it"):
        prepared.read(path, "test")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("outputs", {"shape": (10**6, 1000, 8, 8, 1), "dtype": "u1", "chunks": (1, 100, 8, 8, 1)}),
        ("outputs", {"data": np.array(["a"], object), "dtype": h5py.string_dtype()}),
        ("scores", {"data": h5py.Empty("f8")}),
    ],
)
def test_reel_that_is_not_ours_is_refused(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    reels.write(tmp_path / "reel.h5", reel())
    with h5py.File(tmp_path / "reel.h5", "a") as file:
        replaced(name, **options)(file, tmp_path)
    with pytest.raises(ShowreelError, match=rf"reel\.h5: not a file of showreel's \({name} is "):
        reels.read(tmp_path / "reel.h5", reels.Reel)


def test_good_file_passes(tmp_path: Path) -> None:
    block = prepared.read(hostile(tmp_path, attribute("/", "more", "text")), "test")
    assert np.asarray(block["image"]).shape == (7, 8, 8, 1)
