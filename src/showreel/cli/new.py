"""A kind and a name → a file of the package that works as it is, and what to write into params.yaml for it."""

import keyword
import os
import re
from pathlib import Path

from showreel.params import registry
from showreel.storage import atomic
from showreel.storage.errors import ParamsError, ShowreelError

KINDS = ("dataset", "degradation", "model")
LONGEST_NAME = 30
"""Characters; with more, lines of the file would be too long for the project's format."""

ENTRIES = {"dataset": "{source: NAME}", "degradation": "{share: 0.1}", "model": "{filters: 16}"}
"""What params.yaml says of a new file, beneath its name."""

EXPERIMENTS = {
    "dataset": "NAME-denoiser: {dataset: NAME, input: noisy, model: unet}",
    "degradation": "digits-NAME: {dataset: digits, input: NAME, model: unet}",
    "model": "digits-NAME: {dataset: digits, input: noisy, model: NAME}",
}
"""An experiment with it, among data sets, degradations and models that the project comes with."""


def new(kind: str, name: str) -> None:
    """Write a starting file for a data set, a degradation or a model of your own.

    It works as it is and passes the tests of its folder; its docstrings say what to replace. params.yaml stays as it
    is: the lines to add are printed.
    """
    path = _place(kind, name)
    pattern = (registry.PACKAGE / "scaffold" / f"{kind}.py").read_text(encoding="utf-8")
    atomic.write_text(path, pattern.replace("NAME", name))
    print(_next_steps(kind, name, path))


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
    path = registry.PACKAGE / f"{kind}s" / f"{name}.py"
    if path.exists() or path.with_suffix("").exists():
        raise ParamsError(f"new {kind}: {_shown(path)} is there already and stays as it is; take another name")
    return path


def _shown(path: Path) -> str:
    """Return a path as one would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _next_steps(kind: str, name: str, path: Path) -> str:
    experiment = EXPERIMENTS[kind].replace("NAME", name)
    return f"""\
{_shown(path)}

Lines to add to these sections of params.yaml:

{kind}s:
  {name}: {ENTRIES[kind].replace("NAME", name)}
experiments:
  {experiment}

Then
  pytest -k {name} tests/test_{kind}s.py
  dvc repro render@{experiment.partition(":")[0]}"""
