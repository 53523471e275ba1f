"""Where experiments' results are: those of today in their places, those of a git revision brought into a folder."""

import json
from pathlib import Path
from typing import Any

from showreel.gallery.entry import Source
from showreel.params import schema
from showreel.pipeline import paths, revisions

WHAT = ("dataset", "input", "model")


def source(name: str, declared: schema.Params) -> Source:
    """Return where an experiment's results are, and what it is."""
    now = Source(
        label=name,
        **declared.experiments[name].model_dump(include=set(WHAT)),
        results=paths.results(name),
        training=paths.record("train", name),
        evaluation=paths.record("evaluate", name),
        exported=paths.exported(name, paths.TRIED),
    )
    return now._replace(**_trained(now.training, name))


def source_at(label: str, declared: schema.Params, folder: Path, *, whole: bool) -> Source:
    """Return where an experiment's results are; those of a revision, `NAME@REVISION`, are brought into a folder.

    Args:
        label: the name, with or without a revision.
        declared: params.yaml as it is now.
        folder: for files of the past.
        whole: whether to bring all results, or only the scores.
    """
    name, at, revision = label.partition("@")
    schema.check_declared(name, declared.experiments, "experiment")
    now = source(name, declared)
    if not at:
        return now
    revisions.bring(paths.scores(name).parent if whole else paths.scores(name), revision, folder)
    training, evaluation = (
        revisions.bring_record(paths.record(stage, name), revision, folder) for stage in ("train", "evaluate")
    )
    results = {kind: folder / path for kind, path in now.results.items()}
    then = _trained(training, name)
    return now._replace(label=label, results=results, training=training, evaluation=evaluation, **then)


def _trained(record: Path, name: str) -> dict[str, Any]:
    """Return what an experiment was when it was trained; what no record tells stays as params.yaml has it now."""
    try:
        then = json.loads(record.read_text(encoding="utf-8"))["params"][f"experiments.{name}"]
        return {what: str(then[what]) for what in WHAT}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}  # whoever shows the record says what is wrong with it
