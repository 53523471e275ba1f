"""What a gallery shows of one experiment, read from the files of its results."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from showreel.gallery import examples_table, files, schemas
from showreel.gallery.naming import listed, slug, spoken, variant
from showreel.pipeline import paths
from showreel.reporting import scores as score_reader
from showreel.reporting.sources import Source
from showreel.scoring import columns
from showreel.scoring.paired import Side
from showreel.scoring.score import Score


@dataclass(frozen=True)
class Entry:
    """One experiment of a gallery.

    Attributes:
        source: where it comes from.
        slug: its name in addresses.
        variant: the column of the overview that it stands in.
        scores: its task's scores by name; the first is THE score.
        metrics: summary scores by name.
        history: one row an epoch.
        baselines: one row a baseline, the strongest first; options as a mapping.
        examples: one row a test example: `index`, `score`, `label` if it has one, and all scores of the network and of
            the others.
        sheet: where in the sheet the tiles are; see `drawing.sheet`.
        sheet_size: width and height of the sheet in pixels.
        card_size: width and height of the card in pixels.
        training: the lineage record of the training, or nothing.
        evaluation: the lineage record of the evaluation, or nothing.
    """

    source: Source
    slug: str
    variant: str
    scores: Mapping[str, Score]
    metrics: Mapping[str, float]
    history: pd.DataFrame
    baselines: list[dict[str, Any]]
    examples: pd.DataFrame
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
    def task(self) -> str:
        """What is learnt."""
        return self.source.task

    @property
    def first(self) -> str:
        """The name of THE score."""
        return next(iter(self.scores))

    @property
    def score(self) -> Score:
        """How THE score is written."""
        return self.scores[self.first]

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept: the best on the validation split.

        The table has six digits; of epochs that are equal in them, it is the one that the training's record names, or,
        where that is missing, the one whose test score is the final one.
        """
        reached = dict(zip(self.sheet["reel"]["epochs"], self.sheet["reel"]["scores"], strict=True))
        validation = self.history["validation_score"]
        best = validation == (validation.max() if self.score.better == "higher" else validation.min())
        epochs = [int(epoch) for epoch in self.history["epoch"][best]]
        if (recorded := self.training.get("kept_epoch")) in epochs:
            return int(recorded)
        return min(epochs, key=lambda epoch: abs(reached[epoch] - self.metrics[self.first]))

    @property
    def truth(self) -> str:
        """What says which test examples it was scored on."""
        return _truth(self.source.dataset, self.evaluation)

    @property
    def input(self) -> str:
        """What the network was given, in words."""
        return _input(self.source, self.evaluation)

    @property
    def model(self) -> str:
        """The network with its options, in words."""
        return f"{self.source.model}{listed(self.model_options)}"

    @property
    def model_options(self) -> dict[str, Any]:
        """The options of the network at its training, the experiment's own on top."""
        params = self.training.get("params", {})
        own = params.get(f"experiments.{self.label.split('@')[0]}", {})
        return {**params.get(f"models.{self.source.model}", {}), **own.get("options", {})}

    @property
    def strongest(self) -> str:
        """The strongest baseline's name in words, or ""."""
        return spoken(self.baselines[0]["baseline"]) if self.baselines else ""

    @property
    def measured(self) -> dict[str, Score]:
        """The scores that every test example has: column of `examples` → how it is written; THE score comes first.

        Where THE score is pooled over all examples, what stands for it in a single one has its place.
        """
        single = {name: score for name, score in self.scores.items() if name in self.examples}
        return single if self.first in single else {"score": self.score, **single}

    def column(self, name: str) -> NDArray[np.float32]:
        """Return one score of all test examples, float32 (n,)."""
        return self.examples[name].to_numpy(np.float32)


