import keras
import numpy as np
import pytest

from showreel.models.feeding import Feed, Pairs, predict


def pairs(count: int) -> Pairs:
    """Inputs whose pixels are their number, and targets of twice the size whose pixels are that number too."""
    numbers = np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1)
    return Pairs(np.tile(numbers, (1, 2, 2, 1)), np.tile(numbers, (1, 4, 4, 1)))


def order(feed: Feed, seed: int) -> list[int]:
    return [int(image[0, 0, 0]) for images, _ in feed.batches(np.random.default_rng(seed)) for image in images]


def test_every_image_comes_once_with_its_own_target_scaled() -> None:
    batches = list(Feed(pairs(10), 4).batches(np.random.default_rng(0)))
    assert [len(images) for images, _ in batches] == [4, 4, 2]
    for images, targets in batches:
        assert (images.dtype.name, images.shape[1:]) == ("uint8", (2, 2, 1))
        assert (targets.dtype.name, targets.shape[1:]) == ("float32", (4, 4, 1))
        np.testing.assert_allclose(targets[:, 0, 0, 0], np.asarray(images)[:, 0, 0, 0] / 255, rtol=1e-6)
    assert sorted(order(Feed(pairs(10), 4), 0)) == list(range(10))


def test_the_order_is_drawn_from_the_generator_alone() -> None:
    feed = Feed(pairs(50), 8)
    assert order(feed, 1) == order(feed, 1) == order(Feed(pairs(50), 8), 1)
    assert order(feed, 1) != order(feed, 2)
    assert order(feed, 1) != list(range(50))


def test_a_batch_larger_than_the_split_is_the_split() -> None:
    assert len(list(Feed(pairs(3), 128).batches(np.random.default_rng(0)))) == 1


def test_predictions_come_in_the_order_of_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("showreel.models.feeding.PREDICTION_BATCH", 4)
    picture = keras.Input((2, 2, 1), dtype="uint8")
    network = keras.Model(picture, keras.layers.Rescaling(1 / 255)(picture))
    calls: list[int] = []
    predictions = predict(network, pairs(10).degraded, lambda batch, logs: calls.append(batch))
    assert predictions.dtype == np.float32
    np.testing.assert_allclose(predictions[:, 0, 0, 0], np.arange(10) / 255, rtol=1e-6)
    assert calls == [0, 1, 2]
