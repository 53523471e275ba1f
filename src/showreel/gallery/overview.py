"""What the gallery's first page says of all experiments and studies: cards, and a table for each task."""

from collections.abc import Sequence
from typing import Any

from showreel.gallery import page as pages
from showreel.gallery.entry import Entry
from showreel.gallery.study import Study
from showreel.params import registry
from showreel.reporting import scores as score_reader
from showreel.scoring.score import Score

MOST_COLUMNS = 4
"""Variants that the overview sets side by side as the columns of a matrix; more of them flow freely."""

SEVERAL = "Networks that learn"
"""The title over experiments of several tasks."""

SIDES = {"input": "input_", "baseline": "baseline_", "network": ""}
"""Whose scores the table has → what their names in metrics.json begin with."""


def card(entry: Entry, *, can_be_tried: bool) -> dict[str, Any]:
    """Return what the overview says of an experiment."""
    metrics, source, gain = entry.metrics, entry.source, entry.metrics.get("gain")
    return {
        "label": entry.label,
        "name": entry.variant if "@" not in entry.label else entry.label,
        "slug": entry.slug,
        "task": entry.task,
        "dataset": source.dataset,
        "variant": entry.variant,
        "text": " ".join((entry.label, entry.task, source.dataset, source.input, source.model, entry.variant)).lower(),
        "card": entry.card_size,
        "score": score_reader.written(entry.task, metrics, entry.first),
        "heading": "" if entry.score.unit else entry.score.heading,
        "gain": pages.gain(entry),
        "sign": "worse" if gain is not None and (gain < 0 or pages.is_beaten(entry)) else "better",
        "against": " · ".join(_against(entry)),
        "tried": can_be_tried,
        "cells": [
            (source.dataset, source.dataset),
            (entry.variant, entry.variant),
            *(_cell(metrics.get(f"{prefix}{entry.first}"), entry.score.form) for prefix in SIDES.values()),
            _cell(gain, f"+{entry.score.form}"),
            *(_cell(metrics.get(name), score.form) for name, score in entry.scores.items() if name != entry.first),
        ],
    }


def overview(cards: Sequence[dict[str, Any]], studies: Sequence[Study], pending: Sequence[str]) -> dict[str, Any]:
    """Return the values of the template `index.html.j2`."""
    tasks = list(dict.fromkeys(card["task"] for card in cards))
    titles = {task: registry.module(registry.TASKS, task, "page").TITLE for task in tasks}
    return {
        "title": titles[tasks[0]] if len(tasks) == 1 else SEVERAL,
        "groups": [_group(task, titles[task], [card for card in cards if card["task"] == task]) for task in tasks],
        "count": len(cards),
        "studies": studies,
        "pending": pending,
    }


def _group(task: str, title: str, cards: list[dict[str, Any]]) -> dict[str, Any]:
    return {"task": task, "title": title, "pages": cards, "headings": _headings(task), **_matrix(cards)}


def _headings(task: str) -> list[tuple[str, str, str]]:
    """Return the columns of a task's table: what each is, what it is sorted as, and which direction is better."""
    _, score = score_reader.first(task)
    others = [*score_reader.of(task).values()][1:]
    return [
        *((heading, "text", "") for heading in ("experiment", "data set", "variant")),
        *((_heading(score, f"{side} "), "number", score.better) for side in SIDES),
        (f"gain{f' in {score.unit}' if score.unit else ''}", "number", "higher"),
        *((_heading(other), "number", other.better) for other in others),
    ]


def _heading(score: Score, before: str = "") -> str:
    return f"{before}{score.heading}{f' in {score.unit}' if score.unit else ''}"


def _against(entry: Entry) -> list[str]:
    """Return what stands below the score: the next score, and the strongest baseline's."""
    second = [
        f"{score.heading} {score_reader.written(entry.task, entry.metrics, name)}"
        for name, score in entry.scores.items()
    ]
    baseline = "no baseline"
    if entry.baselines:
        value = score_reader.written(entry.task, entry.metrics, entry.first, "baseline_")
        baseline = f"{entry.strongest} {value}"
    return [*second[1:2], baseline]


def _cell(value: float | None, form: str) -> tuple[str, float | str]:
    return ("–", "") if value is None else (f"{value:{form}}", value)


def _matrix(cards: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Group cards by data set, with the variants as columns where they are few and no two cards meet in a cell."""
    variants = list(dict.fromkeys(card["variant"] for card in cards))
    datasets = list(dict.fromkeys(card["dataset"] for card in cards))
    alone = len({(card["dataset"], card["variant"]) for card in cards}) == len(cards)
    for card in cards:
        card["column"] = variants.index(card["variant"]) + 1
    matrix = [(dataset, [card for card in cards if card["dataset"] == dataset]) for dataset in datasets]
    return {"matrix": matrix, "columns": len(variants), "aligned": alone and len(variants) <= MOST_COLUMNS}
