"""One experiment made again from its raw files in a scratch folder, and compared stage by stage."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from tqdm import tqdm

from showreel.params import registry
from showreel.params.schema import Params
from showreel.pipeline import graph, paths
from showreel.pipeline.graph import Stage
from showreel.scoring.score import Score
from showreel.storage.errors import ShowreelError
from showreel.verification.compare import Difference, difference
from showreel.verification.digests import files_under

Verdict = Literal["identical", "within tolerance", "different"]
Scores = Mapping[str, Score]

MIRROR = Path("mirror")
PREFIXES, SUFFIXES = ("input_", "baseline_"), ("_low", "_high")
"""What may stand around a score's name in metrics.json."""


class Rebuilt(NamedTuple):
    """One stage that ran again: its name and how its files differ, for those that do."""

    stage: str
    differences: list[Difference]


class Rebuild(NamedTuple):
    """What a rebuild came to.

    Attributes:
        experiment: its name.
        verdict: on all stages together.
        stages: those that ran; none after a stage of the data that differs.
        scratch: the folder with the new files, left there if they are different; else "".
    """

    experiment: str
    verdict: Verdict
    stages: list[Rebuilt]
    scratch: str

    @property
    def first(self) -> str:
        """The first stage that differs; "" if none does."""
        return next((stage.stage for stage in self.stages if stage.differences), "")


def rebuild(root: Path, declared: Params, experiment: str) -> Rebuild:
    """Run all stages of an experiment again, elsewhere, and compare what they make with what is here.

    Args:
        root: the project's folder, which stays as it is.
        declared: its params.yaml.
        experiment: which one.

    Raises:
        ShowreelError: raw files are missing, or a stage fails; what it left stays in the scratch folder.
    """
    root, stages = root.resolve(), list(graph.needed(experiment, declared).values())
    raw = [stage.outputs[0] for stage in stages if stage.kind == "download"]
    for folder in raw:
        if not (root / folder).is_dir():
            raise ShowreelError(f"{folder}: missing; run `showreel download {folder.name}`")
    scratch = Path(tempfile.mkdtemp(prefix="showreel-rebuild-"))
    try:
        snapshots = [folder for folder in raw if "path" in declared.datasets[folder.name].options]
        _furnish(scratch, root, raw, snapshots)
        rebuilt = list(_run_all([stage for stage in stages if stage.outputs[0] not in snapshots], scratch, root))
        outcome = verdict(stages, rebuilt, _scores(stages, declared))
    except KeyboardInterrupt:
        shutil.rmtree(scratch)
        raise
    if outcome != "different":
        shutil.rmtree(scratch)
    return Rebuild(experiment, outcome, rebuilt, str(scratch) if scratch.exists() else "")


def _furnish(scratch: Path, root: Path, raw: Iterable[Path], snapshots: Iterable[Path]) -> None:
    """Put params.yaml and the raw files into the scratch folder.

    A data set with a `path` is a snapshot of files that are not the project's, and they may have changed or gone: its
    raw folder is taken as it is. All others are made again, with the project's own raw files as the mirror.
    """
    shutil.copy(root / paths.PARAMS, scratch / paths.PARAMS)
    for folder in snapshots:
        shutil.copytree(root / folder, scratch / folder)
    (scratch / MIRROR).mkdir()
    for folder in raw:
        (scratch / MIRROR / folder.name).symlink_to(root / folder)  # no comma in it, which SHOWREEL_MIRROR would split


def _run_all(stages: Iterable[Stage], scratch: Path, root: Path) -> Iterator[Rebuilt]:
    """Run stage after stage; after data that differ all else would, so that is the end."""
    source = os.pathsep.join(filter(None, (str(registry.PACKAGE.parent), os.environ.get("PYTHONPATH", ""))))
    for stage in tqdm(list(stages), desc="rebuild", unit=" stages", disable=None):
        mirrors = [str(MIRROR / stage.command.split()[-1]), os.environ.get("SHOWREEL_MIRROR", "")]
        variables = {"SHOWREEL_MIRROR": ",".join(filter(None, mirrors)), "PYTHONPATH": source}
        variables["GIT_OPTIONAL_LOCKS"] = "0"  # else a look at git's state may write the project's index
        command = [sys.executable, "-m", "showreel", *stage.command.split()]
        done = subprocess.run(command, cwd=scratch, env=os.environ | variables, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise ShowreelError(f"{scratch}: `showreel {stage.command}` failed there; its message stands above")
        differences = list(_differences(stage, scratch, root))
        yield Rebuilt(stage.name, differences)
        if differences and not stage.experiment:
            return


def _differences(stage: Stage, scratch: Path, root: Path) -> Iterator[Difference]:
    """Compare a stage's outputs; its lineage record holds their digests, so it adds nothing."""
    for output in map(str, stage.outputs):
        names = {name for folder in (root, scratch) for name in files_under(folder, output)}
        for name in sorted(names or {output}):
            if found := difference(name, root / name, scratch / name):
                yield found


def _scores(stages: Iterable[Stage], declared: Params) -> dict[Path, Scores]:
    """Return the scores of the experiments' tasks, by the files that hold them."""
    experiments = {stage.experiment for stage in stages} & declared.experiments.keys()
    tasks = {name: declared.experiments[name].task for name in experiments}
    return {paths.metrics(name): registry.module(registry.TASKS, task, "scores").SCORES for name, task in tasks.items()}


def verdict(stages: Collection[Stage], rebuilt: Iterable[Rebuilt], scores: Mapping[Path, Scores]) -> Verdict:
    """Judge all stages together: data must be identical, an experiment's scores near enough.

    Args:
        stages: those to run.
        rebuilt: those that ran.
        scores: the scores of the task, by the file that holds them.
    """
    differing = {stage.stage: stage.differences for stage in rebuilt if stage.differences}
    if not differing:
        return "identical"
    if {stage.name for stage in stages if not stage.experiment} & differing.keys():
        return "different"
    found = [difference for differences in differing.values() for difference in differences]
    is_near = all(_is_tolerable(difference, scores.get(Path(difference.path))) for difference in found)
    return "within tolerance" if is_near else "different"


def _is_tolerable(found: Difference, scores: Scores | None) -> bool:
    """Judge the scores by how far they are off: all that an experiment's other files are for is to lead to them."""
    figures = found.figures if scores else {}
    return not found.breaks and all(distance <= _tolerance(key, scores or {}) for key, distance in figures.items())


def _tolerance(key: str, scores: Scores) -> float:
    """Return how far a number of metrics.json may be off: other devices round otherwise, and a training adds to it."""
    for prefix in PREFIXES:
        key = key.removeprefix(prefix)
    for suffix in SUFFIXES:
        key = key.removesuffix(suffix)
    tolerances = {name: score.tolerance for name, score in scores.items()}
    tolerances["gain"] = next(iter(tolerances.values()))
    return tolerances.get(key, 0.0)  # of counts
