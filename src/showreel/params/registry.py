"""From a name in params.yaml to the module of that name in an extension folder, or an error that lists the names."""

import ast
import importlib
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from showreel.storage.errors import ParamsError

PACKAGE = Path(__file__).parents[1]

FUNCTIONS = {"datasets": "read", "degradations": "degrade", "models": "build", "studies": "study.run"}
"""Folder → the function whose keyword-only parameters are the options in params.yaml.

A file without it is no extension; an extension that is a folder has it in the module that stands before the dot.
"""

TASKS = "tasks"
TASK_MODULES = ("learning", "scores", "baselines", "drawing", "page")
"""The modules of a task's folder."""

OPTION_TYPES = {"bool": bool, "float": float, "int": int, "str": str, "list": list, "Literal": Literal}
"""The names that the annotation of an option may use."""


def module(folder: str, name: str, part: str = "") -> ModuleType:
    """Import `showreel.<folder>.<name>`, or a part of it where the extension is a folder.

    Args:
        folder: one of `FUNCTIONS`, or `TASKS`.
        name: a file or folder in it, without a suffix.
        part: a module of the folder.

    Raises:
        ParamsError: there is no such extension; the message lists those that exist.
    """
    check(folder, name)
    return importlib.import_module(".".join(filter(None, ("showreel", folder, name, part))))


def check(folder: str, name: str) -> None:
    """Refuse a name that no extension of a folder has.

    Raises:
        ParamsError: there is no such extension; the message lists those that exist.
    """
    if name not in names(folder):
        raise ParamsError(
            f"{folder}: there is no {name!r}; there are {', '.join(names(folder)) or 'none'} "
            f"(a new one is a file or folder in src/showreel/{folder}/)"
        )


@cache
def options(folder: str, name: str) -> dict[str, tuple[Any, Any]]:
    """Return the options of an extension as name → (type, default); `...` stands for a missing default.

    They are read from the source: importing a model would take seconds, and most commands need none.

    Raises:
        ParamsError: there is no such extension.
    """
    check(folder, name)
    path, function = _main(folder, name)
    (arguments,) = (
        node.args for node in _parsed(path).body if isinstance(node, ast.FunctionDef) and node.name == function
    )
    return {
        argument.arg: (
            eval(ast.unparse(argument.annotation or ast.Name("str")), {"__builtins__": {}}, OPTION_TYPES),
            ast.literal_eval(default) if default else ...,
        )
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    }


@cache
def constant(folder: str, name: str, constant: str, part: str = "") -> Any:
    """Return a top-level constant of an extension, a literal, read from the source like its options.

    Raises:
        ParamsError: there is no such extension, or it has no such constant.
    """
    check(folder, name)
    path = PACKAGE / folder / name / f"{part}.py" if part else PACKAGE / folder / f"{name}.py"
    for node in _parsed(path).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id == constant for target in targets):
            return ast.literal_eval(node.value)
    raise ParamsError(f"{path}: has no {constant}, which every file of {folder}/ says")


@cache
def names(folder: str) -> tuple[str, ...]:
    """List the extensions of a folder in alphabetical order, without importing them."""
    if folder == TASKS:
        return tuple(sorted(path.parent.name for path in (PACKAGE / folder).glob("*/learning.py")))
    pattern = "*/study.py" if "." in FUNCTIONS[folder] else "*.py"
    paths = (PACKAGE / folder).glob(pattern)
    found = [path.parent.name if "/" in pattern else path.stem for path in paths if _defines(path, folder)]
    return tuple(sorted(found))


def docstring(folder: str, name: str) -> str:
    """Return what an extension's function says of itself."""
    path, function = _main(folder, name)
    return next(
        ast.get_docstring(node) or ""
        for node in _parsed(path).body
        if isinstance(node, ast.FunctionDef) and node.name == function
    )


def section(kind: str) -> str:
    """Return the section of params.yaml that declares the studies of a kind: its plural."""
    return f"{kind}es" if kind.endswith(("s", "x", "ch", "sh")) else f"{kind}s"


def _main(folder: str, name: str) -> tuple[Path, str]:
    """Return the file that holds an extension's function, and the function's name."""
    part, _, function = FUNCTIONS[folder].rpartition(".")
    path = PACKAGE / folder / name / f"{part}.py" if part else PACKAGE / folder / f"{name}.py"
    return path, function


def _defines(path: Path, folder: str) -> bool:
    function = FUNCTIONS[folder].rpartition(".")[2]
    return f"\ndef {function}(" in path.read_text(encoding="utf-8")


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
