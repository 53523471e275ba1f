"""The command `showreel`: one subcommand a stage, `list`, `sync` and `verify`. It parses, calls one function and exits.

Exit codes: 0 done, 1 a file, archive or network is at fault, 2 params.yaml or the command line is, 130 interrupted.
"""

import argparse
import fnmatch
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

from showreel import find, layout, locks, params
from showreel.errors import ParamsError, ShowreelError
from showreel.lineage import Lineage

EPILOG = """\
Names are those of params.yaml. The stages run in the order above, up to render; an engine does that for you:
  dvc repro --glob 'render@photos-*'
  snakemake --cores 4 all_gifs

SHOWREEL_MIRROR: folders or URL prefixes, separated by commas, that `download` asks before the official addresses.
"""


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
    with _running(
        "train", name, inputs=[degraded, clean], makers=makers, values=values, models=experiment.model
    ) as lineage:
        with _quiet_start():
            from showreel.stages.train import Recipe, train

        train(
            name,
            degraded=degraded,
            clean=clean,
            model=layout.model(name),
            reel=layout.reel(name),
            history=layout.history(name),
            timing=layout.timing(name),
            kept=layout.checkpoint(name),
            recipe=Recipe(experiment.model, declared.models[experiment.model], declared.seed, **declared.recipe(name)),
            lineage=lineage,
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
        with _quiet_start():
            from showreel.stages.evaluate import evaluate

        evaluate(
            name,
            model=model,
            reel=reel,
            degraded=degraded,
            clean=clean,
            degradation=experiment.input,
            metrics=layout.metrics(name),
            scores=layout.scores(name),
            examples=layout.examples(name),
            lineage=lineage,
        )


def render(name: str, declared: params.Params) -> None:
    """Draw an experiment's reel: reel.gif and poster.png."""
    params.check_declared(name, declared.experiments, "experiment")
    reel, examples, metrics = layout.reel(name), layout.examples(name), layout.metrics(name)
    makers = [layout.record(stage, name) for stage in ("train", "evaluate")]
    with _running("render", name, inputs=[reel, examples, metrics], makers=makers, values={}) as lineage:
        from showreel.stages.render import render

        gif, poster = layout.gif(name), layout.poster(name)
        render(name, reel=reel, examples=examples, metrics=metrics, gif=gif, poster=poster, lineage=lineage)


def list_(pattern: str, declared: params.Params) -> None:
    """Show the experiments that a pattern names, their scores and where their GIFs are."""
    from showreel.listing import Entry, table

    names = _matching(pattern, declared)
    print(table(Entry(name, layout.metrics(name), layout.gif(name)) for name in names))


def sync(pattern: str, declared: params.Params) -> None:
    """Let DVC and Snakemake take over each other's results for the experiments that a pattern names."""
    from showreel.sync import sync

    print(sync(_matching(pattern, declared)))


def verify(pattern: str, as_json: bool, experiment: str | None, declared: params.Params) -> int:
    """Check every file against dvc.lock, the lineage records and params.yaml, or make one experiment again."""
    from showreel.verification import report
    from showreel.verification.audit import audit
    from showreel.verification.rebuild import rebuild

    root, source = layout.PARAMS.parent, find.PACKAGE.parent
    if experiment is None:
        experiments = None if pattern == "*" else _matching(pattern, declared)
        told = report.of_audit(audit(root, declared, source=source, experiments=experiments))
    else:
        params.check_declared(experiment, declared.experiments, "experiment")
        told = report.of_rebuild(rebuild(root, declared, experiment, source=source))
    print(told.json if as_json else told.text)
    return 0 if told.right else 1


STAGES: dict[Callable[..., None], tuple[str, ...]] = {
    download: ("dataset",),
    prepare: ("dataset",),
    degrade: ("dataset", "degradation"),
    train: ("experiment",),
    evaluate: ("experiment",),
    render: ("experiment",),
}
"""Subcommand → the names that it takes, in order."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        parsed = vars(_parser().parse_args(given))
        function = parsed.pop("function")
        return function(*parsed.values(), params.load(layout.PARAMS)) or 0
    except ShowreelError as error:
        return _fail(str(error), error.exit_code)
    except OSError as error:
        return _fail(f"{' '.join(given)}: {error}; check that the disk has room and that its folders can be written", 1)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing half-written is left", 130)
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: object) -> NoReturn:
    """Take a scheduler's request to end as an interruption, so that temporary files are removed."""
    raise KeyboardInterrupt


@contextmanager
def _running(
    stage: str,
    *names: str,
    inputs: Iterable[Path],
    makers: Iterable[Path],
    values: params.Options,
    **extensions: str,
) -> Iterator[Lineage]:
    """Run a stage alone, and begin its lineage before its code is loaded."""
    command = " ".join((stage, *names))
    with locks.alone(layout.lock(stage, *names), f"showreel {command}"):
        yield Lineage.begin(
            command,
            record=layout.record(stage, *names),
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


class _Parser(argparse.ArgumentParser):
    """Complains in one line, as everything else here does, instead of printing its usage too."""

    def error(self, message: str) -> NoReturn:
        raise ParamsError(f"{message}; see `{self.prog} --help`")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="showreel", description=metadata.metadata("showreel")["Summary"], epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"showreel {metadata.version('showreel')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for stage, names in STAGES.items():
        command = _command(commands, stage)
        for name in names:
            command.add_argument(name, metavar=name.upper(), help=f"a name in params.yaml: {name}s")
    for function in (list_, sync):
        _command(commands, function).add_argument("pattern", nargs="?", default="*", help="'mnist-*'; default: all")
    verifying = _command(commands, verify)
    choice = verifying.add_mutually_exclusive_group()
    choice.add_argument("pattern", nargs="?", default="*", help="'mnist-*'; default: all that is here")
    verifying.add_argument("--json", action="store_true", help="for machines: every finding")
    choice.add_argument("--rebuild", metavar="EXPERIMENT", help="make it again in a scratch folder and compare")
    return parser


def _command(commands: Any, function: Callable[..., int | None]) -> argparse.ArgumentParser:
    summary = (function.__doc__ or "").strip()
    command: argparse.ArgumentParser = commands.add_parser(
        function.__name__.strip("_"), help=summary, description=summary
    )
    command.set_defaults(function=function)
    return command


def _matching(pattern: str, declared: params.Params) -> list[str]:
    names = fnmatch.filter(declared.experiments, pattern)
    if not names:
        params.check_declared(pattern, declared.experiments, "experiment")
    return names


def _fail(message: str, exit_code: int) -> int:
    print(f"showreel: error: {' '.join(message.split())}", file=sys.stderr)
    return exit_code


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Keep TensorFlow's start-up messages off the terminal; its C++ part writes them whatever its log level says."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    terminal = os.dup(sys.stderr.fileno())
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stderr.fileno())
    try:
        yield
    finally:
        os.dup2(terminal, sys.stderr.fileno())
        os.close(terminal)
