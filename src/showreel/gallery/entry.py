"""What a gallery tells of one experiment, read from the files of its results."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from showreel import summary
from showreel.comparison import SCORES, Contestant
from showreel.errors import ShowreelError

MALFORMED = (OSError, ValueError, LookupError, TypeError, AttributeError)
"""What reading a file of another form than expected ends in."""

AGAIN = "delete it and run its stage again (`dvc repro` does that)"


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
    """

    label: str
    dataset: str
    input: str
    model: str
    results: Mapping[str, Path]
    training: Path
    evaluation: Path


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
    training: Mapping[str, Any]
    evaluation: Mapping[str, Any]

    @property
    def label(self) -> str:
        """The name that readers see."""
        return self.source.label

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept: the best on the validation split."""
        return int(self.history["epoch"].iloc[self.history["validation_psnr"].argmax()])

    @property
    def truth(self) -> str:
        """What says which test images it was scored on."""
        return _truth(self.source.dataset, self.evaluation)

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
    entry = Entry(
        source=source,
        slug=re.sub(r"[^A-Za-z0-9_-]+", "-", source.label),
        task=task(source.label.split("@")[0], source.dataset),
        metrics=summary.read(files["metrics"]),
        history=_table(files["history"], ("epoch", "loss", "validation_loss", "validation_psnr")),
        baselines=_baselines(files["baselines"]),
        images=_scores(source),
        sheet=_json(files["places"]),
        training=_record(source.training),
        evaluation=_record(source.evaluation),
    )
    if not {"tile", "reel", "chosen"} <= entry.sheet.keys():
        raise ShowreelError(f"{files['places']}: damaged (it tells of no images); {AGAIN}")
    return entry


def contestant(source: Source) -> Contestant:
    """Read an experiment's scores, for a comparison.

    Raises:
        ShowreelError: a file is missing or damaged.
    """
    table = _scores(source)
    scores = {kind: table[kind].to_numpy(np.float32) for kind in SCORES}
    return Contestant(source.label, _truth(source.dataset, _record(source.evaluation)), scores)


def task(experiment: str, dataset: str) -> str:
    """Return an experiment's name without that of its data set: `mnist-denoiser` is the task `denoiser` on mnist."""
    return experiment.removeprefix(f"{dataset}-").removeprefix(f"{dataset}_")


def spoken(name: str) -> str:
    """Turn a name of the code into words."""
    return name.replace("_", " ")


def _scores(source: Source) -> pd.DataFrame:
    return _table(source.results["scores"], ("index", "label", "psnr", "ssim"))


def _truth(dataset: str, evaluation: Mapping[str, Any]) -> str:
    """Return the digest of the clean images; without a record, the data set's name has to do."""
    inputs = evaluation.get("inputs", {})
    return next((digest for path, digest in inputs.items() if path.endswith("/clean.h5")), dataset)


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise ShowreelError(f"{path}: missing; run the stage that makes it (`dvc repro` does that)")
    try:
        table = pd.read_csv(path)
    except MALFORMED as error:
        raise ShowreelError(f"{path}: damaged ({error}); {AGAIN}") from error
    lacking = [column for column in columns if column not in table]
    if lacking or table.empty:
        raise ShowreelError(f"{path}: damaged (no {', '.join(lacking) or 'rows'}); {AGAIN}")
    return table


def _baselines(path: Path) -> list[dict[str, Any]]:
    try:
        rows = pd.read_csv(path).to_dict("records")
        return [
            {str(key): value for key, value in row.items()} | {"options": json.loads(row["options"])} for row in rows
        ]
    except MALFORMED as error:
        raise ShowreelError(f"{path}: damaged ({error}); {AGAIN}") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except MALFORMED as error:
        raise ShowreelError(f"{path}: damaged ({error}); {AGAIN}") from error


def _record(path: Path) -> dict[str, Any]:
    return _json(path) if path.exists() else {}
