"""One experiment made again from its raw files in a scratch folder, and compared stage by stage."""

import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from tqdm import tqdm

from showreel.params.schema import Params
from showreel.pipeline import graph, paths
from showreel.pipeline.graph import Stage
from showreel.storage.errors import ShowreelError
from showreel.verification.compare import Difference, difference
from showreel.verification.digests import files_under, ignored_names

Verdict = Literal["identical", "within tolerance", "different"]

TOLERANCES = {"psnr": 0.1, "gain_db": 0.1, "ssim": 0.005, "count": 0.0, "parameters": 0.0}
"""What a key of metrics.json holds → how far it may be off: dB, dB, and the rest without a unit.

Other devices and other versions round otherwise, and a training carries that on; this much a reader does not see.
"""

SCORES = "metrics.json"
MIRROR = "mirror"


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
        scratch: the folder with the new files, kept if they are different; else "".
    """

    experiment: str
    verdict: Verdict
    stages: list[Rebuilt]
    scratch: str

    @property
    def first(self) -> str:
        """The first stage that differs; "" if none does."""
        return next((stage.stage for stage in self.stages if stage.differences), "")


def rebuild(root: Path, declared: Params, experiment: str, *, source: Path) -> Rebuild:
    """Run all stages of an experiment again, elsewhere, and compare what they make with what is here.

    Args:
        root: the project's folder, which stays as it is.
        declared: its params.yaml.
        experiment: which one.
        source: the folder that holds the package, for the stages to run the same code.

    Raises:
        ShowreelError: the raw files are missing, or a stage fails; what it left stays in the scratch folder.
    """
    root, raw = root.resolve(), paths.raw(declared.experiments[experiment].dataset)
    if not (root / raw).is_dir():
        raise ShowreelError(f"{raw}: missing; run `showreel download {raw.name}`")
    scratch = Path(tempfile.mkdtemp(prefix="showreel-rebuild-"))
    stages = list(graph.needed(experiment, declared).values())
    try:
        _furnish(scratch, root, raw, is_snapshot="path" in declared.datasets[raw.name].options)
        rebuilt = list(_run_all(stages, scratch, root, source))
        outcome = verdict(stages, rebuilt)
    except KeyboardInterrupt:
        shutil.rmtree(scratch)
        raise
    if outcome != "different":
        shutil.rmtree(scratch)
    return Rebuild(experiment, outcome, rebuilt, str(scratch) if scratch.exists() else "")


def _furnish(scratch: Path, root: Path, raw: Path, *, is_snapshot: bool) -> None:
    """Put params.yaml and the raw files into the scratch folder.

    A data set with a `path` is a snapshot of files that are not the project's, and they may have changed or gone: its
    raw folder is taken as it is. All others are made again, with the project's own raw files as the mirror.
    """
    shutil.copy(root / paths.PARAMS, scratch / paths.PARAMS)
    if is_snapshot:
        shutil.copytree(root / raw, scratch / raw)
    else:
        (scratch / MIRROR).symlink_to(root / raw)  # a name without commas, which SHOWREEL_MIRROR would split


def _run_all(stages: list[Stage], scratch: Path, root: Path, source: Path) -> Iterator[Rebuilt]:
    """Run stage after stage; after data that differ all else would, so that is the end."""
    mirrors = [MIRROR, os.environ.get("SHOWREEL_MIRROR", "")]
    paths = [str(source), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "SHOWREEL_MIRROR": ",".join(filter(None, mirrors)),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    for stage in tqdm(stages, desc="rebuild", unit=" stages", disable=None):
        if not (scratch / MIRROR).exists() and stage.command.startswith("download "):
            continue
        command = [sys.executable, "-m", "showreel", *stage.command.split()]
        done = subprocess.run(command, cwd=scratch, env=environment, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise ShowreelError(f"{scratch}: `showreel {stage.command}` failed there; its message stands above")
        differences = list(_differences(stage, scratch, root))
        yield Rebuilt(stage.name, differences)
        if differences and not stage.experiment:
            return


def _differences(stage: Stage, scratch: Path, root: Path) -> Iterator[Difference]:
    """Compare a stage's outputs; its lineage record holds their digests, so it adds nothing."""
    for output in map(str, stage.outputs):
        names = {name for folder in (root, scratch) for name in files_under(folder, output, ignored_names(root))}
        for name in sorted(names or {output}):
            found = difference(name, root / name, scratch / name)
            if found:
                yield found


def verdict(stages: list[Stage], rebuilt: list[Rebuilt]) -> Verdict:
    """Judge all stages together: data must be identical, an experiment's scores near enough."""
    differing = {one.stage: one.differences for one in rebuilt if one.differences}
    if not differing:
        return "identical"
    of_data = {stage.name for stage in stages if not stage.experiment}
    if of_data.intersection(differing):
        return "different"
    found = [one for differences in differing.values() for one in differences]
    return "within tolerance" if all(map(_is_tolerable, found)) else "different"


def _is_tolerable(found: Difference) -> bool:
    """Judge the scores by how far they are off: all that an experiment's other files are for is to lead to them."""
    judged = found.figures if found.path.endswith(f"/{SCORES}") else {}
    return not found.breaks and all(distance <= _tolerance(key) for key, distance in judged.items())


def _tolerance(key: str) -> float:
    return next((limit for name, limit in TOLERANCES.items() if name in key), math.inf)
