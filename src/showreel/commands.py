"""What each subcommand does: look its values up in params.yaml and its paths in the layout, and call one function.

A stage runs alone, and its lineage begins before its code is loaded; that is why stages are imported here and there.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from showreel import atomic, find, layout, locks, params, terminal
from showreel.errors import ShowreelError
from showreel.exporting import formats
from showreel.quiet import quiet
from showreel.watching import choice

if TYPE_CHECKING:
    from showreel.lineage import Lineage


def download(name: str, declared: params.Params) -> None:
    """Bring a data set's raw files here, each verified by its SHA-256."""
    params.check_declared(name, declared.datasets, "dataset")
    mirrors = [mirror.strip() for mirror in os.environ.get("SHOWREEL_MIRROR", "").split(",") if mirror.strip()]
    dataset, values = declared.datasets[name], declared.values(f"datasets.{name}")
    with _running("download", name, inputs=[], makers=[], values=values, datasets=dataset.source) as lineage:
        from showreel.stages.download import download

        download(
            dataset.source,
            layout.raw(name),
            partial=layout.PARTIAL,
            mirrors=mirrors,
            options=dataset.options,
            lineage=lineage,
        )


def prepare(name: str, declared: params.Params) -> None:
    """Decode a data set's raw files into one HDF5 file of clean images."""
    params.check_declared(name, declared.datasets, "dataset")
    dataset, values = declared.datasets[name], declared.values(f"datasets.{name}")
    raw, clean = layout.raw(name), layout.prepared(name, params.CLEAN)
    makers = [layout.record("download", name)]
    with _running("prepare", name, inputs=[raw], makers=makers, values=values, datasets=dataset.source) as lineage:
        from showreel.stages.prepare import prepare

        prepare(dataset.source, raw, clean, dataset=name, options=dataset.options, lineage=lineage)


def degrade(name: str, degradation: str, declared: params.Params) -> None:
    """Make a network's inputs from a data set's clean images."""
    params.check_declared(name, declared.datasets, "dataset")
    params.check_declared(degradation, declared.degradations, "degradation")
    clean, degraded = layout.prepared(name, params.CLEAN), layout.prepared(name, degradation)
    makers, values = [layout.record("prepare", name)], declared.values("seed", f"degradations.{degradation}")
    with _running(
        "degrade", name, degradation, inputs=[clean], makers=makers, values=values, degradations=degradation
    ) as lineage:
        from showreel.stages.degrade import degrade

        options = declared.degradations[degradation]
        degrade(degradation, clean, degraded, seed=declared.seed, options=options, lineage=lineage)


def train(name: str, declared: params.Params) -> None:
    """Train an experiment's network; keep its history and what it predicted after every epoch."""
    experiment, degraded, clean, makers = _experiment(name, declared)
    values = declared.values("seed", "training", f"models.{experiment.model}", f"experiments.{name}")
    choice.check_installed(declared.watchers)
    with _running(
        "train", name, inputs=[degraded, clean], makers=makers, values=values, models=experiment.model
    ) as lineage:
        atomic.remove_leftovers(layout.checkpoint(name))
        with quiet():
            from showreel.stages.train import Recipe, train

        recipe = Recipe(experiment.model, declared.models[experiment.model], declared.seed, **declared.recipe(name))
        with choice.opened(
            declared.watchers,
            dvclive=layout.watched("dvclive", name),
            tensorboard=layout.watched("tensorboard", name),
            title=os.environ.get("DVC_EXP_NAME", name),
        ) as watchers:
            train(
                name,
                degraded=degraded,
                clean=clean,
                model=layout.model(name),
                reel=layout.reel(name),
                history=layout.history(name),
                timing=layout.timing(name),
                kept=layout.checkpoint(name),
                recipe=recipe,
                lineage=lineage,
                watchers=watchers,
            )


def evaluate(name: str, declared: params.Params) -> None:
    """Score an experiment's network and every baseline on the complete test split."""
    experiment, degraded, clean, makers = _experiment(name, declared)
    model, reel = layout.model(name), layout.reel(name)
    inputs, values = [model, reel, degraded, clean], declared.values(f"experiments.{name}")
    makers.append(layout.record("train", name))
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
            metrics=layout.metrics(name),
            baselines=layout.baselines(name),
            scores=layout.scores(name),
            examples=layout.examples(name),
            lineage=lineage,
        )


