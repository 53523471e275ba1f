"""Experiments and studies with their states and scores: one line each as a table, or plain values."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.text import Text

from showreel.pipeline import paths
from showreel.reporting import metrics, scores
from showreel.reporting.state import Condition, State

COLOURS = {
    State.UP_TO_DATE: "green",
    State.PUBLISHED: "green",
    State.UNKNOWN: "magenta",
    State.STALE: "yellow",
    State.INCOMPLETE: "cyan",
    State.NEVER_RUN: "bright_black",
}

NOT_BETTER = "not better"
"""Stands beside the gain of a network whose interval does not lie beyond its strongest baseline."""

GAP = "  "
"""Between columns."""


class Entry(NamedTuple):
    """One experiment.

    Attributes:
        experiment: its name.
        task: what it learns, a folder of `tasks/`.
        condition: its state, with reasons.
        scores: metrics.json; empty before it is written.
        gif: the path of its animation; None before it is made.
    """

    experiment: str
    task: str
    condition: Condition
    scores: Mapping[str, float]
    gif: str | None


class Study(NamedTuple):
    """One study.

    Attributes:
        study: its name.
        kind: a folder of `studies/`.
        of: the experiment that it asks.
        condition: its state, with reasons.
        scores: metrics.json; empty before it is written.
        picture: the path of its picture; None before it is made.
    """

    study: str
    kind: str
    of: str
    condition: Condition
    scores: Mapping[str, float]
    picture: str | None


def entry(root: Path, experiment: str, task: str, condition: Condition) -> Entry:
    """Look up an experiment's scores and animation in a project's folder.

    Raises:
        ShowreelError: the file of scores is damaged.
    """
    return Entry(experiment, task, condition, _metrics(root, experiment), _here(root, paths.gif(experiment)))


def study(root: Path, name: str, kind: str, of: str, condition: Condition) -> Study:
    """Look up a study's numbers and picture in a project's folder.

    Raises:
        ShowreelError: the file of numbers is damaged.
    """
    return Study(name, kind, of, condition, _metrics(root, name), _here(root, paths.poster(name)))


def plain(entry: Entry) -> dict[str, Any]:
    """Return an entry in JSON's types."""
    return {
        "experiment": entry.experiment,
        "task": entry.task,
        "score": scores.first(entry.task)[0],
        **_plain_state(entry.condition),
        "scores": dict(entry.scores),
        "beats_baseline": None if "gain" not in entry.scores else not scores.is_beaten(entry.task, entry.scores),
        "gif": entry.gif,
    }


def plain_study(study: Study) -> dict[str, Any]:
    """Return a study in JSON's types."""
    what = {"study": study.study, "kind": study.kind, "of": study.of}
    return what | _plain_state(study.condition) | {"scores": dict(study.scores), "picture": study.picture}


def table(entries: Iterable[Entry], studies: Sequence[Study] = ()) -> Text:
    """Return one line an experiment, with THE score of its input, strongest baseline and network.

    Below stands a line for each study. Plain lines, and no table of rich's: that would take `showreel list` a
    tenth of its time.
    """
    rows = [_heading("experiment", "task", "state", "score", "input", "baseline", "network", "gain", "GIF")]
    for each in entries:
        values = list(labels(each.task, each.scores).values())
        colour = "yellow" if values[-1].endswith(NOT_BETTER) else ""
        texts = [*map(Text, values[:-1]), Text(values[-1], colour), Text(each.gif or "–")]
        rows.append([Text(each.experiment), Text(each.task), _state(each.condition), *texts])
    below = [_aligned(_lines_of_studies(studies))] if studies else []
    return Text("\n\n").join([_aligned(rows), *below])


def labels(task: str, numbers: Mapping[str, float]) -> dict[str, str]:
    """Return what is said of THE score in few words: its heading, then input, baseline, network and gain.

    A dash stands for what an experiment does not have.
    """
    name, score = scores.first(task)
    gain = "–"
    if "gain" in numbers:
        gain = score.change(numbers["gain"]) + (f", {NOT_BETTER}" if scores.is_beaten(task, numbers) else "")
    sides = {"input": "input_", "baseline": "baseline_", "network": ""}
    values = {side: scores.written(task, numbers, name, prefix) for side, prefix in sides.items()}
    return {"score": score.heading, **values, "gain": gain}


def _lines_of_studies(studies: Sequence[Study]) -> list[list[Text]]:
    rows = [_heading("study", "kind", "of", "state", "picture")]
    for each in studies:
        what = [*map(Text, (each.study, each.kind, each.of))]
        rows.append([*what, _state(each.condition), Text(each.picture or "–")])
    return rows


def _metrics(root: Path, name: str) -> Mapping[str, float]:
    path = root / paths.metrics(name)
    return metrics.read(path) if path.exists() else {}


def _here(root: Path, path: Path) -> str | None:
    return str(path) if (root / path).exists() else None


def _plain_state(condition: Condition) -> dict[str, Any]:
    return {"state": condition.state, "reasons": [reason._asdict() for reason in condition.reasons]}


def _state(condition: Condition) -> Text:
    return Text(condition.text, COLOURS[condition.state])


def _heading(*texts: str) -> list[Text]:
    return [Text(text, "bold") for text in texts]


def _aligned(rows: Sequence[Sequence[Text]]) -> Text:
    """Return rows as lines whose columns stand below each other."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        for cell, width in zip(row, widths, strict=True):
            cell.pad_right(width - cell.cell_len)
    return Text("\n").join(Text(GAP).join(row) for row in rows)
