from pathlib import Path

import numpy as np
import pytest
from small_data import write_images
from test_export import IMAGES, Array, images, network

from showreel.exporting import parity
from showreel.models import upscaler
from showreel.storage import prepared as storage
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import SPLITS, Field
from showreel.training.prediction import predict


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A prepared file of small images."""
    path = tmp_path / "noisy.h5"
    write_images(path, images(IMAGES))
    return path


def test_float32_keeps_the_weights_and_drops_bfloat16() -> None:
    trained = network("mixed_bfloat16")
    same = parity.in_float32(trained)
    assert (parity.arithmetic(trained), parity.arithmetic(same)) == ("mixed_bfloat16", "float32")
    assert same.input.dtype == "uint8"
    for one, other in zip(trained.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(predict(same, images(3)), predict(network(), images(3)))
    assert not np.array_equal(predict(trained, images(3)), predict(same, images(3)))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_an_output_that_is_no_number_is_told_from_a_right_one(prepared: Path, wrong: float) -> None:
    right = network()

    def with_one_wrong(images: Array) -> Array:
        restored = predict(right, images)
        restored[0, 0, 0, 0] = wrong
        return restored

    found = parity.distances(right, {"wrong": with_one_wrong, "right": lambda images: predict(right, images)},
                             prepared, "")  # fmt: skip
    assert not found["wrong"].largest <= 1
    assert found["right"] == parity.Distance(0, 0)


def test_all_images_are_compared_in_parts_that_fit_the_memory(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "BATCH_VALUES", 3 * 36)
    right, counts = network(), []

    def off_by_a_tenth_in_the_last_image(images: Array) -> Array:
        counts.append(len(images))
        return predict(right, images) + np.float32(0.1 if sum(counts) == IMAGES else 0)

    found = parity.distances(right, {"": off_by_a_tenth_in_the_last_image}, prepared, "")[""]
    assert counts == [3, 3, 1]
    assert found.largest == pytest.approx(0.1)
    assert found.mean == pytest.approx(0.1 / IMAGES)


@pytest.mark.parametrize("restored", [np.zeros((IMAGES, 6, 6), np.float32), np.zeros((IMAGES, 6, 6, 1))])
def test_an_output_of_another_shape_or_type_is_refused(prepared: Path, restored: Array) -> None:
    with pytest.raises(ShowreelError, match="instead of float32"):
        parity.distances(network(), {"": lambda _: restored}, prepared, "")


def test_images_of_another_size_are_refused(prepared: Path) -> None:
    with pytest.raises(ShowreelError, match="not made for images of this size"):
        parity.distances(network(build=upscaler.build, size=3), {}, prepared, "")


def test_data_without_images_are_refused(tmp_path: Path) -> None:
    block = {"series": np.zeros((3, 4, 1), np.float32)}
    storage.write(tmp_path / "a.h5", ((split, [block]) for split in SPLITS), {"series": Field("series")}, {})
    with pytest.raises(ShowreelError, match=r"a\.h5: has no images"):
        parity.distances(network(), {}, tmp_path / "a.h5", "")
