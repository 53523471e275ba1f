"""From a trained network to its scores on the complete test split, beside those of its input and of the baselines."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from showreel.params import registry
from showreel.params.schema import Params
from showreel.pipeline import paths
from showreel.pipeline.lineage import Lineage
from showreel.scoring import tables, tuning
from showreel.scoring.baselines import Made
from showreel.scoring.chosen import choose
from showreel.scoring.tuning import Contest, Rivals
from showreel.storage import prepared, reel
from showreel.storage.errors import ShowreelError
from showreel.storage.examples import Example, ExampleSplit, picked
from showreel.storage.fields import SPLITS, Fields, Ragged
from showreel.storage.reel import Chosen, Reel
from showreel.training import device, network_file

PART_VALUES = 1 << 22
"""Values of the test examples that go through the network at a time."""


class Paths(NamedTuple):
    """Where an evaluation's files are.

    Attributes:
        input: the prepared file of what the network is given.
        dataset: the data set's own prepared file.
        model: the trained network.
        reel: the reel file of the same training.
        metrics: the flat JSON file to write, numbers of six significant digits. `…_low` and `…_high` bound the 95 %
            interval of a score, `input_…` is the input as it is, `baseline_…` the baseline that is best by THE score on
            the test split, `gain` how much better the network is: positive where it is.
        baselines: the CSV file to write, one row a baseline, the strongest first.
        scores: the CSV file to write, one row a test example.
        chosen: the file to write of examples to look at.
    """

    input: Path
    dataset: Path
    model: Path
    reel: Path
    metrics: Path
    baselines: Path
    scores: Path
    chosen: Path

    @classmethod
    def of(cls, name: str, declared: Params) -> "Paths":
        """Return the paths of a declared experiment."""
        experiment = declared.experiments[name]
        return cls(
            input=paths.prepared(experiment.input),
            dataset=paths.prepared(experiment.dataset),
            model=paths.model(name),
            reel=paths.reel(name),
            metrics=paths.metrics(name),
            baselines=paths.baselines(name),
            scores=paths.scores(name),
            chosen=paths.chosen(name),
        )


def evaluate(name: str, files: Paths, *, task: str, lineage: Lineage) -> None:
    """Score a network, its untouched input and every baseline on all test examples.

    Args:
        name: of the experiment, for the progress bar.
        files: what is read and written.
        task: a folder of `tasks/`.
        lineage: of this run.

    Raises:
        ShowreelError: a file is missing or damaged, files do not belong together, or an output is not finite.
    """
    learning, scores = (registry.module("tasks", task, part) for part in ("learning", "scores"))
    fields = learning.INPUTS, learning.TARGETS
    splits = {split: ExampleSplit.of(files.input, files.dataset, split, *fields) for split in SPLITS}
    test, recorded = splits["test"], reel.read(files.reel, Reel)
    _check(recorded, files, test)
    own = _network(name, files, learning, scores, test)
    made = _made(files.input, test)
    with tuning.rivals(Contest(task, splits["train"], splits["validation"], test, made.options), made) as rivals:
        reel_answers, answers = (
            _answers(rivals, learning, inputs, recorded) for inputs in (recorded.inputs, own.examples.inputs)
        )
    chosen = Chosen(
        origin=lineage.origin, task=task, baseline=rivals.strongest, reel_answers=reel_answers, indices=own.places,
        inputs=own.examples.inputs, targets=own.examples.targets, answers=answers, outputs=own.outputs,
    )  # fmt: skip
    sides = {"": own.columns, **({"input": rivals.untouched} if rivals.untouched else {})}
    numbers = tables.metrics(sides, rivals.best, scores) | {"parameters": own.parameters, "count": test.count}
    facts = {
        "baselines": {key: dict(method.options) for key, method in rivals.methods.items()},
        "devices": [own.processor],
        "degradation": dict(made.options),
        "classes": _classes(files.dataset),
    }
    with lineage.publishing(files.chosen, files.scores, files.baselines, files.metrics, **facts) as temporaries:
        reel.write(temporaries[0], chosen)
        text = tables.scores_csv(own.each, {**sides, **rivals.columns}, _labels(files.dataset))
        temporaries[1].write_text(text, encoding="utf-8")
        text = tables.baselines_csv(rivals.methods, rivals.columns, scores)
        temporaries[2].write_text(text, encoding="utf-8")
        temporaries[3].write_text(json.dumps(numbers, sort_keys=True, indent=2, allow_nan=False) + "\n")


class _Own(NamedTuple):
    """What a network reaches on the test split.

    Attributes:
        columns: of its scores.
        each: (n,), each example's score.
        places: (k,), of the chosen examples.
        examples: the chosen ones.
        outputs: (k, …), what the network makes of them, as a reel keeps it.
        parameters: how many numbers the network has learnt.
        processor: the device that it ran on.
    """

    columns: dict[str, NDArray[np.float64]]
    each: NDArray[np.float64]
    places: NDArray[np.int64]
    examples: Example
    outputs: NDArray[Any]
    parameters: int
    processor: str


def _network(name: str, files: Paths, learning: Any, scores: Any, test: ExampleSplit) -> _Own:
    """Send the test split through the network, and choose examples by their score."""
    with device.claimed(alone=False) as processor:
        network = network_file.load(files.model)
        _check_network(network, learning, test, files)
        columns, each = _network_columns(name, network, learning, scores, test, files.model)
        places = choose(each, learning.BETTER)
        examples = picked(test, places)
        outputs = learning.recorded(learning.outputs(network, examples.inputs))
    return _Own(columns, each, places, examples, outputs, network.count_params(), processor)


def _check(recorded: Reel, files: Paths, test: ExampleSplit) -> None:
    """Refuse files that do not belong together."""
    if network_file.origin(files.model) != recorded.origin:
        raise ShowreelError(f"{files.reel}: is not of the training that made {files.model}; train again")
    for rows, described in ((recorded.inputs, test.inputs), (recorded.targets, test.targets)):
        for field, about in described.items():
            stored = rows.get(field)
            values = stored.values if isinstance(stored, Ragged) else stored
            if values is None or values.shape[1:] != about.shape:
                raise ShowreelError(
                    f"{files.reel}: its {field} is not of the size of that in {files.input}; train again"
                )


def _check_network(network: keras.Model, learning: Any, test: ExampleSplit, files: Paths) -> None:
    """Refuse a network that is not made for these examples."""
    shapes = network.input_shape, network.output_shape
    expected = learning.shapes(test.inputs, test.targets)
    if all(isinstance(shape, tuple) for shape in (*shapes, *expected)) and expected != tuple(s[1:] for s in shapes):
        raise ShowreelError(f"{files.model}: is not made for the examples of {files.input}; train again")


def _network_columns(
    name: str, network: keras.Model, learning: Any, scores: Any, test: ExampleSplit, model: Path
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Send the test split through the network, in parts; return its columns, and each example's score, (n,)."""
    parts, each = [], []
    with tqdm(desc=f"evaluate {name}", unit=" examples", disable=None) as progress:
        for example in test.parts(PART_VALUES):
            outputs = learning.outputs(network, example.inputs)
            if not np.isfinite(outputs).all():
                raise ShowreelError(f"{model}: its output is not finite; train again with a lower learning rate")
            parts.append(scores.score(example.targets, outputs))
            each.append(learning.score(example.targets, outputs))
            progress.update(len(outputs))
    return tuning.joined(parts), np.concatenate(each)


def _answers(rivals: Rivals, learning: Any, inputs: Fields, recorded: Reel) -> NDArray[Any]:
    """Return the strongest baseline's answers to some inputs as a reel keeps them; none where there is no baseline."""
    answers = rivals.answer(inputs)
    if answers is None:
        return np.zeros((0, *recorded.outputs.shape[2:]), recorded.outputs.dtype)
    return np.asarray(learning.recorded(answers))


def _made(input_file: Path, test: ExampleSplit) -> Made:
    attributes = prepared.attributes(input_file)
    options = json.loads(attributes.get("options", "{}"))
    return Made(str(attributes.get("degradation", "")), options, test.inputs, test.targets)


def _classes(dataset_file: Path) -> list[str]:
    """Return what the labels mean; nothing where the data set has none."""
    about = prepared.described(dataset_file).get("label")
    return list(about.field.classes) if about else []


def _labels(dataset_file: Path) -> NDArray[np.int32] | None:
    if "label" not in prepared.described(dataset_file):
        return None
    return np.asarray(prepared.read(dataset_file, "test", names=["label"])["label"])
