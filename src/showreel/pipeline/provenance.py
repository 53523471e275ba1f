"""Digests of files and values, the versions that results rest on, and the package files that a module runs."""

import ast
import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[2]
PACKAGE = Path(__file__).parents[1].name


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages whose arithmetic a result rests on."""
    packages = ("showreel", "numpy", "tensorflow", "keras", "scikit-image", "pillow")
    return {"python": platform.python_version()} | {package: metadata.version(package) for package in packages}


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sources(place: Path) -> list[Path]:
    """List a file of the package, or all files of a folder but for what Python compiled, in order."""
    if not place.is_dir():
        return [place]
    listed = (path for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(path for path in listed if not path.name.startswith("."))


def code_digest(place: Path) -> str:
    """Return one SHA-256 for a file or a folder of the package; "" where it is gone."""
    if place.is_file():
        return file_digest(place)
    files = {path.relative_to(place).as_posix(): file_digest(path) for path in sources(place) if path.is_file()}
    return value_digest(files) if files else ""


def revisions() -> dict[str, int]:
    """Return each stage's revision: a number that stands for what no digest of its own code can tell."""
    text = (SOURCE / PACKAGE / "revisions.yaml").read_text(encoding="utf-8")
    pairs = (line.split("#")[0].split(":") for line in text.splitlines() if line.split("#")[0].strip())
    return {name.strip(): int(number) for name, number in pairs}


def last_commit(places: Iterable[Path]) -> str:
    """Return the full name of the last commit that changed any of some files and folders; "" outside of git.

    A `+` is appended where they have been changed since.
    """
    git = ["git", "--no-optional-locks", "-C", str(SOURCE)]
    named = ["--", *(str(place) for place in places)]
    try:
        commit = subprocess.run([*git, "log", "-1", "--format=%H", *named], capture_output=True, text=True).stdout
        status = subprocess.run([*git, "status", "--porcelain", *named], capture_output=True, text=True).stdout
    except FileNotFoundError:  # there is no git
        return ""
    return commit.strip() and commit.strip() + ("+" if status.strip() else "")


def value_digest(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of JSON-like values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def relative(path: Path) -> str:
    """Return a package file as results name it: from the folder that holds the package."""
    return path.relative_to(SOURCE).as_posix()


def closure(modules: Iterable[str]) -> list[Path]:
    """Return the package files that running some modules uses, sorted: they and all that they import, in turn.

    The templates, scripts and the like that lie in a module's folder belong to it. `__init__.py` files are left out:
    they hold a docstring, and the package's own a lazy import: nothing that changes a result (a test sees to it).
    """
    found: set[Path] = set()
    waiting = [_source(module) for module in modules]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imported(path))
    return sorted(found.union(*map(_accompanying, {path.parent for path in found})))


def _source(module: str) -> Path:
    return SOURCE.joinpath(*module.split(".")).with_suffix(".py")


def _accompanying(folder: Path) -> set[Path]:
    """Return the files of a package's folder, and of the folders in it that are no packages, that are no modules."""
    found = set()
    for path in folder.iterdir():
        if path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            found |= _accompanying(path)
        elif path.is_file() and path.suffix != ".py" and not path.name.startswith("."):
            found.add(path)
    return found


def _imported(path: Path) -> list[Path]:
    """Return the package's files that one of them imports anywhere in its text."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(path.relative_to(SOURCE).parts[: -node.level]) if node.level else ""
            module = ".".join(filter(None, (package, node.module)))
            modules.update((module, *(f"{module}.{alias.name}" for alias in node.names)))
    candidates = (_source(module) for module in modules if module.split(".")[0] == PACKAGE)
    return [candidate for candidate in candidates if candidate.is_file()]
