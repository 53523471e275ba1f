"""How a score is written, in which direction it is better, and how far a rebuild may be off."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Direction = Literal["higher", "lower"]
Columns = Mapping[str, "NDArray[np.float64]"]
"""Score, or what a pooled score is made of → one row an example: (n,), or counts (n, k)."""


class Score(NamedTuple):
    """One score.

    Attributes:
        heading: what it is, in a word or two.
        form: a format specification: its digits.
        unit: what follows it; may be empty.
        better: which direction is better.
        tolerance: how far a rebuild on another machine may be off.
    """

    heading: str
    form: str = ".2f"
    unit: str = ""
    better: Direction = "higher"
    tolerance: float = 0.0

    def written(self, value: float) -> str:
        """Return a value with its unit."""
        return f"{value:{self.form}} {self.unit}".rstrip()

    def change(self, value: float) -> str:
        """Return a difference with its sign and unit."""
        return f"{value:+{self.form}} {self.unit}".rstrip()

    def gain(self, value: float, reference: float) -> float:
        """Return how much better a value is than a reference: positive where it is better."""
        return value - reference if self.better == "higher" else reference - value


def means(columns: Columns) -> dict[str, float]:
    """Return the mean of every column: the summary of scores that are averaged over examples."""
    return {name: float(column.mean()) for name, column in columns.items()}
