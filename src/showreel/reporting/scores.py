"""How a task's scores are written, read from the source of its `scores.py`: importing that one would take a while."""

import ast
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from showreel.params import registry
from showreel.scoring.score import Score

NAMES = {"Score": Score, "math": math, "__builtins__": {}}
"""What the source of `SCORES` may use; where it uses anything else, the module is imported."""


@cache
def of(task: str) -> dict[str, Score]:
    """Return a task's scores by their names; the first one is THE score.

    Raises:
        ParamsError: there is no such task.
    """
    registry.check(registry.TASKS, task)
    path = registry.PACKAGE / registry.TASKS / task / "scores.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and "SCORES" in _targets(node):
            try:
                return dict(eval(compile(ast.Expression(node.value), str(path), "eval"), dict(NAMES)))
            except NameError:
                break
    return dict(registry.module(registry.TASKS, task, "scores").SCORES)


def first(task: str) -> tuple[str, Score]:
    """Return the name of THE score, and how it is written."""
    return next(iter(of(task).items()))


def written(task: str, metrics: Mapping[str, float], name: str, prefix: str = "") -> str:
    """Return one number of metrics.json with its unit; a dash where an experiment does not have it."""
    value = metrics.get(f"{prefix}{name}")
    return "–" if value is None else of(task)[name].written(value)


def is_beaten(task: str, metrics: Mapping[str, float]) -> bool:
    """Tell whether a network is not better than its strongest baseline, by the interval of THE score.

    It is better only if even the worse bound of its interval is better than the baseline's value.
    """
    name, score = first(task)
    bound = metrics.get(f"{name}_{'low' if score.better == 'higher' else 'high'}")
    baseline = metrics.get(f"baseline_{name}")
    return bound is not None and baseline is not None and score.gain(bound, baseline) <= 0


def _targets(node: ast.Assign | ast.AnnAssign) -> list[Any]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]
