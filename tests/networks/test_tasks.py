"""What every task learns, on eight made-up examples and with a small network: a new task is tested without a change."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from test_contract import PACKAGES, examples, module

from showreel.storage.errors import ParamsError
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import SPLITS, Split, count
from showreel.training import loop
from showreel.training.loop import Experiment, Recipe

BATCH = 8

cases = pytest.mark.parametrize("task", PACKAGES)
Build = Callable[..., keras.Model]


def small(input_shape: tuple[int, ...], output_shape: tuple[int, ...], *, width: int = 4, last: str = "last") -> Any:
    """Build a network from any shape to any other."""
    given = keras.Input(input_shape, name="given")
    hidden = keras.layers.Dense(width, "relu", name="hidden")(keras.layers.Flatten(name="flat")(given))
    answer = keras.layers.Dense(int(np.prod(output_shape)), "sigmoid", name=last)(hidden)
    return keras.Model(given, keras.layers.Reshape(output_shape, name="shaped")(answer), name="small")


def experiment(task: str, splits: Mapping[Split, ExampleSplit], build: Build = small, **options: Any) -> Experiment:
    recipe = Recipe(build, options, 3, epochs=1, batch_size=BATCH, learning_rate=0.01, precision="float32",
                    deterministic=False)  # fmt: skip
    return Experiment("made-up", module(task, "learning"), splits, recipe)


@cases
def test_one_epoch_of_training_gives_answers_of_the_right_shape_that_can_be_scored(task: str, tmp_path: Path) -> None:
    splits, learning = examples(task, tmp_path), module(task, "learning")
    trial = experiment(task, splits)
    fed = loop.feed(trial)
    network = loop.compiled(trial, fed.steps)
    before = [weights.copy() for weights in network.get_weights()]
    history = network.fit(fed.batches(np.random.default_rng(0)), verbose=0, shuffle=False).history
    assert list(history) == ["loss"]
    assert np.isfinite(history["loss"]).all()
    assert any(not np.array_equal(old, new) for old, new in zip(before, network.get_weights(), strict=True))
    example = splits["test"].read()
    outputs = learning.outputs(network, example.inputs)
    rows = count(next(iter(example.inputs.values())))
    assert len(outputs) == rows
    assert np.isfinite(outputs).all()
    recorded = learning.recorded(outputs)
    assert len(recorded) == rows
    assert recorded.nbytes <= outputs.nbytes
    for each in (learning.loss(example.targets, outputs), learning.score(example.targets, outputs)):
        assert each.shape == (rows,)
        assert np.isfinite(each).all()


@cases
def test_batches_hold_whole_examples_of_one_size(task: str, tmp_path: Path) -> None:
    splits = examples(task, tmp_path)
    fed = loop.feed(experiment(task, splits))
    batches = list(fed.batches(np.random.default_rng(0)))
    assert len(batches) == fed.steps == -(-splits["train"].count // BATCH)
    assert {len(part) for batch in batches for part in keras.tree.flatten(batch)} == {BATCH}


@cases
def test_outputs_come_in_the_order_of_the_inputs(task: str, tmp_path: Path) -> None:
    splits, learning = examples(task, tmp_path), module(task, "learning")
    trial = experiment(task, splits)
    network = loop.compiled(trial, loop.feed(trial).steps)
    whole = learning.outputs(network, splits["test"].read().inputs)
    for row in range(splits["test"].count):
        alone = learning.outputs(network, splits["test"].read(slice(row, row + 1)).inputs)
        np.testing.assert_allclose(alone[0], whole[row], atol=1e-5)


@cases
def test_a_parents_weights_are_taken_layer_by_layer_where_name_and_shape_are_equal(task: str, tmp_path: Path) -> None:
    splits = {split: part for split, part in examples(task, tmp_path).items() if split in SPLITS}
    parent = loop.compiled(experiment(task, splits, last="another"), 1)
    parent.set_weights([np.full_like(weights, 0.25) for weights in parent.get_weights()])
    network = loop.compiled(experiment(task, splits), 1, parent)
    assert all((weights == 0.25).all() for weights in network.get_layer("hidden").get_weights())
    assert not any((weights == 0.25).all() for weights in network.get_layer("last").get_weights())
    wider = experiment(task, splits, width=5)
    with pytest.raises(ParamsError, match=r"experiments\.made-up\.weights: no layer of this network has the name"):
        loop.compiled(wider, 1, parent)
