"""Where a result comes from: digests of the code that made it, of its parameters and of its inputs."""

import ast
import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent.parent
PACKAGE = Path(__file__).parent.name


def origin(modules: Iterable[str], inputs: Iterable[Path], **facts: Any) -> str:
    """Return one line of JSON that says what made a result.

    Args:
        modules: the dotted names of the stage's module and of the extensions that it loads by name.
        inputs: the files that it read.
        **facts: anything else that shaped the result, in JSON's types: parameters, seed, precision, device.
    """
    record = {
        "code": code_digest(modules),
        "inputs": {path.as_posix(): file_digest(path) for path in inputs},
        "versions": versions(),
        **facts,
    }
    return json.dumps(record, sort_keys=True)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages whose arithmetic a result rests on."""
    packages = ("showreel", "numpy", "tensorflow", "keras", "scikit-image", "pillow")
    return {"python": platform.python_version()} | {package: metadata.version(package) for package in packages}


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def value_digest(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of JSON-like values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def code_digest(modules: Iterable[str]) -> str:
    """Return one SHA-256 over the sources of some modules and of all that they import from this package."""
    sources = {path.relative_to(SOURCE).as_posix(): file_digest(path) for path in closure(modules)}
    return value_digest(sources)


def closure(modules: Iterable[str]) -> list[Path]:
    """Return the package files that running some modules executes, sorted: they and all that they import, in turn.

    `__init__.py` files are left out: they hold a docstring and nothing else (a test sees to it).
    """
    found: set[Path] = set()
    waiting = [_source(module) for module in modules]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imported(path))
    return sorted(found)


def _source(module: str) -> Path:
    return SOURCE.joinpath(*module.split(".")).with_suffix(".py")


def _imported(path: Path) -> list[Path]:
    """Return the package's files that one of them imports anywhere in its text."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    candidates = (_source(module) for module in modules if module.split(".")[0] == PACKAGE)
    return [candidate for candidate in candidates if candidate.is_file()]
