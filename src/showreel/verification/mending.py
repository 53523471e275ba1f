"""Which command mends a finding: DVC's where dvc.lock knows the stage, else Snakemake's or the stage's own."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from showreel import layout
from showreel.verification import digests, graph
from showreel.verification.accounts import Account
from showreel.verification.digests import FOLDER
from showreel.verification.findings import NO_COMMAND, Mend
from showreel.verification.graph import Stage, record

REPRODUCE = "dvc repro"
FORCE = "dvc repro --force --single-item"
CHECKOUT = "dvc checkout --force"
SNAKEMAKE = "snakemake --cores 1"
SHOWREEL = "showreel"


@dataclass(frozen=True)
class Mender:
    """What the choice of a command depends on.

    Attributes:
        root: the project's folder.
        stages: the declared ones by name.
        lock: the accounts of dvc.lock by stage; none where the project is run by Snakemake alone.
    """

    root: Path
    stages: Mapping[str, Stage]
    lock: Mapping[str, Account]

    def run(self, name: str) -> Mend:
        """Bring a stage up to date, and what follows from it in its experiment."""
        stage = self.stages.get(name)
        if self.lock:
            return Mend(REPRODUCE, f"render@{stage.experiment}" if stage and stage.experiment else name)
        return Mend(SNAKEMAKE, stage.experiment or str(stage.outputs[0])) if stage else NO_COMMAND

    def rerun(self, name: str) -> Mend:
        """Run a stage although its engine may take it for up to date."""
        if self.lock:
            return Mend(FORCE, name)
        return Mend(SHOWREEL, self.stages[name].command) if name in self.stages else NO_COMMAND

    def restore(self, path: str, name: str) -> Mend:
        """Bring back what a stage wrote: from git, from DVC's cache if that is sound, or by running the stage."""
        if path in self._in_git() and (self.root / ".git").exists():
            return Mend("git restore", path)
        digest = self.lock[name].outputs.get(path) if name in self.lock else None
        if digest is None:
            return self.run(name) if self.lock else self.rerun(name)
        cached = self._cached(digest)
        if not (self.root / cached).is_file():
            return self.run(name)
        found = digests.of_file(self.root / cached).md5 + (FOLDER if digest.endswith(FOLDER) else "")
        # DVC trusts its cache: it would bring back the damaged file, even in place of a new one.
        return Mend(CHECKOUT, path) if found == digest else Mend(f"rm -f {cached} && {FORCE}", name)

    def _cached(self, digest: str) -> Path:
        return Path(".dvc/cache/files/md5") / digest[:2] / digest[2:]

    def _in_git(self) -> set[str]:
        """List the outputs that git keeps rather than DVC's cache."""
        kept = {record(stage.command) for stage in self.stages.values()}
        for stage in self.stages.values():
            if stage.experiment:
                kept |= {layout.metrics(stage.experiment), layout.history(stage.experiment)}
        return {str(path) for path in kept}


def joined(mends: Iterable[Mend], stages: Mapping[str, Stage]) -> list[str]:
    """Tell commands of one sort as one.

    Args:
        mends: the commands.
        stages: all declared stages, so that a pattern stands for none that was not meant.
    """
    targets: dict[str, list[str]] = {}
    for mend in dict.fromkeys(mends):
        targets.setdefault(mend.command, []).append(mend.target)
    return [_told(command, names, stages) for command, names in targets.items() if command]


def _told(command: str, names: list[str], stages: Mapping[str, Stage]) -> str:
    if command == SHOWREEL:
        return " && ".join(f"{SHOWREEL} {name}" for name in names)
    if command == REPRODUCE:
        brought_along = graph.before(names, stages)
        names = [name for name in names if name not in brought_along]
        words = list(dict.fromkeys(_pattern(name, names, stages) for name in names))
        return " ".join([command, *(["--glob"] if words != names else []), *words])
    return " ".join(filter(None, [command, *names]))


def _pattern(name: str, names: Collection[str], stages: Collection[str]) -> str:
    """Return `'render@*'` for a stage if all of its kind are meant, else its name."""
    verb = name.split("@")[0]
    alike = {stage for stage in stages if stage.split("@")[0] == verb}
    return f"'{verb}@*'" if len(alike) > 1 and alike <= {*names} else name
