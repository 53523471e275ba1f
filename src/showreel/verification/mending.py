"""Which command mends a finding: git's or DVC's for what they keep, else that of the engine, or the stage's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from showreel.pipeline import paths
from showreel.pipeline.graph import Stage
from showreel.verification.findings import NO_COMMAND, Mend

REPRODUCE = "dvc repro"
ALONE = "dvc repro --single-item"
"""For the gallery: together with what it reads, either engine would run every declared experiment."""
FORCE = "dvc repro --force --single-item"
ANEW = f'chmod -R u+w "$(dvc cache dir)" && {FORCE}'
"""Into the cache as well: DVC trusts what is write-protected there, damaged or not, and looks at the rest."""
CHECKOUT = "dvc checkout --force"
RESTORE = "git restore"
SNAKEMAKE = "snakemake --cores 1"
SHOWREEL = "showreel"


@dataclass(frozen=True)
class Commands:
    """The commands of one project.

    Attributes:
        stages: the declared ones by name, in the order in which they run.
        has_dvc: whether DVC runs the project.
    """

    stages: Mapping[str, Stage]
    has_dvc: bool

    def run(self, name: str) -> Mend:
        """Bring a stage up to date; one of an experiment with all that leads to its GIF."""
        if name == paths.GALLERY.name:
            return Mend(ALONE if self.has_dvc else SHOWREEL, (name,))
        stage = self.stages[name]
        if not self.has_dvc:
            return Mend(SNAKEMAKE, (stage.experiment or str(stage.outputs[0]),))
        own = [other.name for other in self.stages.values() if other.experiment == stage.experiment]
        return Mend(REPRODUCE, (own[-1] if stage.experiment else name,))

    def rerun(self, name: str) -> Mend:
        """Run a stage although its engine may take it for up to date."""
        if name not in self.stages:
            return NO_COMMAND
        return Mend(FORCE, (name,)) if self.has_dvc else Mend(SHOWREEL, (self.stages[name].command,))

    def restore(self, path: str, name: str) -> tuple[Mend, Mend]:
        """Bring back what a stage wrote, from git or from DVC's cache, or, where that does not help, by running it."""
        if paths.is_in_git(Path(path)):
            return Mend(RESTORE, (path,)), self.rerun(name)
        if not self.has_dvc:
            return self.rerun(name), NO_COMMAND
        folders = [str(output) for output in self.stages[name].outputs if path.startswith(f"{output}/")]
        return Mend(CHECKOUT, (folders[0] if folders else path,)), Mend(ANEW, (name,))  # DVC keeps raw folders whole


def joined(mends: Iterable[Mend]) -> list[str]:
    """Give commands of one sort as one."""
    targets: dict[str, dict[str, None]] = {}
    for mend in mends:
        targets.setdefault(mend.command, {}).update(dict.fromkeys(mend.targets))
    return [
        " && ".join(f"{command} {name}" for name in names) if command == SHOWREEL else " ".join([command, *names])
        for command, names in targets.items()
        if command
    ]
