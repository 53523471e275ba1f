"""How sure a score is: intervals over the examples of a test split."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from showreel.scoring.score import Columns

RESAMPLES = 2000
LEVEL = 0.95
NORMAL = 1.96
"""Standard deviations of a normal distribution that hold `LEVEL` of it on both sides."""
SEED = 20
BLOCK = 1 << 20
"""Random draws at a time."""


def bounds(
    columns: Columns, summary: Callable[[Columns], Mapping[str, float]]
) -> dict[str, tuple[float, float, float]]:
    """Return each score with the bounds of its 95 % interval.

    A score that is the mean of its own column has the interval of the normal approximation; one that is pooled over
    all examples has the percentile interval of `RESAMPLES` bootstrap resamples.

    Args:
        columns: one row an example.
        summary: from columns to scores.

    Returns:
        Score → value, lower and upper bound; of a single example all three are equal.
    """
    values = summary(columns)
    averaged = {name for name in values if name in columns and columns[name].ndim == 1}
    pooled = {} if values.keys() == averaged else _resampled(columns, summary)
    found = {}
    for name, value in values.items():
        if name in averaged:
            found[name] = _normal(columns[name], value)
        else:
            low, high = np.quantile(pooled[name], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            found[name] = (value, float(low), float(high))
    return found


def resamples(count: int) -> list[NDArray[np.int64]]:
    """Return the rows of each bootstrap resample of so many examples, drawn with a fixed seed."""
    generator = np.random.default_rng(SEED)
    return [generator.integers(0, count, count) for _ in range(RESAMPLES)]


def _normal(column: NDArray[np.float64], mean: float) -> tuple[float, float, float]:
    reach = NORMAL * float(column.std(ddof=1)) / math.sqrt(len(column)) if len(column) > 1 else 0.0
    return mean, mean - reach, mean + reach


def _resampled(columns: Columns, summary: Callable[[Columns], Mapping[str, float]]) -> dict[str, NDArray[np.float64]]:
    count = len(next(iter(columns.values())))
    found = [summary({name: column[rows] for name, column in columns.items()}) for rows in resamples(count)]
    return {name: np.array([values[name] for values in found]) for name in found[0]}
