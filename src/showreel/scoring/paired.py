"""Whether one experiment is better than another: their scores of the same test examples, example by example."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from showreel.params import registry
from showreel.scoring.intervals import BLOCK, LEVEL, RESAMPLES, SEED
from showreel.scoring.score import Columns, Score
from showreel.storage.errors import ShowreelError

Floats = NDArray[np.float64]


class Side(NamedTuple):
    """An experiment's scores of all test examples.

    Attributes:
        label: its name.
        task: what it learns, a folder of `tasks/`.
        truth: what says which test examples they are.
        input: what the network was given of them, in words.
        columns: as the task's scores give them, one row an example.
        each: (n,), every example's own score: THE score, or what stands for it where that one is pooled.
    """

    label: str
    task: str
    truth: str
    input: str
    columns: Columns
    each: Floats


@dataclass(frozen=True)
class Paired:
    """What two experiments' scores of the same examples come to.

    Attributes:
        difference: the other's score minus the reference's.
        low: lower bound of its 95 % bootstrap interval over the examples.
        high: upper bound.
        better: the share of examples on which the other is better; None where no example has such a score.
        worse: the share on which it is worse; what is left are ties.
    """

    difference: float
    low: float
    high: float
    better: float | None
    worse: float | None

    def side(self, score: Score) -> str:
        """Say whether the other is `better` or `worse`; nothing where the interval holds 0."""
        if self.low <= 0 <= self.high:
            return ""
        return "better" if score.gain(self.difference, 0) > 0 else "worse"


Results = dict[str, dict[str, Paired]]
"""Label → name of a score → what it comes to."""


def scores_of(task: str) -> dict[str, Score]:
    """Return how a task's scores are written here: differences are small, so those without a unit have a digit more."""
    return {name: _finer(score) for name, score in registry.module("tasks", task, "scores").SCORES.items()}


