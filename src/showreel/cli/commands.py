"""What each subcommand does: look its values up in params.yaml and its paths, and call one function.

A stage runs alone, and its lineage begins before its code is loaded; that is why stages are imported here and there.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from showreel.cli import terminal
from showreel.exporting import formats
from showreel.params import messages, registry, schema
from showreel.pipeline import graph, locks, paths
from showreel.pipeline.graph import Stage
from showreel.pipeline.quiet import quiet
from showreel.storage import atomic
from showreel.storage.errors import ShowreelError
from showreel.watching import choice

if TYPE_CHECKING:
    from showreel.pipeline.lineage import Lineage


def download(name: str, declared: schema.Params) -> None:
    """Bring a data set's raw files here, each verified by its SHA-256."""
    messages.check_declared(name, declared.datasets, "dataset")
    mirrors = [mirror.strip() for mirror in os.environ.get("SHOWREEL_MIRROR", "").split(",") if mirror.strip()]
    dataset = declared.datasets[name]
    with _running(f"download {name}", declared) as lineage:
        from showreel.stages.download import download

        download(
            dataset.source,
            paths.raw(name),
            partial=paths.PARTIAL,
            mirrors=mirrors,
            options=dataset.options,
            lineage=lineage,
        )


def prepare(name: str, declared: schema.Params) -> None:
    """Decode a data set's raw files into one HDF5 file of its fields."""
    messages.check_declared(name, declared.datasets, "dataset")
    dataset = declared.datasets[name]
    with _running(f"prepare {name}", declared) as lineage:
        from showreel.stages.prepare import prepare

        path = paths.prepared(name)
        prepare(dataset.source, paths.raw(name), path, dataset=name, options=dataset.options, lineage=lineage)


def degrade(name: str, declared: schema.Params) -> None:
    """Make a network's input from a data set."""
    messages.check_declared(name, declared.inputs, "input")
    given = declared.inputs[name]
    with _running(f"degrade {name}", declared) as lineage:
        from showreel.stages.degrade import degrade

        clean, degraded = paths.prepared(given.dataset), paths.prepared(name)
        degrade(name, given.degradation, clean, degraded, seed=declared.seed, options=given.options, lineage=lineage)


def train(name: str, declared: schema.Params) -> None:
    """Train an experiment's network; keep its history and what it made of some examples after every epoch."""
    messages.check_declared(name, declared.experiments, "experiment")
    experiment = declared.experiments[name]
    choice.check_installed(declared.watchers)
    with _running(f"train {name}", declared) as lineage:
        atomic.remove_leftovers(paths.checkpoint(name))
        with quiet():
            from showreel.stages.train import Paths, train

        with choice.opened(
            declared.watchers,
            dvclive=paths.watched("dvclive", name),
            tensorboard=paths.watched("tensorboard", name),
            title=os.environ.get("DVC_EXP_NAME", name),
        ) as watchers:
            train(
                name,
                Paths.of(name, declared),
                task=experiment.task,
                model=experiment.model,
                options=declared.network(name),
                seed=declared.seed,
                training=declared.recipe(name),
                lineage=lineage,
                watchers=watchers,
            )


def evaluate(name: str, declared: schema.Params) -> None:
    """Score an experiment's network and every baseline on the complete test split."""
    messages.check_declared(name, declared.experiments, "experiment")
    with _running(f"evaluate {name}", declared) as lineage:
        with quiet():
            from showreel.stages.evaluate import Paths, evaluate

        evaluate(name, Paths.of(name, declared), task=declared.experiments[name].task, lineage=lineage)


def render(name: str, declared: schema.Params) -> None:
    """Draw an experiment's reel: reel.gif, poster.png and the pictures of the gallery."""
    messages.check_declared(name, declared.experiments, "experiment")
    with _running(f"render {name}", declared) as lineage:
        from showreel.stages.render import Paths, render

        render(name, Paths.of(name, declared), lineage=lineage)


def study(kind: str, name: str, declared: schema.Params) -> None:
    """Ask a question of a trained network."""
    messages.check_declared(name, declared.studies[kind], kind)
    with _running(f"{kind} {name}", declared) as lineage:
        with quiet():
            module = registry.module("studies", kind, "study")
        entry = declared.studies[kind][name]
        module.run(name, entry.of, declared, lineage, **entry.options)


