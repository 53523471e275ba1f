"""What is said of how results came about: by dvc.lock, read without DVC, and by the stages' lineage records."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple

import ruamel.yaml

from showreel.pipeline import paths
from showreel.pipeline.graph import stage_name

Algorithm = Literal["md5", "sha256"]
"""DVC's and that of the lineage records."""
LOCK = "dvc.lock"
PACKAGE = "src/"
"""Dependencies beneath it are code; all others are data."""
FACTS = ("devices", "precision", "versions")


@dataclass(frozen=True)
class Account:
    """One stage's run, as one source tells it.

    Attributes:
        source: `dvc.lock`, or the path of the lineage record.
        stage: DVC's name for it.
        algorithm: of its digests.
        inputs: path → digest.
        outputs: path → digest.
        code: path → digest of the package files that ran.
        params: dotted key of params.yaml → value.
        facts: what else a record tells: versions, and the devices and the precision of a training.
    """

    source: str
    stage: str
    algorithm: Algorithm
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    code: Mapping[str, str]
    params: Mapping[str, Any]
    facts: Mapping[str, Any]


class Accounts(NamedTuple):
    """All accounts by stage, and for each source that cannot be understood the reason."""

    lock: dict[str, Account]
    records: dict[str, Account]
    unreadable: dict[str, str]


def read(root: Path, source: Path) -> Accounts:
    """Read dvc.lock and every lineage record beneath a root; either may be absent.

    Args:
        root: the project's folder.
        source: the folder that holds the package, for the records' names of its files.
    """
    unreadable: dict[str, str] = {}
    lock: dict[str, Account] = {}
    if (root / LOCK).exists():
        try:
            lock = _from_lock(root / LOCK)
        except (ruamel.yaml.error.YAMLError, *MALFORMED) as error:
            unreadable[LOCK] = " ".join(f"is not a lock file of DVC ({error})".split())[:200]
    told = records(root, source, sorted((root / paths.LINEAGE).rglob("[!.]*.json")))
    return Accounts(lock, told.records, unreadable | told.unreadable)


def records(root: Path, source: Path, paths: Iterable[Path]) -> Accounts:
    """Read some lineage records alone.

    Args:
        root: the project's folder.
        source: the folder that holds the package.
        paths: of records that exist.
    """
    told = Accounts({}, {}, {})
    package = _shown(source, root)
    for path in paths:
        name = path.relative_to(root)
        try:
            account = _from_record(path, name, package)
        except MALFORMED as error:
            told.unreadable[name.as_posix()] = f"is not a lineage record ({type(error).__name__}: {error})"
        else:
            told.records[account.stage] = account
    return told


MALFORMED = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a file of another form than expected ends in."""


def _from_lock(path: Path) -> dict[str, Account]:
    # ruamel, as in DVC: PyYAML would read the 1e-05 that DVC writes as text.
    content = ruamel.yaml.YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    if content["schema"] != "2.0":
        raise ValueError(f"schema {content['schema']}, not 2.0")
    return {name: _from_locked(name, entry) for name, entry in content.get("stages", {}).items()}


def _from_locked(name: str, entry: Mapping[str, Any]) -> Account:
    read = {str(dep["path"]): str(dep["md5"]) for dep in entry.get("deps", ())}
    return Account(
        source=LOCK,
        stage=name,
        algorithm="md5",
        inputs={path: digest for path, digest in read.items() if not path.startswith(PACKAGE)},
        outputs={str(out["path"]): str(out["md5"]) for out in entry.get("outs", ())},
        code={path: digest for path, digest in read.items() if path.startswith(PACKAGE)},
        params=dict(entry.get("params", {}).get(paths.PARAMS.name, {})),
        facts={},
    )


def _from_record(path: Path, name: Path, package: str) -> Account:
    content = json.loads(path.read_text(encoding="utf-8"))
    expected = " ".join(name.with_suffix("").relative_to(paths.LINEAGE).parts)
    if content["command"] != expected:
        raise ValueError(f"it tells of `{content['command']}`, not of `{expected}`")
    return Account(
        source=name.as_posix(),
        stage=stage_name(expected),
        algorithm="sha256",
        inputs=_digests(content["inputs"]),
        outputs=_digests(content["outputs"]),
        code={f"{package}/{file}": digest for file, digest in _digests(content["code"]).items()},
        params=dict(content["params"]),
        facts={name: content[name] for name in FACTS if name in content},
    )


def _digests(given: Mapping[str, Any]) -> dict[str, str]:
    """Check that these are digests of files in the project: a record may come from anybody."""
    for path, digest in given.items():
        if not isinstance(digest, str):
            raise TypeError(f"{path}: {digest!r} is no digest")
        if not path.isprintable() or not PurePosixPath(path).name or {"/", ".."} & {*PurePosixPath(path).parts}:
            raise ValueError(f"{path!r} is no path in the project")
    return dict(given)


def _shown(source: Path, root: Path) -> str:
    """Name the package's folder as the lock does where it lies in the project."""
    source, root = source.resolve(), root.resolve()
    return (source.relative_to(root) if source.is_relative_to(root) else source).as_posix()