def paired(reference: NDArray[Any], other: NDArray[Any], score: Score) -> Paired:
    """Compare two scores of the same examples that are averaged, (n,) each.

    The interval is the percentile interval of the mean difference over `RESAMPLES` resamples of the examples (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13), drawn with a fixed seed. It tells how much the
    choice of test examples matters, and nothing of how much another training would. It takes the examples for
    independent: of patches that come from a few photographs, as those of `photos` do, it is too narrow.
    """
    differences = other.astype(np.float64) - reference
    generator, count = np.random.default_rng(SEED), len(differences)
    rows = max(1, BLOCK // count)
    parts = [
        differences[generator.integers(0, count, (min(rows, RESAMPLES - start), count))].mean(axis=1)
        for start in range(0, RESAMPLES, rows)
    ]
    return _result(float(differences.mean()), np.concatenate(parts), differences, score)


def compare(reference: Side, others: Sequence[Side]) -> Results:
    """Compare others with a reference by every score of their task.

    Raises:
        ShowreelError: they learn different tasks, or were not scored on the same test examples.
    """
    for other in others:
        labels = f"{other.label} and {reference.label}"
        if other.task != reference.task:
            tasks = f"{other.task} and {reference.task}"
            raise ShowreelError(f"{labels} learn different tasks, {tasks}; compare experiments of one task")
        if other.truth != reference.truth or len(other.each) != len(reference.each):
            raise ShowreelError(f"{labels} were not scored on the same test examples; compare those of one data set")
    return {other.label: _compared(reference, other) for other in others}


def as_json(reference: Side, others: Sequence[Side]) -> str:
    """Return for machines: the reference's label, its task, THE score, the number of examples, and all results."""
    results = {
        label: {name: asdict(result) for name, result in own.items()}
        for label, own in compare(reference, others).items()
    }
    content = {
        "reference": reference.label,
        "task": reference.task,
        "score": next(iter(scores_of(reference.task))),
        "examples": len(reference.each),
        "compared": results,
    }
    return json.dumps(content, indent=1, sort_keys=True)


def as_text(reference: Side, others: Sequence[Side]) -> str:
    """Return for people: a table for each score, and a sentence for each experiment."""
    results = compare(reference, others)
    scores = scores_of(reference.task)
    lines = [f"{len(reference.each):,} test examples, each compared with itself; reference: {reference.label}"]
    for name in next(iter(results.values()), {}):
        lines += ["", *_table(name, scores[name], [reference, *others], results)]
    verdicts = [_verdict(label, reference.label, own, scores) for label, own in results.items()]
    cautions = [_caution(other, reference) for other in others if other.input != reference.input]
    return "\n".join([*lines, "", *verdicts, *cautions])


def _compared(reference: Side, other: Side) -> dict[str, Paired]:
    """Compare two sides: what is averaged by its own columns, what is pooled by the summary of resampled rows."""
    module, scores = registry.module("tasks", reference.task, "scores"), scores_of(reference.task)
    values = module.summary(reference.columns)
    averaged = [name for name in values if name in reference.columns and reference.columns[name].ndim == 1]
    pooled = {} if len(averaged) == len(values) else _pooled(reference, other, module.summary)
    first = next(iter(scores))
    results = {}
    for name, score in scores.items():
        if name in averaged:
            results[name] = paired(reference.columns[name], other.columns[name], score)
        elif name in pooled:
            difference = module.summary(other.columns)[name] - values[name]
            each = other.each - reference.each if name == first else None
            results[name] = _result(float(difference), pooled[name], each, score)
    return results


def _pooled(reference: Side, other: Side, summary: Any) -> dict[str, Floats]:
    """Return by score the differences of `RESAMPLES` resamples of rows, the same rows of both sides."""
    generator, count = np.random.default_rng(SEED), len(reference.each)
    differences: dict[str, list[float]] = {}
    for _ in range(RESAMPLES):
        rows = generator.integers(0, count, count)
        own, theirs = (
            summary({name: column[rows] for name, column in side.columns.items()}) for side in (other, reference)
        )
        for name, value in own.items():
            differences.setdefault(name, []).append(value - theirs[name])
    return {name: np.array(values) for name, values in differences.items()}


def _result(difference: float, resampled: Floats, each: NDArray[Any] | None, score: Score) -> Paired:
    """Return what a difference comes to, given that of resamples, and that of each example where there is one."""
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    shares: list[float | None] = [None, None]
    if each is not None:
        shares = [float((each > 0).mean()), float((each < 0).mean())]
        shares = shares if score.better == "higher" else shares[::-1]
    return Paired(difference, float(low), float(high), *shares)


def _table(name: str, score: Score, sides: Sequence[Side], results: Results) -> Iterator[str]:
    """Yield the lines of a score's table; the first side is the reference."""
    summary = registry.module("tasks", sides[0].task, "scores").summary
    heading = score.heading if score.better == "higher" else f"{score.heading} (lower is better)"
    rows = [("", heading, "difference", "95 % interval", "better on", "worse on")]
    for side in sides:
        value = score.written(summary(side.columns)[name])
        cells = _cells(results[side.label][name], score.form) if side.label in results else ("", "", "", "")
        rows.append((side.label, value, *cells))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for label, *texts in rows:
        aligned = [text.rjust(width) for text, width in zip(texts, widths[1:], strict=True)]
        yield "  ".join([label.ljust(widths[0]), *aligned]).rstrip()


def _cells(result: Paired, form: str) -> tuple[str, str, str, str]:
    better, worse = ("–" if share is None else f"{share:.1%}" for share in (result.better, result.worse))
    return f"{result.difference:+{form}}", f"{result.low:+{form}} … {result.high:+{form}}", better, worse


def _caution(other: Side, reference: Side) -> str:
    inputs = f"{other.label} was given {other.input}, {reference.label} {reference.input}"
    return f"{inputs}: this compares what they were given, not the networks"


def _verdict(label: str, reference: str, results: Mapping[str, Paired], scores: Mapping[str, Score]) -> str:
    """Say by THE score which of two is better, and by which other scores that is not so."""
    name = next(iter(results))
    result, score = results[name], scores[name]
    side = result.side(score)
    others = {other: results[other].side(scores[other]) for other in results if other != name}
    if not side:
        but = "".join(f"; by {scores[other].heading} {label} is {word}" for other, word in others.items() if word)
        return f"{label} and {reference} cannot be told apart by {score.heading}: the interval holds 0{but}"
    opposite = " and ".join(scores[other].heading for other, word in others.items() if word not in ("", side))
    but = f"; by {opposite} it is the other way round" if opposite else ""
    often = result.better if side == "better" else result.worse
    share = "" if often is None else f", on {often:.1%} of the examples"
    average = f"{score.written(abs(result.difference))} on average"
    return f"{label} is {side} than {reference} by {average}{share}{but}"


def _finer(score: Score) -> Score:
    """Return a score that is written with a digit more, if it has no unit."""
    finer = re.sub(r"\.(\d+)", lambda digits: f".{int(digits[1]) + 1}", score.form)
    return score if score.unit else score._replace(form=finer)