def read(source: Source) -> Entry:
    """Read all that a gallery shows of an experiment.

    Raises:
        ShowreelError: a file is missing or damaged.
    """
    results, scores = source.results, score_reader.of(source.task)
    for name in ("gif", "poster", "still"):
        files.picture_size(results[name])
    entry = Entry(
        source=source,
        slug=slug(source.label),
        variant=variant(source.label.split("@")[0], source.dataset),
        scores=scores,
        metrics=_metrics(results["metrics"], scores),
        history=_history(results["history"]),
        baselines=_baselines(results["baselines"], scores),
        examples=examples_table.read(source),
        sheet=schemas.read(results["places"], schemas.Sheet),
        sheet_size=files.picture_size(results["sheet"]),
        card_size=files.picture_size(results["card"]),
        training=files.record(source.training),
        evaluation=files.record(source.evaluation),
    )
    _check_belongs_together(entry)
    return entry


def side(source: Source) -> Side:
    """Read an experiment's scores, for a comparison.

    Raises:
        ShowreelError: a file is missing or damaged.
    """
    examples, evaluation = examples_table.read(source), files.record(source.evaluation)
    truth, given_input = _truth(source.dataset, evaluation), _input(source, evaluation)
    each = examples["score"].to_numpy(np.float64)
    return Side(source.label, source.task, truth, given_input, columns.read_back(examples), each)


def _check_belongs_together(entry: Entry) -> None:
    """Refuse files of which each is right in itself, but which are not of the same run."""
    results, sheet, examples = entry.source.results, entry.sheet, len(entry.examples)
    if sheet["task"] != entry.task:
        raise schemas.damaged(results["places"], f"is of the task {sheet['task']}, not of {entry.task}")
    height, width = sheet["tile"]
    for strips in (sheet["reel"], sheet["chosen"]):
        right, low = entry.sheet_size[0] - len(strips["indices"]) * width, entry.sheet_size[1] - height
        if any(x > right or y > low for row in strips["rows"] for x, y in row["at"]):
            raise schemas.damaged(results["places"], f"tiles are outside {results['sheet']}")
        if max(strips["indices"]) >= examples:
            raise schemas.damaged(results["places"], f"examples are not in {results['scores']}")
    if entry.history["epoch"].tolist() != sheet["reel"]["epochs"][1:]:
        raise schemas.damaged(results["history"], f"its epochs are not those of {results['places']}")
    if entry.metrics.get("count", examples) != examples:
        raise schemas.damaged(results["scores"], f"{examples} rows, but {results['metrics']} counts otherwise")
    if entry.baselines:
        own = columns.own(entry.examples)
        files.check_numbers(
            results["scores"], entry.examples, [f"{entry.baselines[0]['baseline']}_{name}" for name in own]
        )


def _metrics(path: Path, scores: Mapping[str, Score]) -> dict[str, float]:
    metrics: dict[str, float] = schemas.read(path, schemas.Metrics)
    if lacking := [name for name in _needed(scores) if name not in metrics]:
        raise schemas.damaged(path, f"no {', '.join(lacking)}")
    return metrics


def _needed(scores: Mapping[str, Score]) -> list[str]:
    """List the numbers without which there is no page: all scores, and the interval of THE score."""
    first = next(iter(scores))
    return [*scores, f"{first}_low", f"{first}_high"]


def _history(path: Path) -> pd.DataFrame:
    names = ("epoch", "loss", "validation_loss", "validation_score")
    return files.read_table(path, names)[list(names)]


def _input(source: Source, evaluation: Mapping[str, Any]) -> str:
    return f"{source.input}{listed(evaluation.get('degradation', {}))}"


def _truth(dataset: str, evaluation: Mapping[str, Any]) -> str:
    """Return the digest of the data set's prepared file; without a record, the data set's name has to do."""
    return str(evaluation.get("inputs", {}).get(paths.prepared(dataset).as_posix(), dataset))


def _baselines(path: Path, scores: Mapping[str, Score]) -> list[dict[str, Any]]:
    table = files.read_table(path, _needed(scores), empty=True)
    names = ("baseline", "kind", "options")
    if not all(isinstance(cell, str) for name in names for cell in table.get(name, [None])):
        raise schemas.damaged(path, "baselines without a name, kind or options")
    table["options"] = [schemas.parse(options, schemas.Options, path) for options in table["options"]]
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
