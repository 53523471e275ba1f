"""Where experiments' results are: those of today in their places, those of a git revision brought into a folder."""

from pathlib import Path

from showreel import layout, params, revisions
from showreel.gallery.entry import Source


def source(name: str, declared: params.Params) -> Source:
    """Return where an experiment's results are, and what it is."""
    return Source(
        label=name,
        **declared.experiments[name].model_dump(include={"dataset", "input", "model"}),
        results=layout.results(name),
        training=layout.record("train", name),
        evaluation=layout.record("evaluate", name),
    )


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
    commit = revisions.commit(revision)
    revisions.bring(layout.scores(name).parent if whole else layout.scores(name), commit, folder)
    training, evaluation = (
        revisions.bring_record(layout.record(stage, name), commit, folder) for stage in ("train", "evaluate")
    )
    results = {kind: folder / path for kind, path in now.results.items()}
    return now._replace(label=label, results=results, training=training, evaluation=evaluation)
