"""Where experiments' results are: those of today in their places, those of a git revision brought into a folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from showreel.params import messages, schema
from showreel.pipeline import paths, revisions

WHAT = ("task", "dataset", "input", "model")


class Source(NamedTuple):
    """Where an experiment's results are, and what it is.

    Attributes:
        label: its name; with a revision where it is not the present one: `mnist-denoiser@main`.
        task: what is learnt, a folder of `tasks/`.
        dataset: where the targets come from.
        input: what the network is given: an input of params.yaml, or the data set itself.
        degradation: how that was made, a file of `degradations/`; "" where it is the data set itself.
        model: the architecture.
        results: its files by name, as `paths.results` has them.
        training: the lineage record of the training; it need not exist.
        evaluation: the lineage record of the evaluation; it need not exist.
        exported: the network as ONNX; it need not exist.
    """

    label: str
    task: str
    dataset: str
    input: str
    degradation: str
    model: str
    results: Mapping[str, Path]
    training: Path
    evaluation: Path
    exported: Path


def source(name: str, declared: schema.Params) -> Source:
    """Return where an experiment's results are, and what it is."""
    training = paths.record("train", name)
    return Source(
        label=name,
        **_trained(training, name, declared),
        results=paths.results(name),
        training=training,
        evaluation=paths.record("evaluate", name),
        exported=paths.exported(name, paths.BROWSER_EXPORT),
    )


def source_at(label: str, declared: schema.Params, folder: Path, *, whole: bool) -> Source:
    """Return where an experiment's results are; those of a revision, `NAME@REVISION`, are brought into a folder.

    Args:
        label: the name, with or without a revision.
        declared: params.yaml as it is now.
        folder: for files of the past.
        whole: whether to bring all results, or only the scores.
    """
    name, at, revision = label.partition("@")
    messages.check_declared(name, declared.experiments, "experiment")
    now = source(name, declared)
    if not at:
        return now
    revisions.bring(paths.scores(name).parent if whole else paths.scores(name), revision, folder)
    training, evaluation = (
        revisions.bring_record(paths.record(stage, name), revision, folder) for stage in ("train", "evaluate")
    )
    results = {kind: folder / path for kind, path in now.results.items()}
    then = _trained(training, name, declared)
    return now._replace(label=label, results=results, training=training, evaluation=evaluation, **then)


def _trained(record: Path, name: str, declared: schema.Params) -> dict[str, Any]:
    """Return what an experiment was when it was trained; what no record says stays as params.yaml has it now."""
    values = declared.experiments[name].model_dump(include=set(WHAT))
    try:
        then = json.loads(record.read_text(encoding="utf-8"))["params"][f"experiments.{name}"]
        values = {what: str(then[what]) for what in WHAT}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        pass  # whoever shows the record says what is wrong with it
    entry = declared.inputs.get(values["input"])
    return values | {"degradation": entry.degradation if entry else ""}
