"""The watchers that params.yaml switches on, each for as long as a training runs."""

import importlib.util
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from showreel.storage.errors import ParamsError

if TYPE_CHECKING:
    from showreel.training.loop import Watcher


def check_installed(names: Collection[str]) -> None:
    """Refuse a watcher whose package, which has its name, is not installed."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise ParamsError(
                f"watch.{name}: needs the package {name}, which is not installed; "
                "pip install 'showreel[live]', or set it to false"
            )


@contextmanager
def opened(names: Collection[str], *, dvclive: Path, tensorboard: Path, title: str) -> Iterator[list["Watcher"]]:
    """Yield the watchers with some names, and let them finish whatever way the training ends.

    Args:
        names: those that are switched on.
        dvclive: the folder for DVCLive's files.
        tensorboard: the folder for TensorBoard's files.
        title: what Studio calls the training.
    """
    with ExitStack() as stack:
        watchers = []
        if "dvclive" in names:
            from showreel.watching import dvclive as for_dvc

            watchers.append(stack.enter_context(for_dvc.watching(dvclive, title)))
        if "tensorboard" in names:
            from showreel.watching import tensorboard as for_tensorboard

            watchers.append(stack.enter_context(for_tensorboard.watching(tensorboard)))
        yield watchers
