"""A kind and a name → a file or folder of the package that works as it is, and the lines of params.yaml for it."""

import keyword
import os
import re
from pathlib import Path

from showreel.params import registry
from showreel.storage import atomic
from showreel.storage.errors import ParamsError, ShowreelError

KINDS = ("dataset", "degradation", "model", "task")
TESTS = {"models": "networks/test_models.py"}
"""Folder of the package → its contract's test, where that is not in the folder of the same name."""
LONGEST_NAME = 30
"""Characters; with more, lines of the file would be too long for the project's format."""

LINES = {
    "dataset": {
        "datasets": "NAME: {source: NAME}",
        "inputs": "NAME-noisy: {dataset: NAME, degradation: noisy, sigma: 0.5}",
        "experiments": "NAME-denoiser: {task: restoration, dataset: NAME, input: NAME-noisy, model: unet, "
        "weights: random}",
    },
    "degradation": {
        "inputs": "digits-NAME: {dataset: digits, degradation: NAME, share: 0.1}",
        "experiments": "NAME-restorer: {task: restoration, dataset: digits, input: digits-NAME, model: unet, "
        "weights: random}",
    },
    "model": {
        "models": "NAME: {filters: 16}",
        "experiments": "digits-NAME: {task: restoration, dataset: digits, input: digits-noisy, model: NAME, "
        "weights: random}",
    },
    "task": {
        "experiments": "digits-NAME: {task: NAME, dataset: digits, input: digits-noisy, model: unet, weights: random}",
    },
}
"""Kind → section of params.yaml → the line to add: with it, an experiment among what the project comes with."""


def new(kind: str, name: str) -> None:
    """Write a starting file for a data set, a degradation or a model of your own, or a folder for a task.

    It works as it is and passes the tests of its folder; its docstrings say what to replace. params.yaml stays as it
    is: the lines to add are printed.
    """
    path = _place(kind, name)
    scaffold = registry.PACKAGE / "scaffold"
    if kind == registry.TASKS[:-1]:
        with atomic.replacing(path) as folder:
            for pattern in sorted((scaffold / kind).glob("*.py")):
                (folder / pattern.name).write_text(_named(pattern, name), encoding="utf-8")
    else:
        atomic.write_text(path, _named(scaffold / f"{kind}.py", name))
    print(_next_steps(kind, name, path))


def _named(pattern: Path, name: str) -> str:
    """Return a starting file under its new name."""
    return pattern.read_text(encoding="utf-8").replace("NAME", name)


def _place(kind: str, name: str) -> Path:
    """Return the path of the new file.

    Raises:
        ParamsError: the name cannot be a module's, is too long, or is taken.
        ShowreelError: the package is installed, not run from a checkout.
    """
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise ParamsError(
            f"new {kind}: {name!r} cannot be its file's name; take lower-case letters, digits and '_', starting with a "
            "letter, and none of Python's own words"
        )
    if len(name) > LONGEST_NAME:
        raise ParamsError(f"new {kind}: a name of {len(name)} characters; take one of up to {LONGEST_NAME}")
    if registry.PACKAGE.parent.name != "src" or not (registry.PACKAGE.parents[1] / "dvc.yaml").is_file():
        raise ShowreelError(
            f"new {kind}: {registry.PACKAGE} is an installed package, where the next installation would remove your "
            "file; "
            "clone the repository, run `make setup` there, and use that .venv/bin/showreel"
        )
    path = registry.PACKAGE / f"{kind}s" / (name if kind == registry.TASKS[:-1] else f"{name}.py")
    if any(place.exists() for place in (path, path.with_suffix(""), path.with_suffix(".py"))):
        raise ParamsError(f"new {kind}: {_shown(path)} is there already and stays as it is; take another name")
    return path


def _shown(path: Path) -> str:
    """Return a path as one would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _next_steps(kind: str, name: str, path: Path) -> str:
    lines = [f"{section}:\n  {line.replace('NAME', name)}" for section, line in LINES[kind].items()]
    experiment = LINES[kind]["experiments"].replace("NAME", name).partition(":")[0]
    folder = f"{kind}s"
    return "\n".join(
        [
            f"{_shown(path)}\n\nLines to add to these sections of params.yaml:\n",
            *lines,
            f"\nThen\n  pytest -k {name} tests/{TESTS.get(folder, folder)}\n  dvc repro render@{experiment}",
        ]
    )
