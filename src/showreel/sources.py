"""Where experiments' results are: those of today in their places, those of a git revision brought into a folder."""

import json
from pathlib import Path
from typing import Any

from showreel import layout, params, revisions
from showreel.gallery.entry import Source

WHAT = ("dataset", "input", "model")


def source(name: str, declared: params.Params) -> Source:
    """Return where an experiment's results are, and what it is."""
    now = Source(
        label=name,
        **declared.experiments[name].model_dump(include=set(WHAT)),
        results=layout.results(name),
        training=layout.record("train", name),
        evaluation=layout.record("evaluate", name),
        exported=layout.exported(name, layout.TRIED),
    )
    return now._replace(**_trained(now.training, name))


def source_at(label: str, declared: params.Params, folder: Path, *, whole: bool) -> Source:
    """Return where an experiment's results are; those of a revision, `NAME@REVISION`, are brought into a folder.

    Args:
        label: the name, with or without a revision.
        declared: params.yaml as it is now.
        folder: for files of the past.
        whole: whether to bring all results, or only the scores.
    """
    name, at, revision = label.partition("@")
    params.check_declared(name, declared.experiments, "experiment")
    now = source(name, declared)
    if not at:
        return now
    revisions.bring(layout.scores(name).parent if whole else layout.scores(name), revision, folder)
    training, evaluation = (
        revisions.bring_record(layout.record(stage, name), revision, folder) for stage in ("train", "evaluate")
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
