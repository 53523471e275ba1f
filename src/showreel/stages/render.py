"""From a reel to the GIF in which one sees a network learn, and what else shows it. No network runs here."""

import json
import math
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngInfo

from showreel.drawing import colours
from showreel.drawing.card import cards
from showreel.drawing.frame import frames
from showreel.drawing.gif import animated
from showreel.drawing.sheet import sheet as drawn_sheet
from showreel.pipeline.lineage import Lineage
from showreel.reporting import metrics
from showreel.scoring.chosen import Examples
from showreel.storage import prepared
from showreel.storage.errors import ShowreelError
from showreel.storage.prepared import Reel


def render(
    experiment: str,
    *,
    reel: Path,
    examples: Path,
    metrics: Path,
    gif: Path,
    poster: Path,
    card: Path,
    still: Path,
    sheet: Path,
    places: Path,
    lineage: Lineage,
) -> None:
    """Draw one frame an epoch and write them as a GIF that loops for ever, and the last one as a PNG.

    The same files in give the same bytes out. All pictures say in a comment, in JSON, what they were made from.

    Args:
        experiment: its name, the title.
        reel: the reel file: predictions after every epoch.
        examples: the file of the strongest baseline's answers to the same images, and of images chosen by their score.
        metrics: the JSON file of scores over the complete test set.
        gif: the GIF file to write.
        poster: the PNG file to write, of all colours.
        card: the GIF file to write of the reel in small.
        still: the PNG file to write of its last frame.
        sheet: the PNG file to write of all images at their own size.
        places: the JSON file to write of where in the sheet they are; see `sheet.sheet`.
        lineage: of this run.

    Raises:
        ShowreelError: a file is missing or damaged, or files do not belong together.
    """
    footage, baseline, scores = prepared.read(reel, Reel), prepared.read(examples, Examples), _finite(metrics)
    _check(footage, baseline, reel, examples)
    origin = lineage.origin(experiment=experiment, training=_origin(footage, reel))
    palette = colours.palette([footage.target, footage.degraded, baseline.baseline, footage.predictions])
    film, last = animated(frames(experiment, footage, baseline, scores), palette, origin)
    small, last_small = animated(cards(footage), palette, origin)
    picture, table = drawn_sheet(footage, baseline)
    with lineage.publishing(sheet, places, still, card, poster, gif) as files:
        files[0].write_bytes(_png(picture, origin))
        files[1].write_text(json.dumps(table) + "\n", encoding="utf-8")
        files[2].write_bytes(_png(last_small, origin))
        files[3].write_bytes(small)
        files[4].write_bytes(_png(last, origin))
        files[5].write_bytes(film)


def _png(canvas: NDArray[np.uint8], comment: str) -> bytes:
    text = PngInfo()
    text.add_text("Comment", comment)
    encoded: bytes = imageio.imwrite("<bytes>", canvas, extension=".png", plugin="pillow", pnginfo=text)
    return encoded


def _finite(path: Path) -> dict[str, float]:
    """Read the scores; what is not finite is left out."""
    return {name: value for name, value in metrics.read(path).items() if math.isfinite(value)}


def _origin(reel: Reel, path: Path) -> object:
    try:
        return json.loads(reel.origin)
    except ValueError as error:
        raise ShowreelError(f"{path}: damaged ({error}); delete it and train again") from error


def _check(reel: Reel, examples: Examples, reel_path: Path, examples_path: Path) -> None:
    """Refuse files whose arrays do not fit together, and a reel of nothing."""
    epochs, images = len(reel.epochs), len(reel.target)
    if not (epochs and images and reel.predictions.shape == (epochs, *reel.target.shape)):
        raise ShowreelError(f"{reel_path}: its predictions do not match its targets; delete it and train again")
    if reel.degraded.shape[::3] != reel.target.shape[::3] or reel.psnr.shape != (epochs,):
        raise ShowreelError(f"{reel_path}: its inputs or scores do not match its targets; delete it and train again")
    if not np.isfinite(reel.psnr).all():
        raise ShowreelError(f"{reel_path}: it holds scores that are not finite; delete it and train again")
    expected = (images if examples.baseline_name else 0, *reel.target.shape[1:])
    if examples.baseline.shape != expected:
        raise ShowreelError(f"{examples_path}: its images do not match those of {reel_path}; evaluate again")
    count, size = len(examples.chosen), reel.target.shape[1:]
    answers = count if examples.baseline_name else 0
    shapes = [(count, *reel.degraded.shape[1:]), (count, *size), (count, *size), (answers, *size)]
    parts = (examples.chosen_degraded, examples.chosen_target, examples.chosen_restored, examples.chosen_baseline)
    if [part.shape for part in parts] != shapes:
        raise ShowreelError(f"{examples_path}: its chosen images do not match those of {reel_path}; evaluate again")
