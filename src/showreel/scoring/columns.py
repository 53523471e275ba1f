"""From the table scores.csv back to the columns that a task's scores gave."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

OTHER = ("index", "score", "label")
"""The columns of the table that are none of the task's."""


def own(table: pd.DataFrame) -> list[str]:
    """Return the names of the network's columns: they stand first, and each other side repeats them with its prefix."""
    names = [str(name) for name in table if name not in OTHER]
    repeated = (place for place, name in enumerate(names) if name.endswith(f"_{names[0]}"))
    return names[: next(repeated, len(names))]


def read_back(table: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Return the network's columns, (n,), or counts (n, k), which the table has as `<name>_0` … `<name>_<k - 1>`."""
    names = own(table)
    columns: dict[str, NDArray[np.float64]] = {}
    while names:
        counts = _counts(names)
        part = table[names[: len(counts)] if counts else names[0]]
        columns[names[0].rpartition("_")[0] if counts else names[0]] = part.to_numpy(np.float64)
        names = names[max(1, len(counts)) :]
    return columns


def _counts(names: Sequence[str]) -> list[str]:
    """Return the names, from the first on, that are numbered from 0; none where they are not two or more."""
    stem, numbered = names[0].rpartition("_")[0], []
    for place, name in enumerate(names):
        if re.fullmatch(rf"{re.escape(stem)}_{place}", name) is None or not stem:
            break
        numbered.append(name)
    return numbered
