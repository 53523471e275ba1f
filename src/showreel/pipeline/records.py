"""The lineage records of runs, read and checked: what a stage read and wrote, with which code and values."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from showreel.params.text import shown
from showreel.pipeline import graph, paths, provenance

LOCK = Path("dvc.lock")
"""Where it is, DVC runs the project."""

COMMIT = re.compile(r"(?:[0-9a-f]{40}(?:[0-9a-f]{24})?\+?)?")
SHORT_COMMIT = 12
"""Characters that tell a commit from others."""

NO_RECORD = "is not a lineage record"
MALFORMED = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a file of another form than expected ends in."""


@dataclass(frozen=True)
class Record:
    """What one run of a stage read and wrote.

    Attributes:
        path: where the record is, relative to the project's folder.
        id: what outputs name it by.
        command: without `showreel`, such as `train mnist-denoiser`.
        commit: the last commit that changed the stage's code, with a `+` if it was changed since; "" outside of git.
        code: file or folder of the package, from the folder that holds it → digest.
        revision: the stage's number in revisions.yaml.
        inputs: file → digest.
        params: dotted key of params.yaml → value.
        versions: package → version.
        outputs: file → digest.
        facts: what else there is, such as the devices and the precision of a training.
    """

    path: Path
    id: str
    command: str
    commit: str
    code: Mapping[str, str]
    revision: int
    inputs: Mapping[str, str]
    params: Mapping[str, Any]
    versions: Mapping[str, str]
    outputs: Mapping[str, str]
    facts: Mapping[str, Any]

    @property
    def stage(self) -> str:
        """The stage's name in DVC."""
        return graph.stage_name(self.command)

    @property
    def publication(self) -> str:
        """The beginning of the commit whose code ran; "" where no commit has this code."""
        return "" if self.commit.endswith("+") else self.commit[:SHORT_COMMIT]


class Records(NamedTuple):
    """Records by their stages, and for each file that is no record the reason."""

    stages: dict[str, Record]
    malformed: dict[Path, str]


def read(root: Path, places: Iterable[Path]) -> Records:
    """Read records.

    Args:
        root: the project's folder.
        places: of files that exist, relative to it.
    """
    records = Records({}, {})
    for place in places:
        try:
            record = _record(root, place)
        except MALFORMED as error:
            records.malformed[place] = f"{NO_RECORD} ({shown(f'{type(error).__name__}: {error}')})"
        else:
            records.stages[record.stage] = record
    return records


def listed(root: Path) -> list[Path]:
    """List all files that should be records, relative to the project's folder."""
    return sorted(path.relative_to(root) for path in (root / paths.LINEAGE).rglob("[!.]*.json"))


def _record(root: Path, place: Path) -> Record:
    content = json.loads((root / place).read_text(encoding="utf-8"))
    if "revision" not in content:
        raise ValueError("without a revision, as those of earlier versions: delete it, and run its stage again")
    digest = content.pop("digest", None)
    if digest not in (None, provenance.value_digest(content)):
        raise ValueError("it was changed after it was written")
    command, commit, revision = content.pop("command"), content.pop("commit"), content.pop("revision")
    if not command.split() or paths.record(*command.split()) != place:
        raise ValueError(f"it is about `{command}`")
    if not COMMIT.fullmatch(commit) or type(revision) is not int:
        raise ValueError(f"{commit!r} is no commit, or {revision!r} no revision")
    return Record(
        path=place,
        id=str(content.pop("id")),
        command=command,
        commit=commit,
        code=_digests(content.pop("code")),
        revision=revision,
        inputs=_digests(content.pop("inputs")),
        params=dict(content.pop("params")),
        versions={str(name): str(version) for name, version in content.pop("versions").items()},
        outputs=_digests(content.pop("outputs")),
        facts=content,
    )


def _digests(digests: Mapping[str, Any]) -> dict[str, str]:
    """Check that these are digests of files in the project: a record may come from anybody."""
    for path, digest in digests.items():
        if not isinstance(digest, str):
            raise TypeError(f"{path}: {digest!r} is no digest")
        if not path.isprintable() or not PurePosixPath(path).name or {"/", ".."} & {*PurePosixPath(path).parts}:
            raise ValueError(f"{path!r} is no path in the project")
    return dict(digests)
