"""The stages that params.yaml declares: what each one reads and writes. A test holds this to both engines' files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from showreel.params import registry
from showreel.params.schema import RANDOM, Params
from showreel.pipeline import paths


class Stage(NamedTuple):
    """One run of one command.

    Attributes:
        command: without `showreel`, such as `train mnist-denoiser`.
        inputs: the data that it reads.
        outputs: what it writes, but for its record.
        record: the record of its run.
        code: the files and folders of the package that decide its results.
        params: dotted keys of params.yaml: what shapes its results.
        experiment: whose stage it is, an experiment or a study; "" for those of data.
    """

    command: str
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    record: Path
    code: tuple[Path, ...]
    params: tuple[str, ...] = ()
    experiment: str = ""

    @property
    def name(self) -> str:
        """Its name in DVC, such as `train@mnist-denoiser`."""
        return stage_name(self.command)

    @property
    def kind(self) -> str:
        """The stage's own name, such as `train`."""
        return self.command.split()[0]


def stage_name(command: str) -> str:
    """Return DVC's name of a command: `degrade mnist-noisy` is `degrade@mnist-noisy`."""
    return command.replace(" ", "@", 1)


def stages(declared: Params) -> dict[str, Stage]:
    """List all declared stages by name, each after those whose outputs it reads."""
    listed = [stage for name in declared.datasets for stage in _of_dataset(name, declared)]
    listed += [_of_input(name, declared) for name in declared.inputs]
    listed += [stage for name in _parents_first(declared) for stage in _of_experiment(name, declared)]
    listed += [_of_study(kind, name, declared) for kind, studies in declared.studies.items() for name in studies]
    listed.append(_gallery(declared))
    return {stage.name: stage for stage in listed}


def needed(name: str, declared: Params) -> dict[str, Stage]:
    """List the stages that an experiment's GIF, or a study's picture, needs, in the order in which they run."""
    return chains([name], declared)[name]


def chains(names: Iterable[str], declared: Params) -> dict[str, dict[str, Stage]]:
    """List by name the stages that experiments and studies need; the graph is looked at once."""
    everything = stages(declared)
    makers = ancestors(everything)
    found = {}
    for name in names:
        own = {key for key, stage in everything.items() if stage.experiment == name}
        wanted = own.union(*(makers[key] for key in own))
        found[name] = {key: stage for key, stage in everything.items() if key in wanted}
    return found


def ancestors(among: Mapping[str, Stage]) -> dict[str, set[str]]:
    """Return for each stage those that it reads from, in turn; they must be listed before it."""
    found: dict[str, set[str]] = {}
    makers: dict[Path, str] = {}
    for name, stage in among.items():
        direct = {makers[path] for path in stage.inputs if path in makers}
        found[name] = direct.union(*(found[maker] for maker in direct))
        makers |= dict.fromkeys((*stage.outputs, stage.record), name)
    return found


def _stage(command: str, inputs: Iterable[Path], outputs: Iterable[Path], *, code: list[Path], **more: Any) -> Stage:
    verb, *names = command.split()
    return Stage(command, tuple(inputs), tuple(outputs), paths.record(verb, *names), tuple(code), **more)


def _of_dataset(name: str, declared: Params) -> list[Stage]:
    raw, source, params = paths.raw(name), declared.datasets[name].source, (f"datasets.{name}",)
    code = {stage: paths.code(stage, source=source) for stage in ("download", "prepare")}
    return [
        _stage(f"download {name}", (), (raw,), code=code["download"], params=params),
        _stage(f"prepare {name}", (raw,), (paths.prepared(name),), code=code["prepare"], params=params),
    ]


def _of_input(name: str, declared: Params) -> Stage:
    given = declared.inputs[name]
    code = paths.code("degrade", degradation=given.degradation)
    inputs, outputs = (paths.prepared(given.dataset),), (paths.prepared(name),)
    return _stage(f"degrade {name}", inputs, outputs, code=code, params=("seed", f"inputs.{name}"))


def _of_experiment(name: str, declared: Params) -> list[Stage]:
    experiment = declared.experiments[name]
    task, network = experiment.task, paths.model(name)
    data = tuple(dict.fromkeys(map(paths.prepared, (experiment.dataset, experiment.input))))
    own = f"experiments.{name}"
    parents = () if experiment.weights == RANDOM else (paths.model(experiment.weights),)
    scored = (paths.chosen(name), paths.metrics(name))
    drawn = (paths.gif, paths.poster, paths.card, paths.still, paths.sheet, paths.places)
    return [
        _stage(
            f"train {name}", (*data, *parents), (network, paths.reel(name), paths.history(name)), experiment=name,
            code=paths.code("train", model=experiment.model, task=task),
            params=("seed", "training", f"models.{experiment.model}", own),
        ),
        _stage(
            f"evaluate {name}", (*data, network, paths.reel(name), paths.record("prepare", experiment.input)),
            (*scored, paths.baselines(name), paths.scores(name)), experiment=name,
            code=paths.code("evaluate", task=task), params=(own,),
        ),
        _stage(
            f"render {name}", (paths.reel(name), *scored), (path(name) for path in drawn), experiment=name,
            code=paths.code("render", task=task),
        ),
    ]  # fmt: skip


def _of_study(kind: str, name: str, declared: Params) -> Stage:
    study, options = declared.studies[kind][name], registry.constant("studies", kind, "DATA", "study")
    data = [paths.prepared(study.options[option]) for option in options]
    inputs = (paths.model(study.of), paths.record("train", study.of), *data)
    return _stage(
        f"{kind} {name}", inputs, paths.study_results(name).values(), experiment=name,
        code=paths.code("study", kind=kind), params=("seed", f"{registry.section(kind)}.{name}"),
    )  # fmt: skip


def _gallery(declared: Params) -> Stage:
    results = [path for name in declared.experiments for path in paths.results(name).values()]
    results += [
        path for studies in declared.studies.values() for name in studies for path in paths.study_results(name).values()
    ]
    sections = ("experiments", *map(registry.section, declared.studies))
    return _stage("gallery", results, (paths.GALLERY,), code=paths.code("gallery"), params=sections)


def _parents_first(declared: Params) -> list[str]:
    """List the experiments, each after the one whose network its training begins with."""
    order: dict[str, None] = {}
    for name in declared.experiments:
        line = [name]
        while (parent := declared.experiments[line[-1]].weights) != RANDOM:
            line.append(parent)
        order |= dict.fromkeys(reversed(line))
    return list(order)
