"""What each subcommand does: look its values up in params.yaml and its paths in the layout, and call one function.

A stage runs alone, and its lineage begins before its code is loaded; that is why stages are imported here and there.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from showreel.cli import terminal
from showreel.exporting import formats
from showreel.params import registry, schema
from showreel.pipeline import locks, paths
from showreel.pipeline.quiet import quiet
from showreel.storage import atomic
from showreel.storage.errors import ShowreelError
from showreel.watching import choice

if TYPE_CHECKING:
    from showreel.pipeline.lineage import Lineage


def download(name: str, declared: schema.Params) -> None:
    """Bring a data set's raw files here, each verified by its SHA-256."""
    schema.check_declared(name, declared.datasets, "dataset")
    mirrors = [mirror.strip() for mirror in os.environ.get("SHOWREEL_MIRROR", "").split(",") if mirror.strip()]
    dataset, values = declared.datasets[name], declared.values(f"datasets.{name}")
    with _running("download", name, inputs=[], makers=[], values=values, datasets=dataset.source) as lineage:
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
    """Decode a data set's raw files into one HDF5 file of clean images."""
    schema.check_declared(name, declared.datasets, "dataset")
    dataset, values = declared.datasets[name], declared.values(f"datasets.{name}")
    raw, clean = paths.raw(name), paths.prepared(name, schema.CLEAN)
    makers = [paths.record("download", name)]
    with _running("prepare", name, inputs=[raw], makers=makers, values=values, datasets=dataset.source) as lineage:
        from showreel.stages.prepare import prepare

        prepare(dataset.source, raw, clean, dataset=name, options=dataset.options, lineage=lineage)


def degrade(name: str, degradation: str, declared: schema.Params) -> None:
    """Make a network's inputs from a data set's clean images."""
    schema.check_declared(name, declared.datasets, "dataset")
    schema.check_declared(degradation, declared.degradations, "degradation")
    clean, degraded = paths.prepared(name, schema.CLEAN), paths.prepared(name, degradation)
    makers, values = [paths.record("prepare", name)], declared.values("seed", f"degradations.{degradation}")
    with _running(
        "degrade", name, degradation, inputs=[clean], makers=makers, values=values, degradations=degradation
    ) as lineage:
        from showreel.stages.degrade import degrade

        options = declared.degradations[degradation]
        degrade(degradation, clean, degraded, seed=declared.seed, options=options, lineage=lineage)


def train(name: str, declared: schema.Params) -> None:
    """Train an experiment's network; keep its history and what it predicted after every epoch."""
    experiment, degraded, clean, makers = _experiment(name, declared)
    values = declared.values("seed", "training", f"models.{experiment.model}", f"experiments.{name}")
    choice.check_installed(declared.watchers)
    with _running(
        "train", name, inputs=[degraded, clean], makers=makers, values=values, models=experiment.model
    ) as lineage:
        atomic.remove_leftovers(paths.checkpoint(name))
        with quiet():
            from showreel.stages.train import Recipe, train

        recipe = Recipe(experiment.model, declared.models[experiment.model], declared.seed, **declared.recipe(name))
        with choice.opened(
            declared.watchers,
            dvclive=paths.watched("dvclive", name),
            tensorboard=paths.watched("tensorboard", name),
            title=os.environ.get("DVC_EXP_NAME", name),
        ) as watchers:
            train(
                name,
                degraded=degraded,
                clean=clean,
                model=paths.model(name),
                reel=paths.reel(name),
                history=paths.history(name),
                timing=paths.timing(name),
                kept=paths.checkpoint(name),
                recipe=recipe,
                lineage=lineage,
                watchers=watchers,
            )


def evaluate(name: str, declared: schema.Params) -> None:
    """Score an experiment's network and every baseline on the complete test split."""
    experiment, degraded, clean, makers = _experiment(name, declared)
    model, reel = paths.model(name), paths.reel(name)
    inputs, values = [model, reel, degraded, clean], declared.values(f"experiments.{name}")
    makers.append(paths.record("train", name))
    with _running(
        "evaluate", name, inputs=inputs, makers=makers, values=values, degradations=experiment.input
    ) as lineage:
        with quiet():
            from showreel.stages.evaluate import evaluate

        evaluate(
            name,
            model=model,
            reel=reel,
            degraded=degraded,
            clean=clean,
            degradation=experiment.input,
            metrics=paths.metrics(name),
            baselines=paths.baselines(name),
            scores=paths.scores(name),
            examples=paths.examples(name),
            lineage=lineage,
        )


def render(name: str, declared: schema.Params) -> None:
    """Draw an experiment's reel: reel.gif, poster.png and the pictures of the gallery."""
    schema.check_declared(name, declared.experiments, "experiment")
    reel, examples, metrics = paths.reel(name), paths.examples(name), paths.metrics(name)
    makers = [paths.record(stage, name) for stage in ("train", "evaluate")]
    with _running("render", name, inputs=[reel, examples, metrics], makers=makers, values={}) as lineage:
        from showreel.stages.render import render

        render(
            name,
            reel=reel,
            examples=examples,
            metrics=metrics,
            gif=paths.gif(name),
            poster=paths.poster(name),
            card=paths.card(name),
            still=paths.still(name),
            sheet=paths.sheet(name),
            places=paths.places(name),
            lineage=lineage,
        )