def render(name: str, declared: params.Params) -> None:
    """Draw an experiment's reel: reel.gif, poster.png and the pictures of the gallery."""
    params.check_declared(name, declared.experiments, "experiment")
    reel, examples, metrics = layout.reel(name), layout.examples(name), layout.metrics(name)
    makers = [layout.record(stage, name) for stage in ("train", "evaluate")]
    with _running("render", name, inputs=[reel, examples, metrics], makers=makers, values={}) as lineage:
        from showreel.stages.render import render

        render(
            name,
            reel=reel,
            examples=examples,
            metrics=metrics,
            gif=layout.gif(name),
            poster=layout.poster(name),
            card=layout.card(name),
            still=layout.still(name),
            sheet=layout.sheet(name),
            places=layout.places(name),
            lineage=lineage,
        )


def gallery(declared: params.Params) -> None:
    """Write the static site in gallery/ over the experiments that have results.

    Networks that `showreel export` has written as ONNX can be tried there, in the reader's browser.
    """
    if layout.GALLERY.is_symlink():
        raise ShowreelError(f"{layout.GALLERY}: is a link, and a gallery replaces all that is there; remove the link")
    names = [name for name in declared.experiments if all(path.exists() for path in layout.results(name).values())]
    if not names:
        first = next(iter(declared.experiments), "NAME")
        raise ShowreelError(f"no experiment has results to show; make some first: `dvc repro render@{first}`")
    results = [path for name in names for path in layout.results(name).values()]
    records = [layout.record(stage, name) for name in names for stage in ("train", "evaluate")]
    shown = [record for record in records if record.exists()]
    makers = records + [layout.record("render", name) for name in names]
    tried = [path for name in names if (path := layout.exported(name, layout.TRIED)).is_file()]
    inputs, values = results + shown + tried, declared.values("experiments")
    with _running("gallery", inputs=inputs, makers=makers, values=values) as lineage:
        from showreel.sources import source
        from showreel.stages.gallery import gallery

        pending = [name for name in declared.experiments if name not in names]
        gallery([source(name, declared) for name in names], layout.GALLERY, pending=pending, lineage=lineage)


def sync(pattern: str, declared: params.Params) -> None:
    """Let DVC and Snakemake take over each other's results for the experiments that a pattern names."""
    from showreel.sync import sync

    terminal.write(sync(declared.matching(pattern), declared, root=layout.PARAMS.parent, source=find.PACKAGE.parent))


def verify(pattern: str, as_json: bool, experiment: str | None, revision: str | None, declared: params.Params) -> int:
    """Check every file against dvc.lock, the lineage records and params.yaml, or make one experiment again.

    --same COMMIT makes a tiny portfolio with that commit's code and with the code here, in scratch folders, and
    compares every output: what an edit that should change no result has to pass.
    """
    from showreel.verification import report
    from showreel.verification.audit import audit
    from showreel.verification.rebuild import rebuild

    root, source = layout.PARAMS.parent, find.PACKAGE.parent
    if revision is not None:
        from showreel.verification.same import same

        told = report.of_sameness(same(source, revision))
    elif experiment is None:
        experiments = None if pattern == "*" else declared.matching(pattern)
        told = report.of_audit(audit(root, declared, source=source, experiments=experiments))
    else:
        params.check_declared(experiment, declared.experiments, "experiment")
        told = report.of_rebuild(rebuild(root, declared, experiment, source=source))
    terminal.write(told.json if as_json else told.text)
    return 0 if told.right else 1


def export(name: str, form: str, output: Path | None, declared: params.Params) -> None:
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
    output = output or layout.exported(name, formats.FORMATS[form].suffix)
    terminal.write(export(name, form=form, model=layout.model(name), prepared=degraded, output=output))


@contextmanager
def _running(
    stage: str, *names: str, inputs: Iterable[Path], makers: Iterable[Path], values: params.Options, **extensions: str
) -> "Iterator[Lineage]":
    """Run a stage alone, and begin its lineage before its code is loaded."""
    from showreel.lineage import Lineage

    command, record = " ".join((stage, *names)), layout.record(stage, *names)
    with locks.alone(layout.lock(stage, *names), f"showreel {command}"):
        atomic.remove_leftovers(record)
        yield Lineage.begin(
            command,
            record=record,
            modules=layout.modules(stage, **extensions),
            inputs=dict.fromkeys(inputs),
            makers=makers,
            params=values,
        )


def _experiment(name: str, declared: params.Params) -> tuple[params.Experiment, Path, Path, list[Path]]:
    """Return what is declared of an experiment, the prepared files of its input and target, and their records."""
    params.check_declared(name, declared.experiments, "experiment")
    experiment = declared.experiments[name]
    dataset, kind = experiment.dataset, experiment.input
    records = [layout.record("prepare", dataset)]
    if kind != params.CLEAN:
        records.append(layout.record("degrade", dataset, kind))
    return experiment, layout.prepared(dataset, kind), layout.prepared(dataset, params.CLEAN), records
