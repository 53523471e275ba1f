"""Cutting of rows, of one length or of many, into slices that fit into memory."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from showreel.storage import examples, prepared, slices
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import SPLITS, Field, Fields, Ragged, Rows, Split, count

MEGABYTE = 1 << 20


def bounds(cut: list[slice]) -> list[tuple[int, int]]:
    return [(rows.start, rows.stop) for rows in cut]


def test_rows_of_one_length_are_cut_evenly() -> None:
    assert bounds(slices.cut(10, 12, [3])) == [(0, 4), (4, 8), (8, 10)]
    assert bounds(slices.cut(10, 12, [1, 6])) == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]
    assert bounds(slices.cut(10, 100, [1], whole=4)) == [(0, 10)]
    assert bounds(slices.cut(10, 7, [1], whole=4)) == [(0, 4), (4, 8), (8, 10)]
    assert bounds(slices.cut(3, 1, [5], whole=4)) == [(0, 1), (1, 2), (2, 3)]


def test_rows_of_many_lengths_are_cut_where_the_limit_is_reached() -> None:
    starts = np.array([0, 1, 2, 10, 10, 11, 19, 20])
    assert bounds(slices.cut(7, 8, [starts])) == [(0, 2), (2, 4), (4, 5), (5, 6), (6, 7)]
    assert bounds(slices.cut(7, 5, [starts])) == [(0, 2), (2, 3), (3, 5), (5, 6), (6, 7)]
    assert bounds(slices.cut(7, 8, [2, starts])) == [(0, 2), (2, 4), (4, 5), (5, 6), (6, 7)]
    assert bounds(slices.cut(7, 20, [starts])) == [(0, 7)]
    assert bounds(slices.cut(7, 10, [starts + 1000], whole=2)) == [(0, 4), (4, 7)]
    assert bounds(slices.cut(7, 9, [starts + 1000], whole=2)) == [(0, 2), (2, 4), (4, 6), (6, 7)]


def test_fields_together_have_the_sum_of_their_sizes() -> None:
    assert slices.together([2, 3], 4) == 5
    np.testing.assert_array_equal(slices.together([2, np.array([0, 5, 5])], 2), [0, 7, 9])


def words(rows: int) -> Iterator[Fields]:
    """Yield blocks of short rows, and at the end as many values again in long rows."""
    for start in range(0, rows, 1000):
        generator = np.random.default_rng(start)
        lengths = generator.integers(0, 200, 1000)
        yield {"tokens": Ragged(generator.integers(0, 9, int(lengths.sum())).astype(np.uint16), lengths)}
    for _ in range(rows // 1000):
        yield {"tokens": Ragged(np.ones(100_000, np.uint16), np.array([60_000, 40_000]))}


def write(path: Path, rows: int) -> Path:
    splits: list[tuple[Split, Iterator[Fields]]] = [
        (split, words(rows if split == "train" else 1000)) for split in SPLITS
    ]
    prepared.write(path, splits, {"tokens": Field("tokens", ragged=True)}, {})
    return path


def in_parts(path: Path) -> Iterator[Rows]:
    for part in ExampleSplit.of(path, path, "train", ("tokens",), ()).parts(MEGABYTE // 2):
        yield part.inputs["tokens"]


def streamed(path: Path) -> Iterator[Rows]:
    for part in prepared.stream(path, "train"):
        yield part["tokens"]


def test_memory_stays_flat_however_many_rows_of_whatever_length_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "BLOCK_BYTES", MEGABYTE)
    most = []
    for rows in (10_000, 100_000):
        tracemalloc.start()
        path, peaks = write(tmp_path / f"{rows}.h5", rows), [tracemalloc.get_traced_memory()[1]]
        for read in (streamed, in_parts):
            tracemalloc.reset_peak()
            assert sum(map(count, read(path))) == rows + rows // 500
            peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        most.append(peaks)
    assert path.stat().st_size > 35 * MEGABYTE
    starts = 8 * 100_000
    for small, large in zip(*most, strict=True):
        assert large < small + 4 * starts, "more than four arrays of where rows begin"


def test_parts_of_long_rows_are_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "PART_ROWS", 4)
    path = write(tmp_path / "words.h5", 1000)
    parts = [part.inputs["tokens"] for part in ExampleSplit.of(path, path, "test", ("tokens",), ()).parts(70_000)]
    assert [count(part) for part in parts][-2:] == [1, 1]
    assert all(isinstance(part, Ragged) and len(part.values) <= 70_000 for part in parts)
    assert all(count(part) % 4 == 0 for part in parts[:-3])
