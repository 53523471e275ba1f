"""What lies on the disk now: every file that an account or params.yaml names, with its digests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from showreel.pipeline import paths
from showreel.verification import digests
from showreel.verification.accounts import Algorithm
from showreel.verification.digests import FOLDER, Digests

RESULTS = tuple(
    str(pattern)
    for pattern in (
        *(path("*") for path in (paths.raw, paths.model, paths.reel, paths.examples)),
        *paths.results("*").values(),
        paths.prepared("*", "*"),
        paths.GALLERY,
    )
)
"""Glob patterns of all that stages ever write."""


@dataclass(frozen=True)
class Disk:
    """A look at the disk; paths are relative to the project's folder.

    Attributes:
        files: path → digests, of the files that exist.
    """

    files: Mapping[str, Digests]

    def under(self, path: str) -> list[str]:
        """List a file, or the files of a folder; nothing if it does not exist."""
        return [path] if path in self.files else [name for name in self.files if name.startswith(f"{path}/")]

    def digest(self, path: str, algorithm: Algorithm) -> str:
        """Return the digest of a file or, as DVC counts it, of a folder; "" if it is not there."""
        if path in self.files:
            return str(getattr(self.files[path], algorithm))
        inside = {name.removeprefix(f"{path}/"): self.files[name].md5 for name in self.under(path)}
        return digests.of_folder(inside) if inside else ""


def survey(root: Path, named: Iterable[str], patterns: Iterable[str] = RESULTS) -> Disk:
    """Digest the files and folders that are named, and whatever lies where stages write."""
    ignored = digests.ignored_names(root)
    found = {path.relative_to(root).as_posix() for pattern in patterns for path in root.glob(pattern)}
    visible = {path for path in found if not Path(path).name.startswith(".")}
    files = {file for path in visible.union(named) for file in digests.files_under(root, path, ignored)}
    return Disk(digests.of_files(root, files))


def is_folder_digest(digest: str) -> bool:
    """Tell whether DVC gave this digest to a folder."""
    return digest.endswith(FOLDER)
