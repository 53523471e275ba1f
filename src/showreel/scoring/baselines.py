"""A simple way to a task's answer, which a network has to beat, with the options to try on the validation split."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray

from showreel.storage.fields import Described


class Made(NamedTuple):
    """How an experiment's input was made, and what goes in and comes out.

    Attributes:
        degradation: a name in `degradations/`; "" where the input is the data set itself.
        options: the degradation's.
        inputs: field → its description, of what the network is given.
        targets: field → its description, of what it is to answer.
    """

    degradation: str
    options: Mapping[str, Any]
    inputs: Mapping[str, Described]
    targets: Mapping[str, Described]


class Baseline(NamedTuple):
    """A method without a network. It runs in worker processes, so its functions are a module's own.

    Attributes:
        answer: `answer(inputs, **options)` → outputs, as a network's; `answer(inputs, fitted, **options)` where there
            is a `fit`.
        fit: `fit(examples, **options)` → anything that can be pickled; examples are the training split, an
            `ExampleSplit` that is read in parts. None for a rule that never saw the training set.
        grid: the options to choose from on the validation split; one entry means nothing to tune.
        known: the degradation's own options that the method is told besides, such as the noise's σ.
    """

    answer: Callable[..., NDArray[Any]]
    fit: Callable[..., Any] | None = None
    grid: tuple[Mapping[str, Any], ...] = ({},)
    known: tuple[str, ...] = ()

    @property
    def kind(self) -> Literal["untrained", "trained"]:
        """Whether it learns from the training split."""
        return "trained" if self.fit else "untrained"