def gallery(declared: schema.Params) -> None:
    """Write the static site in gallery/ over the experiments that have results.

    Networks that `showreel export` has written as ONNX can be tried there, in the reader's browser.
    """
    if paths.GALLERY.is_symlink():
        raise ShowreelError(f"{paths.GALLERY}: is a link, and a gallery replaces all that is there; remove the link")
    names = [name for name in declared.experiments if all(path.exists() for path in paths.results(name).values())]
    if not names:
        first = next(iter(declared.experiments), "NAME")
        raise ShowreelError(f"no experiment has results to show; make some first: `dvc repro render@{first}`")
    results = [path for name in names for path in paths.results(name).values()]
    records = [paths.record(stage, name) for name in names for stage in ("train", "evaluate")]
    shown = [record for record in records if record.exists()]
    makers = records + [paths.record("render", name) for name in names]
    tried = [path for name in names if (path := paths.exported(name, paths.TRIED)).is_file()]
    inputs, values = results + shown + tried, declared.values("experiments")
    with _running("gallery", inputs=inputs, makers=makers, values=values) as lineage:
        from showreel.reporting.sources import source
        from showreel.stages.gallery import gallery

        pending = [name for name in declared.experiments if name not in names]
        gallery([source(name, declared) for name in names], paths.GALLERY, pending=pending, lineage=lineage)


def sync(pattern: str, declared: schema.Params) -> None:
    """Let DVC and Snakemake take over each other's results for the experiments that a pattern names."""
    from showreel.verification.sync import sync

    terminal.write(sync(declared.matching(pattern), declared, root=paths.PARAMS.parent, source=registry.PACKAGE.parent))


def verify(pattern: str, as_json: bool, experiment: str | None, revision: str | None, declared: schema.Params) -> int:
    """Check every file against dvc.lock, the lineage records and params.yaml, or make one experiment again.

    --same COMMIT makes a tiny portfolio with that commit's code and with the code here, in scratch folders, and
    compares every output: what an edit that should change no result has to pass.
    """
    from showreel.verification import report
    from showreel.verification.audit import audit
    from showreel.verification.rebuild import rebuild

    root, source = paths.PARAMS.parent, registry.PACKAGE.parent
    if revision is not None:
        from showreel.verification.same import same

        told = report.of_sameness(same(source, revision))
    elif experiment is None:
        experiments = None if pattern == "*" else declared.matching(pattern)
        told = report.of_audit(audit(root, declared, source=source, experiments=experiments))
    else:
        schema.check_declared(experiment, declared.experiments, "experiment")
        told = report.of_rebuild(rebuild(root, declared, experiment, source=source))
    terminal.write(told.json if as_json else told.text)
    return 0 if told.right else 1


def export(name: str, form: str, output: Path | None, declared: schema.Params) -> None:
    """Write a trained network for other programs, and prove on the test set that it does there what it does in Keras.

    The formats, each run by a runtime of its own on all test images before the file gets its name:
      onnx         ONNX, run by ONNX Runtime; needs the extra showreel[export]
      saved_model  TensorFlow's SavedModel, a folder, run by TensorFlow
      litert       LiteRT, once TensorFlow Lite, run by its own interpreter; needs the extra showreel[export]

    All take uint8 images (n, h, w, c) and return float32 in [0, 1]. Size and differences are printed; where a value
    differs too much, nothing is written and the command exits with 1. The gallery lets its readers try what is in
    exports/ as ONNX.
    """
    _, degraded, _, _ = _experiment(name, declared)
    formats.check_installed(form)
    with quiet():
        from showreel.exporting.export import export, hide_gpus

    hide_gpus()
    output = output or paths.exported(name, formats.FORMATS[form].suffix)
    terminal.write(export(name, form=form, model=paths.model(name), prepared=degraded, output=output))


@contextmanager
def _running(
    stage: str, *names: str, inputs: Iterable[Path], makers: Iterable[Path], values: schema.Options, **extensions: str
) -> "Iterator[Lineage]":
    """Run a stage alone, and begin its lineage before its code is loaded."""
    from showreel.pipeline.lineage import Lineage

    command, record = " ".join((stage, *names)), paths.record(stage, *names)
    with locks.alone(paths.lock(stage, *names), f"showreel {command}"):
        atomic.remove_leftovers(record)
        yield Lineage.begin(
            command,
            record=record,
            modules=paths.modules(stage, **extensions),
            inputs=dict.fromkeys(inputs),
            makers=makers,
            params=values,
        )


def _experiment(name: str, declared: schema.Params) -> tuple[schema.Experiment, Path, Path, list[Path]]:
    """Return what is declared of an experiment, the prepared files of its input and target, and their records."""
    schema.check_declared(name, declared.experiments, "experiment")
    experiment = declared.experiments[name]
    dataset, kind = experiment.dataset, experiment.input
    records = [paths.record("prepare", dataset)]
    if kind != schema.CLEAN:
        records.append(paths.record("degrade", dataset, kind))
    return experiment, paths.prepared(dataset, kind), paths.prepared(dataset, schema.CLEAN), records
