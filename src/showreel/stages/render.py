"""From a reel to the GIF in which one sees a network learn, and what else shows it. No network runs here."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from showreel.drawing import colours
from showreel.drawing.card import cards
from showreel.drawing.frame import Film, frames
from showreel.drawing.gif import animated
from showreel.drawing.png import encoded
from showreel.drawing.rows import Row
from showreel.drawing.sheet import sheet
from showreel.params import registry
from showreel.params.schema import Params
from showreel.pipeline import paths
from showreel.pipeline.lineage import Lineage
from showreel.reporting import metrics
from showreel.storage import reel
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Fields, count
from showreel.storage.reel import Chosen, Reel


class Paths(NamedTuple):
    """Where a rendering's files are.

    Attributes:
        reel: the reel file: outputs after every epoch.
        chosen: the file of the strongest baseline's answers to the same examples, and of examples chosen by score.
        metrics: the JSON file of scores over the complete test split.
        gif: the GIF file to write: one frame an epoch; it loops for ever.
        poster: the PNG file to write of its last frame, in all colours.
        card: the GIF file to write of the reel in small.
        still: the PNG file to write of its last frame.
        sheet: the PNG file to write of all tiles at their own size.
        places: the JSON file to write of where in the sheet they are; see `drawing.sheet`.
    """

    reel: Path
    chosen: Path
    metrics: Path
    gif: Path
    poster: Path
    card: Path
    still: Path
    sheet: Path
    places: Path

    @classmethod
    def of(cls, name: str, declared: Params) -> "Paths":
        """Return the paths of an experiment."""
        return cls(*(getattr(paths, field)(name) for field in cls._fields))


def render(name: str, files: Paths, *, lineage: Lineage) -> None:
    """Draw one frame an epoch and write them as a GIF, the last one as a PNG, and both in small.

    The same files in give the same bytes out. All pictures say in a comment, in JSON, which record tells of them.

    Args:
        name: of the experiment, the title.
        files: what is read and written.
        lineage: of this run.

    Raises:
        ShowreelError: a file is missing or damaged, or files do not belong together.
    """
    recorded, chosen = reel.read(files.reel, Reel), reel.read(files.chosen, Chosen)
    _check(recorded, chosen, files)
    drawing, scores = (registry.module("tasks", recorded.task, part) for part in ("drawing", "scores"))
    answers = (chosen.reel_answers, chosen.answers) if chosen.baseline else (None, None)
    fields = reel.described(recorded)
    rows: Sequence[Row] = drawing.rows(recorded.inputs, recorded.targets, recorded.outputs, answers[0], fields)
    film = Film(
        name, rows, recorded.epochs, recorded.scores, metrics=_finite(files.metrics), names=scores.SCORES,
        baseline=chosen.baseline, legend=drawing.legend(fields),
    )  # fmt: skip
    palette = colours.palette([row.tiles for row in rows if not row.key], [colour for _, colour in film.legend])
    origin = lineage.origin
    large, last = animated(frames(film), palette, origin)
    small, last_small = animated(cards(rows), palette, origin)
    own = drawing.rows(chosen.inputs, chosen.targets, chosen.outputs[np.newaxis], answers[1], fields)
    picture, places = sheet(rows, own, [film.label(row) for row in rows])
    with lineage.publishing(files.sheet, files.places, files.still, files.card, files.poster, files.gif) as temporaries:
        temporaries[0].write_bytes(encoded(picture, origin))
        temporaries[1].write_text(json.dumps(_described(places, recorded, chosen)) + "\n", encoding="utf-8")
        temporaries[2].write_bytes(encoded(last_small, origin))
        temporaries[3].write_bytes(small)
        temporaries[4].write_bytes(encoded(last, origin))
        temporaries[5].write_bytes(large)


def _described(places: dict[str, Any], recorded: Reel, chosen: Chosen) -> dict[str, Any]:
    """Return the JSON of a sheet: what is where, of which examples, after which epochs, with which scores."""
    return {
        "task": recorded.task,
        "tile": places["tile"],
        "reel": {
            "epochs": recorded.epochs.tolist(),
            "scores": recorded.scores.tolist(),
            "indices": recorded.indices[: places["columns"]].tolist(),
            "rows": places["reel"],
        },
        "chosen": {"indices": chosen.indices.tolist(), "rows": places["chosen"]},
    }


def _finite(path: Path) -> dict[str, float]:
    """Read the scores; what is not finite is left out."""
    return {name: value for name, value in metrics.read(path).items() if math.isfinite(value)}


def _check(recorded: Reel, chosen: Chosen, files: Paths) -> None:
    """Refuse files whose arrays do not fit together, and a reel of nothing."""
    epochs, examples = len(recorded.epochs), len(recorded.indices)
    mend = "delete it and train again"
    if not (epochs and examples and recorded.outputs.shape[:2] == (epochs, examples)):
        raise ShowreelError(f"{files.reel}: its outputs do not match its examples; {mend}")
    if recorded.scores.shape != (epochs,) or not _match(examples, recorded.inputs, recorded.targets):
        raise ShowreelError(f"{files.reel}: its inputs, targets or scores do not match its outputs; {mend}")
    if not np.isfinite(recorded.scores).all():
        raise ShowreelError(f"{files.reel}: it holds scores that are not finite; {mend}")
    shape, others = recorded.outputs.shape[2:], len(chosen.indices)
    if chosen.task != recorded.task or chosen.reel_answers.shape != (examples if chosen.baseline else 0, *shape):
        raise ShowreelError(f"{files.chosen}: its answers do not match those of {files.reel}; evaluate again")
    answers = (others if chosen.baseline else 0, *shape)
    if chosen.outputs.shape != (others, *shape) or chosen.answers.shape != answers:
        raise ShowreelError(f"{files.chosen}: its chosen examples do not match those of {files.reel}; evaluate again")
    if not (others and _match(others, chosen.inputs, chosen.targets)):
        raise ShowreelError(f"{files.chosen}: its inputs or targets do not match its outputs; evaluate again")


def _match(examples: int, *fields: Fields) -> bool:
    """Tell whether all fields have as many rows, and there are some."""
    return all(own and all(count(rows) == examples for rows in own.values()) for own in fields)
