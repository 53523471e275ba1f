"""What the five modules of a task's folder offer; mypy holds each module to its protocol (tests/tasks)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from showreel.drawing.rows import Legend, Row
from showreel.scoring.baselines import Baseline, Made
from showreel.scoring.score import Columns, Direction, Score
from showreel.storage.fields import Described, Field, Fields

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from showreel.reporting.sections import Section

Outputs = NDArray[Any]
Shape = tuple[int, ...] | Mapping[str, tuple[int, ...]]
"""What a model's `build` is given: (height, width, channels), say; by field where there are several."""


class Learning(Protocol):
    """`learning.py`: what training minimises and by what it keeps the best epoch. It may import Keras."""

    INPUTS: tuple[str, ...]
    TARGETS: tuple[str, ...]
    BETTER: Direction

    def shapes(self, inputs: Mapping[str, Described], targets: Mapping[str, Described]) -> tuple[Shape, Shape]:
        """Return the shapes of a network's input and output, from those of the fields."""

    def batch(self, inputs: "dict[str, tf.Tensor]", targets: "dict[str, tf.Tensor]") -> "tuple[Any, Any]":
        """Turn a batch of fields, as the files have them, into what the network is given and what it is to answer.

        It runs inside TensorFlow. Ragged fields come padded with zeros, with `<field>.lengths` beside them.
        """

    def compiled(self, network: "keras.Model", optimizer: "keras.Optimizer") -> "keras.Model":
        """Compile a network with the task's loss and no metrics, and return it."""

    def outputs(self, network: "keras.Model", inputs: Fields) -> Outputs:
        """Return what a network makes of inputs, in their order: (n, …)."""

    def recorded(self, outputs: Outputs) -> Outputs:
        """Return outputs as a reel keeps them: as small as drawing them allows."""

    def loss(self, targets: Fields, outputs: Outputs) -> NDArray[np.float64]:
        """Return each example's loss, (n,): what training minimises."""

    def score(self, targets: Fields, outputs: Outputs) -> NDArray[np.float64]:
        """Return each example's score, (n,): its mean over the validation split chooses the epoch."""


class Scores(Protocol):
    """`scores.py`: the scores of the test split. NumPy alone."""

    @property
    def SCORES(self) -> Mapping[str, Score]:  # noqa: N802
        """The scores by their names; the first one is THE score."""

    def score(self, targets: Fields, outputs: Outputs) -> dict[str, NDArray[np.float64]]:
        """Return columns, one row an example: of the scores, or of what a pooled score is made of."""

    def summary(self, columns: Columns) -> dict[str, float]:
        """Return each score of `SCORES` over all examples."""


class Baselines(Protocol):
    """`baselines.py`: what a network has to beat. No TensorFlow."""

    def baselines(self, made: Made) -> Mapping[str, Baseline]:
        """Return the baselines of an experiment by name; none where there is nothing to beat."""

    def unchanged(self, made: Made) -> Baseline | None:
        """Return the input itself as an answer; None where it is none, or is the target."""


class Drawing(Protocol):
    """`drawing.py`: how an example looks."""

    def rows(
        self,
        inputs: Fields,
        targets: Fields,
        outputs: Outputs,
        baseline: Outputs | None,
        fields: Mapping[str, Field],
    ) -> Sequence[Row]:
        """Return the rows of a frame, from top to bottom.

        Args:
            inputs: of n examples.
            targets: of the same.
            outputs: (e, n, …), as `recorded` keeps them: one an epoch.
            baseline: (n, …), the strongest baseline's; None where there is none.
            fields: what the numbers of inputs and targets mean.
        """

    def legend(self, fields: Mapping[str, Field]) -> Legend:
        """Return what the colours of the tiles mean; empty where they are the images' own."""


class Page(Protocol):
    """`page.py`: what an experiment's page in the gallery tells besides what every page does."""

    TITLE: str

    def sentence(self, names: Mapping[str, str]) -> str:
        """Say what is learnt, given `dataset`, `input` and `model` with their options in words."""

    def sections(self, entry: Any) -> "Sequence[Section]":
        """Return the task's own sections."""
