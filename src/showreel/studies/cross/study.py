"""`showreel cross`: a trained network on its degradation in other strengths, beside the strongest baseline there."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from showreel.degradations.parts.blocks import degraded
from showreel.drawing.png import encoded
from showreel.params import registry
from showreel.params.schema import Input, Params
from showreel.pipeline import paths
from showreel.pipeline.lineage import Lineage
from showreel.scoring import intervals, tables, tuning
from showreel.scoring.baselines import Made
from showreel.scoring.score import Columns
from showreel.scoring.tuning import Contest
from showreel.storage import atomic, prepared
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import SPLITS
from showreel.studies.cross.drawing import heat_map
from showreel.training import device, network_file

DATA = ("dataset",)

Cell = dict[str, Any]
"""A row of cells.csv."""


class Question(NamedTuple):
    """What is asked.

    Attributes:
        name: of the study.
        task: of the network, a folder of `tasks/`.
        network: the trained network's file.
        clean: the prepared file of the data set that it is tried on.
        given: the input that it was trained with.
        over: the option of the degradation that takes several values.
        kind: the type of those values.
        seed: of the degradation's randomness.
    """

    name: str
    task: str
    network: Path
    clean: Path
    given: Input
    over: str
    kind: type[float]
    seed: int


def run(
    name: str, of: str, declared: Params, lineage: Lineage, *, dataset: str, over: str = "sigma", values: list[float]
) -> None:
    """Try a network on its degradation in several strengths, on its own or on another data set of its shape.

    Beside it stand the strongest baseline there, tuned anew for each strength, and the input as it is: one row of
    cells.csv a strength, one picture of all. What is done is kept, so that a study that was stopped goes on.

    Args:
        name: of the study.
        of: the experiment whose network it is.
        declared: params.yaml.
        lineage: of this run.
        dataset: on which it is tried.
        over: the option of the experiment's degradation that takes several values.
        values: those values.

    Raises:
        ParamsError: the experiment's input is not degraded, has no such option, or there are no values.
        ShowreelError: the network is not made for examples of this shape.
    """
    question = _question(name, of, declared, dataset, over, values)
    cells = []
    with device.claimed(alone=False) as processor:
        for value in tqdm(values, desc=f"cross {name}", unit=" strengths", disable=None):
            cells.append(_cell(question, value, paths.parts(name), lineage.key()))
    table = pd.DataFrame(cells)
    trained = float(question.given.options[over])
    score = next(iter(registry.module("tasks", question.task, "scores").SCORES.values()))
    picture = heat_map(
        name, table, score=score, over=over, trained=trained if dataset == question.given.dataset else None
    )
    with lineage.publishing(paths.cells(name), paths.metrics(name), paths.poster(name), devices=[processor]) as files:
        files[0].write_text(str(table.to_csv(index=False, float_format="%.6g", lineterminator="\n")), encoding="utf-8")
        files[1].write_text(json.dumps(_metrics(cells, over), sort_keys=True, indent=2) + "\n", encoding="utf-8")
        files[2].write_bytes(encoded(picture, lineage.origin))
    for path in paths.parts(name).glob("*.json"):
        path.unlink()


def _question(name: str, of: str, declared: Params, dataset: str, over: str, values: Sequence[float]) -> Question:
    where = f"{registry.section('cross')}.{name}"
    experiment = declared.experiments[of]
    if experiment.input not in declared.inputs:
        raise ParamsError(
            f"{where}.of: the input of {of} is the data set itself; name an experiment with another input"
        )
    given = declared.inputs[experiment.input]
    if over not in given.options:
        raise ParamsError(
            f"{where}.over: {given.degradation} has no {over} in inputs.{experiment.input}; it has "
            f"{', '.join(given.options)}"
        )
    if not values or len({_written(value) for value in values}) < len(values):
        raise ParamsError(f"{where}.values: {values}; name each value once, in six digits, and one at least")
    kind = registry.options("degradations", given.degradation)[over][0]
    if any(kind(value) != value for value in values):
        raise ParamsError(f"{where}.values: {values}; {over} takes whole numbers")
    return Question(name, experiment.task, paths.model(of), paths.prepared(dataset), given, over, kind, declared.seed)


def _written(value: float) -> str:
    """Return a strength as it stands in names."""
    return f"{value:g}"


def _cell(question: Question, value: float, parts: Path, key: str) -> Cell:
    """Answer for one strength, or take the answer that an earlier run left."""
    path = parts / f"{_written(value)}.json"
    if path.is_file():
        saved = json.loads(path.read_text(encoding="utf-8"))
        if saved["key"] == key:
            return dict(saved["cell"])
    parts.mkdir(parents=True, exist_ok=True)
    options = question.given.options | {question.over: question.kind(value)}
    degraded_file = path.with_suffix(".h5")
    _degrade(question, degraded_file, options)
    try:
        cell = {question.over: value, **_answer(question, degraded_file, options)}
    finally:
        degraded_file.unlink()
    atomic.write_text(path, json.dumps({"key": key, "cell": cell}))
    return cell


def _degrade(question: Question, path: Path, options: dict[str, Any]) -> None:
    module, seed = registry.module("degradations", question.given.degradation), question.seed
    kinds = {name: about.field for name, about in prepared.described(question.clean).items() if name in module.FIELDS}
    splits = ((split, degraded(module, question.clean, split, seed=seed, options=options)) for split in SPLITS)
    prepared.write(path, splits, kinds, {})


def _answer(question: Question, degraded_file: Path, options: dict[str, Any]) -> Cell:
    """Score the network, the input and the strongest baseline on the complete test split."""
    learning, scores = (registry.module("tasks", question.task, part) for part in ("learning", "scores"))
    fields = learning.INPUTS, learning.TARGETS
    splits = {split: ExampleSplit.of(degraded_file, question.clean, split, *fields) for split in SPLITS}
    test = splits["test"]
    own = _network_columns(question, learning, scores, test)
    made = Made(question.given.degradation, options, test.inputs, test.targets)
    contest = Contest(question.task, splits["train"], splits["validation"], test, options)
    with tuning.rivals(contest, made) as rivals:
        sides = {"": own, **({"input": rivals.untouched} if rivals.untouched else {})}
    numbers = tables.metrics(sides, rivals.best, scores) | _gain(own, rivals.best, scores)
    return {"count": test.count, "baseline": rivals.strongest, **numbers}


def _network_columns(question: Question, learning: Any, scores: Any, test: ExampleSplit) -> Columns:
    network = network_file.load(question.network)
    shapes, expected = (network.input_shape, network.output_shape), learning.shapes(test.inputs, test.targets)
    if expected != tuple(shape[1:] for shape in shapes):
        raise ShowreelError(
            f"crosses.{question.name}: the network takes {shapes[0][1:]} and returns {shapes[1][1:]}, but "
            f"{question.clean} has {expected[0]} and {expected[1]}; name a data set of its shape"
        )
    parts = [scores.score(example.targets, learning.outputs(network, example.inputs)) for example in test.parts()]
    return tuning.joined(parts)


def _gain(own: Columns, baseline: Columns | None, scores: Any) -> dict[str, float]:
    """Return the bounds of the gain's 95 % interval: a bootstrap over the same examples."""
    if baseline is None:
        return {}
    name, score = next(iter(scores.SCORES.items()))
    gains = []
    for rows in intervals.resamples(len(next(iter(own.values())))):
        sides = [{key: column[rows] for key, column in columns.items()} for columns in (own, baseline)]
        gains.append(score.gain(*(scores.summary(columns)[name] for columns in sides)))
    low, high = np.quantile(gains, [(1 - intervals.LEVEL) / 2, (1 + intervals.LEVEL) / 2])
    return {"gain_low": float(f"{low:.6g}"), "gain_high": float(f"{high:.6g}")}


def _metrics(cells: Sequence[Cell], over: str) -> dict[str, float]:
    """Return all numbers of all cells, flat: `sigma_0.5_gain`."""
    return {
        f"{over}_{_written(cell[over])}_{name}": value
        for cell in cells
        for name, value in cell.items()
        if name != over and not isinstance(value, str)
    }
