"""From a name in params.yaml to the module of that name in an extension folder, or an error that lists the names."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from showreel.storage.errors import ParamsError

PACKAGE = Path(__file__).parents[1]

ENTRY_POINTS = {"datasets": "read", "degradations": "BASELINES", "models": "build"}
"""Folder → the top-level name that makes a file of it an extension; files without it are shared parts."""

CONFIGURED = {"datasets": "read", "degradations": "degrade", "models": "build"}
"""Folder → the function whose keyword-only parameters are the options in params.yaml."""

OPTION_TYPES = {"bool": bool, "float": float, "int": int, "str": str, "Literal": Literal}
"""The names that the annotation of an option may use."""


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
def options(folder: str, name: str) -> dict[str, tuple[Any, Any]]:
    """Return the options of an extension as name → (type, default); `...` stands for a missing default.

    They are read from the source: importing a model would take seconds, and most commands need none.

    Raises:
        ParamsError: there is no such extension, or it takes no options because it cannot be configured.
    """
    if name not in names(folder):
        module(folder, name)
    tree = ast.parse((PACKAGE / folder / f"{name}.py").read_text(encoding="utf-8"))
    functions = {node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)}
    if CONFIGURED[folder] not in functions:
        raise ParamsError(f"{folder}.{name}: it takes no options and is always there; remove the key")
    arguments = functions[CONFIGURED[folder]]
    return {
        argument.arg: (
            eval(ast.unparse(argument.annotation or ast.Name("str")), {"__builtins__": {}}, OPTION_TYPES),
            ast.literal_eval(default) if default else ...,
        )
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    }


@cache
def names(folder: str) -> tuple[str, ...]:
    """List the extensions of a folder in alphabetical order, without importing them."""
    name = ENTRY_POINTS[folder]
    entry_point = re.compile(rf"^(def {name}\(|{name}( *:.*)? *=)", re.MULTILINE)
    modules = (PACKAGE / folder).glob("*.py")
    return tuple(sorted(path.stem for path in modules if entry_point.search(path.read_text(encoding="utf-8"))))
