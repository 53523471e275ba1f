import keras
import numpy as np
import pytest

from showreel.training import prediction
from showreel.training.halves import halve
from showreel.training.prediction import predict


@pytest.mark.parametrize(("limit", "value"), [("BATCH", 4), ("BATCH_VALUES", 19)])
def test_predictions_come_in_the_order_of_the_images(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(prediction, limit, value)
    picture = keras.Input((2, 2, 1), dtype="uint8")
    network = keras.Model(picture, keras.layers.Rescaling(1 / 255)(picture))
    images = np.tile(np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1), (1, 2, 2, 1))
    calls: list[int] = []
    predictions = predict(network, images, lambda batch, logs: calls.append(batch))
    assert predictions.dtype == np.float32
    np.testing.assert_allclose(predictions[:, 0, 0, 0], np.arange(10) / 255, rtol=1e-6)
    assert calls == [0, 1, 2]


def test_images_larger_than_the_limit_go_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "BATCH_VALUES", 3)
    picture = keras.Input((2, 2, 1), dtype="uint8")
    network = keras.Model(picture, keras.layers.Rescaling(1 / 255)(picture))
    calls: list[int] = []
    predict(network, np.zeros((3, 2, 2, 1), np.uint8), lambda batch, logs: calls.append(batch))
    assert calls == [0, 1, 2]


def test_halves_are_never_without_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "BATCH_VALUES", 3)
    picture = keras.Input((2, 2, 1), dtype="uint8")
    network = halve(keras.Model(picture, keras.layers.Rescaling(1 / 255)(picture)))
    images = np.tile(np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1), (1, 2, 2, 1))
    calls: list[int] = []
    predictions = predict(network, images, lambda batch, logs: calls.append(batch))
    np.testing.assert_allclose(predictions[:, 0, 0, 0], np.arange(3) / 255, rtol=1e-6)
    assert calls == [0, 1]
