"""A training as DVCLive's files, which `dvc exp show`, `dvc plots`, the extension for VS Code and Studio read.

DVCLive sends what it logs to Studio where a token is set. Its files begin anew in every process: the run knows all
epochs, so after a kill nothing is missing and nothing stands there twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dvclive import Live  # type: ignore[attr-defined]
from PIL import Image

from showreel.storage import atomic
from showreel.training.checkpoint import Run
from showreel.watching.strip import strip

if TYPE_CHECKING:
    import keras

    from showreel.training.loop import Watcher

DECLARATION = """\
metrics:
- metrics.json
plots:
- plots/metrics:
    x: step
- plots/images
"""
"""What DVC shows of the folder. DVCLive's own way to write this file adds the same lines again at every step."""


@contextmanager
def watching(folder: Path, title: str) -> Iterator["Watcher"]:
    """Yield a watcher that logs scores and, where they are images, the network's outputs of every epoch into a folder.

    Args:
        folder: what it holds is replaced.
        title: what Studio calls the training.
    """
    with Live(str(folder), save_dvc_exp=False, dvcyaml=None, exp_name=title) as live:
        atomic.write_text(folder / "dvc.yaml", DECLARATION)
        logged = -1

        def watch(network: "keras.Model", run: Run) -> None:
            nonlocal logged
            for epoch in range(logged + 1, len(run.history) + 1):
                live.step = epoch
                for name, value in _scores(run, epoch).items():
                    live.log_metric(name, value)
            if (pictures := strip(run.outputs[-1])) is not None:
                live.log_image(
                    "predictions.png", Image.fromarray(pictures[..., 0] if pictures.shape[-1] == 1 else pictures)
                )
            live.next_step()
            logged = len(run.history)

        yield watch


def _scores(run: Run, epoch: int) -> dict[str, float]:
    """Return the numbers of an epoch; before the first one, that is the test score alone."""
    scores = {"test_score": run.test_scores[epoch]}
    if epoch:
        speed = run.timing[epoch - 1]["examples_per_second"]
        scores |= {**run.history[epoch - 1], "examples_per_second": speed}
        del scores["epoch"]
    return scores
