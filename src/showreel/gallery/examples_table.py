"""The table of the scores of all test examples, scores.csv, read and checked."""

from pathlib import Path

import pandas as pd

from showreel.gallery import files, schemas
from showreel.params import registry
from showreel.reporting.sources import Source
from showreel.scoring import columns


def read(source: Source) -> pd.DataFrame:
    """Return one row a test example, in the order of the test split.

    Raises:
        ShowreelError: the table is missing or damaged, or not all of the task's scores follow from it.
    """
    path = source.results["scores"]
    table = files.read_table(path, ("index", "score"))
    own = columns.own(table)
    others = [f"input_{name}" for name in own] if own and f"input_{own[0]}" in table else []
    files.check_numbers(path, table, [*own, *others, *table.columns.intersection(["label"])])
    if table["index"].tolist() != list(range(len(table))):
        raise schemas.damaged(path, "rows are missing or there twice")
    _check_scores(path, table, source.task)
    return table


def _check_scores(path: Path, table: pd.DataFrame, task: str) -> None:
    """Refuse a table from which not all of a task's scores follow."""
    module = registry.module("tasks", task, "scores")
    try:
        lacking = [*(module.SCORES.keys() - module.summary(columns.read_back(table)).keys())]
    except files.MALFORMED as error:
        raise schemas.damaged(path, error) from error
    if lacking:
        raise schemas.damaged(path, f"no {', '.join(sorted(lacking))}")
