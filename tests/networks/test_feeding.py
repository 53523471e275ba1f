from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from small_data import write_images

from showreel.storage import prepared
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import SPLITS, Field, Fields, Ragged
from showreel.tasks.restoration import learning
from showreel.training import feeding
from showreel.training.feeding import Feed, dealt

LETTERS = {"tokens": Field("tokens", tuple("abcdefghij"), ragged=True), "label": Field("label")}
LONGEST = 5


def source(folder: Path, count: int) -> ExampleSplit:
    """Inputs whose pixels are their number, and targets of twice the size whose pixels are that number too."""
    numbers = np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1)
    for name, size in (("degraded", 2), ("clean", 4)):
        write_images(folder / f"{name}.h5", np.tile(numbers, (1, size, size, 1)))
    return ExampleSplit.of(folder / "degraded.h5", folder / "clean.h5", "train", ["image"], ["image"])


def feed(source: ExampleSplit, batch_size: int, *, devices: int = 1) -> Feed:
    return Feed(source, learning.batch, batch_size, devices=devices)


def lengths(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how long the texts with some numbers are: 0 to 5 letters."""
    return numbers * 7 % (LONGEST + 1)


def texts(folder: Path, count: int) -> ExampleSplit:
    """Texts of different length, whose letters are all the text's number, with that number as their label."""
    numbers = np.arange(count)
    tokens = Ragged(np.repeat(numbers, lengths(numbers)).astype(np.uint16), lengths(numbers))
    block: Fields = {"tokens": tokens, "label": numbers.astype(np.int32)}
    prepared.write(folder / "texts.h5", ((split, [block]) for split in SPLITS), LETTERS, {})
    return ExampleSplit.of(folder / "texts.h5", folder / "texts.h5", "train", ["tokens"], ["label"])


def as_they_come(inputs: dict[str, Any], targets: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return inputs, targets


@pytest.fixture(params=["in memory", "streamed"])
def kept_or_streamed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let images of 20 bytes be in memory, or streamed from a file of 4 rows a chunk in windows of 12 to 16 rows."""
    if request.param == "streamed":
        monkeypatch.setattr(prepared, "CHUNK_BYTES", 4 * 16)
        monkeypatch.setattr(feeding, "MEMORY_BYTES", 0)
        monkeypatch.setattr(feeding, "WINDOW_BYTES", 16 * 20)


def order(fed: Feed, seed: int) -> list[int]:
    return [int(image[0, 0, 0]) for images, _ in fed.batches(np.random.default_rng(seed)) for image in images]


@pytest.mark.usefixtures("kept_or_streamed")
def test_every_image_comes_once_with_its_own_target_scaled(tmp_path: Path) -> None:
    pairs = source(tmp_path, 48)
    batches = list(feed(pairs, 4).batches(np.random.default_rng(0)))
    assert [len(images) for images, _ in batches] == [4] * 12
    for images, targets in batches:
        assert (images.dtype.name, images.shape[1:]) == ("uint8", (2, 2, 1))
        assert (targets.dtype.name, targets.shape[1:]) == ("float32", (4, 4, 1))
        np.testing.assert_allclose(targets[:, 0, 0, 0], np.asarray(images)[:, 0, 0, 0] / 255, rtol=1e-6)
    assert sorted(order(feed(pairs, 4), 0)) == list(range(48))


@pytest.mark.usefixtures("kept_or_streamed")
def test_the_order_is_drawn_from_the_generator_alone(tmp_path: Path) -> None:
    pairs = source(tmp_path, 50)
    first = feed(pairs, 8)
    assert order(first, 1) == order(first, 1) == order(feed(pairs, 8), 1)
    assert order(first, 1) != order(first, 2)
    assert order(first, 1) != list(range(50))


@pytest.mark.usefixtures("kept_or_streamed")
def test_the_number_of_batches_is_known_beforehand(tmp_path: Path) -> None:
    pairs = source(tmp_path, 50)
    assert int(feed(pairs, 7).batches(np.random.default_rng(0)).cardinality()) == 8


@pytest.mark.usefixtures("kept_or_streamed")
def test_the_last_batch_is_filled_up_with_other_images_of_the_epoch(tmp_path: Path) -> None:
    fed = feed(source(tmp_path, 50), 8)
    seen = [order(fed, seed) for seed in range(8)]
    for images in seen:
        assert Counter(Counter(images).values()) == {1: 44, 2: 6}
        assert len(set(images[-8:])) == 8
    assert len({tuple(images[-6:]) for images in seen}) == 8


@pytest.mark.usefixtures("kept_or_streamed")
def test_tensorflow_knows_the_size_of_all_batches(tmp_path: Path) -> None:
    batches = feed(source(tmp_path, 50), 8).batches(np.random.default_rng(0))
    assert [spec.shape for spec in batches.element_spec] == [(8, 2, 2, 1), (8, 4, 4, 1)]


@pytest.mark.usefixtures("kept_or_streamed")
@pytest.mark.parametrize(("count", "batch"), [(17, 8), (33, 16), (50, 7), (1, 1)])
def test_there_are_as_many_batches_as_announced(tmp_path: Path, count: int, batch: int) -> None:
    fed = feed(source(tmp_path, count), batch)
    images = order(fed, 0)
    assert len(images) == fed.steps * batch
    assert set(images) == set(range(count))


@pytest.mark.usefixtures("kept_or_streamed")
def test_a_split_smaller_than_a_batch_is_one(tmp_path: Path) -> None:
    pairs = source(tmp_path, 5)
    assert sorted(order(feed(pairs, 128), 0)) == [0, 1, 2, 3, 4]
    assert sorted(Counter(order(feed(pairs, 128, devices=2), 0)).values()) == [1, 1, 1, 1, 2]


@pytest.mark.usefixtures("kept_or_streamed")
@pytest.mark.parametrize(("count", "batch"), [(48, 4), (50, 8), (5, 128)])
def test_texts_of_different_length_are_padded_and_come_with_their_lengths(
    tmp_path: Path, count: int, batch: int
) -> None:
    fed, seen = Feed(texts(tmp_path, count), as_they_come, batch), Counter[int]()
    for inputs, targets in fed.batches(np.random.default_rng(0)):
        numbers, own = np.asarray(targets["label"]), np.asarray(inputs["tokens.lengths"])
        assert inputs["tokens"].shape == (min(batch, count), own.max())
        assert inputs["tokens"].dtype == tf.uint16
        np.testing.assert_array_equal(own, lengths(numbers))
        for number, length, letters in zip(numbers, own, np.asarray(inputs["tokens"]), strict=True):
            assert letters.tolist() == [number] * length + [0] * (own.max() - length)
        seen.update(numbers.tolist())
    assert seen.total() == fed.steps * min(batch, count)
    assert set(seen) == set(range(count))
    assert seen.total() < count + batch


@pytest.mark.usefixtures("kept_or_streamed")
def test_texts_come_in_an_order_that_is_drawn_from_the_generator_alone(tmp_path: Path) -> None:
    fed = Feed(texts(tmp_path, 50), as_they_come, 8)
    orders = [
        [int(number) for _, targets in fed.batches(np.random.default_rng(seed)) for number in targets["label"]]
        for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize(
    ("count", "run", "batch", "number"),
    [(50, 4, 4, 5), (48, 4, 12, 4), (7, 10, 3, 3), (5, 1, 100, 1), (1, 1, 1, 1), (1987, 5, 1, 95)],
)
def test_all_rows_are_dealt_once_to_windows_of_whole_batches_that_differ_by_one(
    count: int, run: int, batch: int, number: int
) -> None:
    windows = dealt(count, run=run, batch=batch, windows=number, generator=np.random.default_rng(0))
    assert sorted(np.concatenate(windows).tolist()) == list(range(count))
    assert all(len(rows) % batch == 0 for rows in windows[:-1])
    batches = [-(-len(rows) // batch) for rows in windows]
    assert len(batches) == number
    assert 0 < min(batches) <= max(batches) <= min(batches) + 1


def test_a_window_holds_whole_runs_from_all_over_the_file() -> None:
    windows = dealt(10_000, run=10, batch=50, windows=10, generator=np.random.default_rng(0))
    for rows in windows:
        assert set(Counter(rows // 10).values()) == {10}
        assert abs(rows.mean() - 5_000) < 5 * 10_000 / np.sqrt(12 * 100)


def test_neighbours_from_the_file_share_a_batch_as_rarely_as_the_docstring_says() -> None:
    run, window, batch = 10, 1_000, 50
    rows = np.concatenate(dealt(20_000, run=run, batch=batch, windows=20, generator=np.random.default_rng(0)))
    mates = [
        count - 1 for each in rows.reshape(-1, batch) for count in Counter(each // run).values() for _ in range(count)
    ]
    assert np.mean(mates) == pytest.approx((run - 1) * (batch - 1) / (window - 1), rel=0.1)
    assert np.mean(mates) < batch * run / window


def test_batches_of_a_sorted_file_are_nearly_as_mixed_as_those_of_a_full_shuffle() -> None:
    """The first half of the file is of one class: how much its share in a batch of 64 varies."""
    count, batch, run, window = 64_000, 64, 85, 16_000
    windows = dealt(count, run=run, batch=batch, windows=4, generator=np.random.default_rng(0))
    shares = (np.concatenate(windows).reshape(-1, batch) < count / 2).mean(axis=1)
    full = (np.random.default_rng(1).permutation(count).reshape(-1, batch) < count / 2).mean(axis=1)
    assert shares.mean() == pytest.approx(0.5)
    assert shares.var() < 1.1 * (1 + batch * run / window) * full.var()
