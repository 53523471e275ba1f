"""Which command mends a finding: DVC's where dvc.lock knows the stage, else Snakemake's or the stage's own."""

import hashlib
import json
import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from showreel.pipeline import graph, paths
from showreel.pipeline.graph import Stage
from showreel.verification import digests
from showreel.verification.accounts import Account
from showreel.verification.digests import FOLDER
from showreel.verification.findings import NO_COMMAND, Mend

REPRODUCE = "dvc repro"
ALONE = "dvc repro --single-item"
"""For the gallery: together with what it reads, either engine would run every declared experiment."""

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

    @cached_property
    def _before(self) -> Mapping[str, set[str]]:
        return graph.ancestors(self.stages)

    def run(self, name: str) -> Mend:
        """Bring a stage up to date, and what was made from it."""
        stage = self.stages.get(name)
        if name == str(paths.GALLERY):
            return Mend(ALONE if self.lock else SHOWREEL, (name,))
        if self.lock:
            gifs = [end for end in self.lock if end.startswith("render@") and end in self.stages]
            ends = tuple(end for end in gifs if end == name or name in self._before[end])
            return Mend(REPRODUCE, ends or (name,))
        return Mend(SNAKEMAKE, (stage.experiment or str(stage.outputs[0]),)) if stage else NO_COMMAND

    def rerun(self, name: str) -> Mend:
        """Run a stage although its engine may take it for up to date."""
        if self.lock:
            return Mend(FORCE, (name,))
        return Mend(SHOWREEL, (self.stages[name].command,)) if name in self.stages else NO_COMMAND

    def restore(self, path: str, account: Account) -> Mend:
        """Bring back what a stage wrote: from git or DVC's cache, where that is sound, or by running the stage."""
        if self._is_in_git(path, account):
            return Mend("git restore", (path,))
        locked = self.lock[account.stage].outputs if account.stage in self.lock else {}
        output = next((place for place in (path, *map(str, Path(path).parents)) if place in locked), None)
        if output is None or paths.is_in_git(Path(path)):
            return self.run(account.stage) if self.lock else self.rerun(account.stage)
        cached = _cached(self.root, locked[output])
        if not all((self.root / name).is_file() for name in cached):
            return self.run(account.stage)
        damaged = [name for name, digest in cached.items() if digests.of_file(self.root / name).md5 != digest]
        if damaged:
            # DVC trusts its cache: `dvc checkout` would bring back the damaged file.
            return Mend(f"rm -f {' '.join(damaged)} && {FORCE}", (account.stage,))
        return Mend(CHECKOUT, (output,))

    def _is_in_git(self, path: str, account: Account) -> bool:
        """Tell whether git's index holds the very file that the account tells of."""
        digest = account.outputs.get(path)
        try:
            shown = subprocess.run(["git", "show", f":./{path}"], cwd=self.root, capture_output=True)
        except OSError:  # there is no git
            return False
        return shown.returncode == 0 and hashlib.new(account.algorithm, shown.stdout).hexdigest() == digest


def _cached(root: Path, digest: str) -> dict[str, str]:
    """Return where DVC's cache keeps a file, or a folder's list and the files in it: path → MD5."""

    def place(digest: str) -> str:
        return f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}"

    found = {place(digest): digest.removesuffix(FOLDER)}
    if digest.endswith(FOLDER) and (root / place(digest)).is_file():
        try:
            listing = json.loads((root / place(digest)).read_text(encoding="utf-8"))
            found |= {place(entry["md5"]): entry["md5"] for entry in listing}
        except (ValueError, TypeError, KeyError):  # a damaged list, as its digest will show
            return found
    return found


def joined(mends: Iterable[Mend], before: Mapping[str, set[str]]) -> list[str]:
    """Tell commands of one sort as one.

    Args:
        mends: the commands.
        before: each declared stage → those that it reads from, in turn. A pattern stands for none that was not meant.
    """
    targets: dict[str, dict[str, None]] = {}
    for mend in dict.fromkeys(mends):
        targets.setdefault(mend.command, {}).update(dict.fromkeys(mend.targets))
    return [_told(command, [*names], before) for command, names in targets.items() if command]


def _told(command: str, names: list[str], before: Mapping[str, set[str]]) -> str:
    if command == SHOWREEL:
        return " && ".join(f"{SHOWREEL} {name}" for name in names)
    if command == REPRODUCE:
        brought_along = set().union(*(before.get(name, ()) for name in names))
        names = [name for name in names if name not in brought_along]
        words = list(dict.fromkeys(_pattern(name, names, before) for name in names))
        return " ".join([command, *(["--glob"] if words != names else []), *words])
    return " ".join([command, *names])


def _pattern(name: str, names: Collection[str], stages: Collection[str]) -> str:
    """Return `'render@*'` for a stage if all of its kind are meant, else its name."""
    verb = name.split("@")[0]
    alike = {stage for stage in stages if stage.split("@")[0] == verb}
    return f"'{verb}@*'" if len(alike) > 1 and alike <= {*names} else name
