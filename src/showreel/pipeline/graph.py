"""The stages that params.yaml declares: what each one reads and writes. A test holds this to dvc.yaml."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from showreel.params.schema import CLEAN, Params
from showreel.pipeline import paths


class Stage(NamedTuple):
    """One run of one command.

    Attributes:
        command: without `showreel`, such as `train mnist-denoiser`.
        inputs: what it reads, but for code.
        outputs: what it writes, but for its lineage record.
        experiment: whose stage it is; "" for those of a data set.
    """

    command: str
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    experiment: str = ""

    @property
    def name(self) -> str:
        """Its name in DVC, such as `train@mnist-denoiser`."""
        return stage_name(self.command)


def stage_name(command: str) -> str:
    """Return DVC's name of a command: `degrade mnist noisy` is `degrade@mnist-noisy`."""
    verb, *names = command.split()
    return f"{verb}@{'-'.join(names)}" if names else verb


def record(command: str) -> Path:
    """Return where a stage leaves its lineage record."""
    return paths.record(*command.split())


def stages(declared: Params) -> dict[str, Stage]:
    """List all declared stages by name, each after those whose outputs it reads."""
    listed = [stage for dataset in declared.datasets for stage in _of_dataset(dataset, declared)]
    listed += [stage for experiment in declared.experiments for stage in _of_experiment(experiment, declared)]
    results = (path for experiment in declared.experiments for path in paths.results(experiment).values())
    listed.append(Stage("gallery", tuple(results), (paths.GALLERY,)))
    return {stage.name: stage for stage in listed}


def needed(experiment: str, declared: Params) -> dict[str, Stage]:
    """List the stages that an experiment's GIF needs, in the order in which they run."""
    everything = stages(declared)
    own = {name for name, stage in everything.items() if stage.experiment == experiment}
    wanted = own | before(own, everything)
    return {name: stage for name, stage in everything.items() if name in wanted}


def before(names: Iterable[str], among: Mapping[str, Stage]) -> set[str]:
    """List the stages that some others read from, in turn."""
    found = ancestors(among)
    return {maker for name in names if name in found for maker in found[name]}


def ancestors(among: Mapping[str, Stage]) -> dict[str, set[str]]:
    """Return for each stage those that it reads from, in turn; they must be listed before it."""
    found: dict[str, set[str]] = {}
    makers: dict[Path, str] = {}
    for name, stage in among.items():
        direct = {makers[path] for path in stage.inputs if path in makers}
        found[name] = direct.union(*(found[maker] for maker in direct))
        makers |= dict.fromkeys(stage.outputs, name)
    return found


def _of_dataset(name: str, declared: Params) -> list[Stage]:
    raw, clean = paths.raw(name), paths.prepared(name, CLEAN)
    return [
        Stage(f"download {name}", (), (raw,)),
        Stage(f"prepare {name}", (raw,), (clean,)),
        *(
            Stage(f"degrade {name} {degradation}", (clean,), (paths.prepared(name, degradation),))
            for degradation in declared.degradations
        ),
    ]


def _of_experiment(name: str, declared: Params) -> list[Stage]:
    experiment = declared.experiments[name]
    pair = tuple(sorted({paths.prepared(experiment.dataset, kind) for kind in (experiment.input, CLEAN)}))
    trained = (paths.model(name), paths.reel(name))
    scored = (paths.examples(name), paths.metrics(name))
    tables = (paths.baselines(name), paths.scores(name))
    drawn = (paths.gif(name), paths.poster(name), paths.card(name))
    sheets = (paths.still(name), paths.sheet(name), paths.places(name))
    return [
        Stage(f"train {name}", pair, (*trained, paths.history(name)), name),
        Stage(f"evaluate {name}", (*pair, *trained), (*scored, *tables), name),
        Stage(f"render {name}", (paths.reel(name), *scored), (*drawn, *sheets), name),
    ]
