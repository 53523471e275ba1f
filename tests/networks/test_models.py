"""The contract of every file in `models/`: a new one is tested as soon as it is there."""

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from options import values

from showreel.models.parts import blocks
from showreel.params import registry

SIZES = [(28, 28), (32, 32), (8, 8), (7, 7), (5, 9), (1, 3)]


@pytest.fixture(params=registry.names("models"))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def built(name: str, target: blocks.Shape, **options: int) -> keras.Model:
    """Build a network for targets of a shape, from inputs of that size or, where it refuses these, of half of it."""
    build, chosen = registry.module("models", name).build, values("models", name) | options
    try:
        return build(target, target, **chosen)
    except ValueError:
        halved = (-(-target[0] // 2), -(-target[1] // 2), target[2])
        return build(halved, target, **chosen)


def images(shape: blocks.Shape, count: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_the_output_has_exactly_the_size_of_the_target(name: str, size: tuple[int, int], channels: int) -> None:
    network = built(name, (*size, channels))
    assert network.output_shape == (None, *size, channels)
    assert network.count_params() > 0


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        (name, {"depth": depth} if depth is not None else {})
        for name in registry.names("models")
        for depth in ((0, 1, 3) if "depth" in registry.options("models", name) else (None,))
    ],
)
def test_it_takes_bytes_and_returns_float32_from_zero_to_one(name: str, chosen: dict[str, int]) -> None:
    network = built(name, (9, 6, 3), **chosen)
    keras.utils.set_random_seed(1)
    network.set_weights([weights + np.random.normal(0, 0.5, weights.shape) for weights in network.get_weights()])
    output = np.asarray(network(images(network.input_shape[1:])))
    assert network.input.dtype == "uint8"
    assert output.shape == (3, 9, 6, 3)
    assert output.dtype == np.float32
    assert (output.min(), output.max()) == (0, 1)


def test_it_learns(name: str) -> None:
    keras.utils.set_random_seed(1)
    network = built(name, (8, 8, 1))
    target = np.full((16, 8, 8, 1), 0.7, np.float32)
    network.compile(keras.optimizers.Adam(0.01), "mean_squared_error")
    losses = network.fit(images(network.input_shape[1:], 16), target, epochs=15, verbose=0).history["loss"]
    assert losses[0] > 0.1
    assert losses[-1] < losses[0] / 4


@pytest.mark.faults
def test_xla_compiles_its_steps_to_the_same(name: str) -> None:
    """Keras leaves every training step to XLA where there is a GPU; here, XLA compiles it for the processor."""
    losses = []
    for compiled in (False, True):
        keras.utils.set_random_seed(3)
        network = built(name, (6, 6, 1))
        network.compile("adam", "mean_squared_error", jit_compile=compiled)
        degraded, target = images(network.input_shape[1:]), images(network.output_shape[1:]) / np.float32(255)
        losses.append(network.fit(degraded, target, epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)


def test_the_same_seed_gives_the_same_weights(name: str) -> None:
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        weights.append(built(name, (8, 8, 1)).get_weights())
    assert all(np.array_equal(first, second) for first, second in zip(*weights, strict=True))


def test_shapes_that_cannot_fit_are_refused_in_a_sentence(name: str) -> None:
    build = registry.module("models", name).build
    with pytest.raises(ValueError, match=r"\(8, 8\).*\(9, 21\)") as refusal:
        build((8, 8, 1), (9, 21, 1), **values("models", name))
    assert "\n" not in str(refusal.value)


def test_each_names_what_it_cannot_do() -> None:
    with pytest.raises(ValueError, match=r"unet keeps the size of \(14, 14\), .* \(28, 28\); use upscaler"):
        registry.module("models", "unet").build((14, 14, 1), (28, 28, 1), depth=1, filters=4)
    with pytest.raises(ValueError, match=r"upscaler doubles the size of \(28, 28\), .* \(28, 28\)"):
        registry.module("models", "upscaler").build((28, 28, 1), (28, 28, 1), depth=1, filters=4)


def test_padding_and_cutting_lie_on_both_sides_alike() -> None:
    picture = keras.Input((5, 8, 1), dtype="uint8")
    padded = keras.Model(picture, blocks.normalised(picture, 4))(np.full((1, 5, 8, 1), 255, np.uint8))
    assert np.asarray(padded)[0, :, 0, 0].tolist() == [0, 1, 1, 1, 1, 1, 0, 0]
    assert padded.shape == (1, 8, 8, 1)


def test_values_are_clipped_except_in_training() -> None:
    values = np.array([[-0.5, 0.25, 1.5]], np.float32)
    assert np.asarray(blocks.Clip()(values)).tolist() == [[0, 0.25, 1]]
    assert np.asarray(blocks.Clip()(values, training=True)).tolist() == values.tolist()
