"""What a gallery tells of one experiment, read from the files of its results."""

import struct
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from showreel.gallery import schemas
from showreel.gallery.naming import listed, slug, spoken, task
from showreel.scoring.paired import SCORES, Contestant
from showreel.storage.errors import ShowreelError

MALFORMED = (
    OSError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, EOFError, struct.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What reading a table or a picture of another form than expected ends in."""


class Source(NamedTuple):
    """Where an experiment's results are, and what it is.

    Attributes:
        label: its name; with a revision where it is not the present one: `mnist-denoiser@main`.
        dataset: the images.
        input: what the network is given: a degradation, or `clean`.
        model: the architecture.
        results: its files by name, as `layout.results` has them.
        training: the lineage record of the training; it need not exist.
        evaluation: the lineage record of the evaluation; it need not exist.
        exported: the network as ONNX; it need not exist.
    """

    label: str
    dataset: str
    input: str
    model: str
    results: Mapping[str, Path]
    training: Path
    evaluation: Path
    exported: Path


@dataclass(frozen=True)
class Entry:
    """One experiment of a gallery.

    Attributes:
        source: where it comes from.
        slug: its name in addresses.
        task: the column of the overview that it stands in.
        metrics: summary scores by name.
        history: one row an epoch.
        baselines: one row a baseline, the strongest first; options as a mapping.
        images: one row a test image: `index`, `label`, and all scores of the network and of the others.
        sheet: where in the sheet the images are; see `objectives.restoration.sheet`.
        sheet_size: width and height of the sheet in pixels.
        card_size: width and height of the card in pixels.
        training: the lineage record of the training, or nothing.
        evaluation: the lineage record of the evaluation, or nothing.
    """

    source: Source
    slug: str
    task: str
    metrics: Mapping[str, float]
    history: pd.DataFrame
    baselines: list[dict[str, Any]]
    images: pd.DataFrame
    sheet: Mapping[str, Any]
    sheet_size: tuple[int, int]
    card_size: tuple[int, int]
    training: Mapping[str, Any]
    evaluation: Mapping[str, Any]

    @property
    def label(self) -> str:
        """The name that readers see."""
        return self.source.label

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept: the best on the validation split.

        The table has six digits; of epochs that are equal in them, it is the one that the training's record names, or,
        where that is missing, the one whose test score is the final one.
        """
        reached = dict(zip(self.sheet["reel"]["epochs"], self.sheet["reel"]["psnr"], strict=True))
        best = self.history["validation_psnr"] == self.history["validation_psnr"].max()
        epochs = [int(epoch) for epoch in self.history["epoch"][best]]
        if (kept := self.training.get("kept_epoch")) in epochs:
            return int(kept)
        return min(epochs, key=lambda epoch: abs(reached[epoch] - self.metrics["psnr"]))

    @property
    def truth(self) -> str:
        """What says which test images it was scored on."""
        return _truth(self.source.dataset, self.evaluation)

    @property
    def given(self) -> str:
        """What the network was given, in words."""
        return _given(self.source, self.evaluation)

    @property
    def strongest(self) -> str:
        """The strongest baseline's name in words, or ""."""
        return spoken(self.baselines[0]["baseline"]) if self.baselines else ""

    def column(self, name: str) -> NDArray[np.float32]:
        """Return one score of all test images, float32 (n,)."""
        return self.images[name].to_numpy(np.float32)


def read(source: Source) -> Entry:
    """Read all that a gallery tells of an experiment.

    Raises:
        ShowreelError: a file is missing or damaged.
    """
    files = source.results
    for name in ("gif", "poster", "still"):
        _size(files[name])
    entry = Entry(
        source=source,
        slug=slug(source.label),
        task=task(source.label.split("@")[0], source.dataset),
        metrics=schemas.read(files["metrics"], schemas.Metrics),
        history=_history(files["history"]),
        baselines=_baselines(files["baselines"]),
        images=_scores(source),
        sheet=schemas.read(files["places"], schemas.Sheet),
        sheet_size=_size(files["sheet"]),
        card_size=_size(files["card"]),
        training=_record(source.training),
        evaluation=_record(source.evaluation),
    )
    _check_belongs_together(entry)
    return entry


def contestant(source: Source) -> Contestant:
    """Read an experiment's scores, for a comparison.

    Raises:
        ShowreelError: a file is missing or damaged.
    """
    table = _scores(source)
    scores = {kind: table[kind].to_numpy(np.float32) for kind in SCORES}
    evaluation = _record(source.evaluation)
    return Contestant(source.label, _truth(source.dataset, evaluation), _given(source, evaluation), scores)


def _check_belongs_together(entry: Entry) -> None:
    """Refuse files of which each is right in itself, but which are not of the same run."""
    files, sheet, images = entry.source.results, entry.sheet, len(entry.images)
    height, width = sheet["tile"]
    for strips in (sheet["reel"], sheet["chosen"]):
        right, low = entry.sheet_size[0] - len(strips["indices"]) * width, entry.sheet_size[1] - height
        if any(x > right or y > low for row in strips["rows"] for x, y in row["at"]):
            raise schemas.damaged(files["places"], f"images are outside {files['sheet']}")
        if max(strips["indices"]) >= images:
            raise schemas.damaged(files["places"], f"images are not in {files['scores']}")
    if entry.history["epoch"].tolist() != sheet["reel"]["epochs"][1:]:
        raise schemas.damaged(files["history"], f"its epochs are not those of {files['places']}")
    if entry.metrics.get("count", images) != images:
        raise schemas.damaged(files["scores"], f"{images} rows, but {files['metrics']} counts otherwise")
    if entry.baselines:
        _check_numbers(files["scores"], entry.images, [f"{entry.baselines[0]['baseline']}_{kind}" for kind in SCORES])


def _scores(source: Source) -> pd.DataFrame:
    path = source.results["scores"]
    table = _table(path, ("index", "label", *SCORES))
    _check_numbers(path, table, [f"input_{kind}" for kind in SCORES if "input_psnr" in table])
    if table["index"].tolist() != list(range(len(table))):
        raise schemas.damaged(path, "rows are missing or there twice")
    return table


def _history(path: Path) -> pd.DataFrame:
    columns = ("epoch", "loss", "validation_loss", "validation_psnr")
    return _table(path, columns)[list(columns)]


def _given(source: Source, evaluation: Mapping[str, Any]) -> str:
    return f"{source.input}{listed(evaluation.get('degradation', {}))}"


def _truth(dataset: str, evaluation: Mapping[str, Any]) -> str:
    """Return the digest of the clean images; without a record, the data set's name has to do."""
    inputs = evaluation.get("inputs", {})
    return next((digest for path, digest in inputs.items() if path.endswith("/clean.h5")), dataset)


def _table(path: Path, numbers: Sequence[str], *, empty: bool = False) -> pd.DataFrame:
    """Read a table in which some columns hold numbers."""
    if not path.is_file():
        raise ShowreelError(f"{path}: missing; run the stage that makes it (`dvc repro` does that)")
    try:
        table = pd.read_csv(path)
    except MALFORMED as error:
        raise schemas.damaged(path, error) from error
    if table.empty and not empty:
        raise schemas.damaged(path, "no rows")
    _check_numbers(path, table, numbers)
    return table


def _check_numbers(path: Path, table: pd.DataFrame, columns: Sequence[str]) -> None:
    if lacking := [column for column in columns if column not in table]:
        raise schemas.damaged(path, f"no {', '.join(lacking)}")
    for column in columns:
        values = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
        if not (np.abs(values) <= schemas.LARGEST).all():
            raise schemas.damaged(path, f"not every {column} is a number")


def _baselines(path: Path) -> list[dict[str, Any]]:
    table = _table(path, ("psnr", "psnr_low", "psnr_high", "ssim", "mse"), empty=True)
    if not all(isinstance(cell, str) for name in ("baseline", "options") for cell in table.get(name, [None])):
        raise schemas.damaged(path, "baselines without a name or options")
    table["options"] = [schemas.parse(options, schemas.Options, path) for options in table["options"]]
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _size(path: Path) -> tuple[int, int]:
    """Return a picture's width and height; its checksums are right, and it is none that fills the memory."""
    if not path.is_file():
        raise ShowreelError(f"{path}: missing; run the stage that makes it (`dvc repro` does that)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=[path.suffix[1:].upper()]) as picture:
                picture.verify()
                return picture.size
        except MALFORMED as error:
            raise schemas.damaged(path, error) from error


def _record(path: Path) -> dict[str, Any]:
    return dict(schemas.read(path, schemas.Record)) if path.exists() else {}
