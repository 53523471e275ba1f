"""From a name in params.yaml to the module of that name in an extension folder, or an error that lists the names."""

import ast
import importlib
from functools import cache
from pathlib import Path
from types import ModuleType

from showreel.errors import ParamsError

PACKAGE = Path(__file__).parent

ENTRY_POINTS = {"datasets": "read", "degradations": "BASELINES", "models": "build"}
"""Folder → the top-level name that makes a file of it an extension; files without it are shared parts."""


def module(folder: str, name: str) -> ModuleType:
    """Import `showreel.<folder>.<name>`.

    Args:
        folder: one of `ENTRY_POINTS`.
        name: a file name in it, without its suffix.

    Raises:
        ParamsError: there is no such extension; the message lists those that exist.
    """
    if name not in names(folder):
        raise ParamsError(
            f"{folder}: there is no {name!r}; there are {', '.join(names(folder))} "
            f"(add src/showreel/{folder}/{name}.py to make it one)"
        )
    return importlib.import_module(f"showreel.{folder}.{name}")


@cache
def names(folder: str) -> tuple[str, ...]:
    """List the extensions of a folder in alphabetical order, without importing them."""
    return tuple(
        sorted(path.stem for path in (PACKAGE / folder).glob("*.py") if ENTRY_POINTS[folder] in _definitions(path))
    )


def _definitions(path: Path) -> set[str]:
    """Return the names that a module's top level defines."""
    defined: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.add(node.target.id)
        elif isinstance(node, ast.Assign):
            defined.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return defined