def gallery(declared: schema.Params) -> None:
    """Write the static site in gallery/ over the experiments and studies that have results.

    Networks that `showreel export` has written as ONNX can be tried there, in the reader's browser.
    """
    if paths.GALLERY.is_symlink():
        raise ShowreelError(f"{paths.GALLERY}: is a link, and a gallery replaces all that is there; remove the link")
    names = [name for name in declared.experiments if all(path.exists() for path in paths.results(name).values())]
    if not names:
        first = next(iter(declared.experiments), "NAME")
        raise ShowreelError(f"no experiment has results to show; make some first: `dvc repro render@{first}`")
    studies = {
        name: kind
        for kind, entries in declared.studies.items()
        for name in entries
        if all(path.exists() for path in paths.study_results(name).values())
    }
    results = [path for name in names for path in paths.results(name).values()]
    results += [path for name in studies for path in paths.study_results(name).values()]
    exported = [path for name in names if (path := paths.exported(name, paths.BROWSER_EXPORT)).is_file()]
    records = [paths.record(stage, name) for name in names for stage in ("train", "evaluate")]
    shown = [record for record in records if record.exists()]
    makers = [*records, *(paths.record("render", name) for name in names)]
    makers += [paths.record(kind, name) for name, kind in studies.items()]
    with _running("gallery", declared, inputs=[*results, *shown, *exported], makers=makers) as lineage:
        from showreel.reporting.sources import source
        from showreel.stages.gallery import gallery

        pending = [name for name in declared.experiments if name not in names]
        sources = [source(name, declared) for name in names]
        gallery(sources, paths.GALLERY, studies=studies, pending=pending, lineage=lineage)


def sync(pattern: str, declared: schema.Params) -> None:
    """Let DVC and Snakemake take over each other's results for the experiments that a pattern names."""
    from showreel.verification.sync import sync

    names = declared.matching(pattern)
    terminal.write(sync(names, declared, root=paths.PARAMS.parent))


def verify(
    pattern: str, as_json: bool, strict: bool, experiment: str | None, revision: str | None, declared: schema.Params
) -> int:
    """Check every file against the lineage records, the code and params.yaml, or make one experiment again.

    Results of other code than the present are published ones, and no fault unless --strict.

    --same COMMIT makes a tiny portfolio with that commit's code and with the code here, in scratch folders, and
    compares every output: what an edit that should change no result has to pass.
    """
    from showreel.verification import report
    from showreel.verification.check import check
    from showreel.verification.rebuild import rebuild
    from showreel.verification.same import same

    root = paths.PARAMS.parent
    if revision is not None:
        answer = report.of_sameness(same(registry.PACKAGE.parent, revision))
    elif experiment is not None:
        messages.check_declared(experiment, declared.experiments, "experiment")
        answer = report.of_rebuild(rebuild(root, declared, experiment))
    else:
        experiments = None if pattern == "*" else declared.matching(pattern)
        answer = report.of_check(check(root, declared, experiments=experiments, strict=strict))
    terminal.write(answer.json if as_json else answer.text)
    return 0 if answer.right else 1


def export(name: str, form: str, output: Path | None, declared: schema.Params) -> None:
    """Write a trained network for other programs, and prove on the test set that it does there what it does in Keras.

    The formats, each run by a runtime of its own on all test examples before the file gets its name:
      onnx         ONNX, run by ONNX Runtime; needs the extra showreel[export]
      saved_model  TensorFlow's SavedModel, a folder, run by TensorFlow
      litert       LiteRT, once TensorFlow Lite, run by its own interpreter; needs the extra showreel[export]

    All take uint8 images (n, h, w, c) and return float32. Size and differences are printed; where a value differs too
    much, nothing is written and the command exits with 1. The gallery lets its readers try what is in exports/ as ONNX.
    """
    messages.check_declared(name, declared.experiments, "experiment")
    formats.check_installed(form)
    with quiet():
        from showreel.exporting.export import export, hide_gpus

    hide_gpus()
    output = output or paths.exported(name, formats.FORMATS[form].suffix)
    prepared = paths.prepared(declared.experiments[name].input)
    terminal.write(export(name, form=form, model=paths.model(name), prepared=prepared, output=output))


@contextmanager
def _running(
    command: str, declared: schema.Params, *, inputs: list[Path] | None = None, makers: list[Path] | None = None
) -> "Iterator[Lineage]":
    """Run a stage alone, and begin its lineage before its code is loaded.

    Args:
        command: without `showreel`.
        declared: params.yaml, which says what the stage reads and depends on.
        inputs: what it reads, where that is not what the graph says.
        makers: the records of what it reads, likewise.
    """
    from showreel.pipeline.lineage import Lineage

    stages = graph.stages(declared)
    stage = stages[graph.stage_name(command)]
    record = stage.record
    with locks.alone(paths.lock(*command.split()), f"showreel {command}"):
        atomic.remove_leftovers(record)
        yield Lineage.begin(
            command,
            record=record,
            code=stage.code,
            inputs=dict.fromkeys(stage.inputs if inputs is None else inputs),
            makers=_makers(stage, stages.values()) if makers is None else makers,
            params=declared.values(*stage.params),
        )


def _makers(stage: Stage, stages: Iterable[Stage]) -> list[Path]:
    """List the records of the stages whose outputs a stage reads."""
    return [other.record for other in stages if not {*other.outputs}.isdisjoint(stage.inputs)]
