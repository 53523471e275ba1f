"""Imports run one way, from the command line down to files."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from showreel.params.registry import PACKAGE

LAYERS = (
    ("cli",),
    ("verification", "watching", "exporting"),
    ("applying",),
    ("stages",),
    ("gallery",),
    ("tasks", "studies", "checks"),
    ("reporting", "training", "drawing"),
    ("models", "degradations", "datasets"),
    ("scoring",),
    ("pipeline",),
    ("params",),
    ("storage",),
)
"""From top to bottom; a module imports from the layers below its own, and from its own folder."""

PLACE = {folder: place for place, layer in enumerate(LAYERS) for folder in layer}
APART = {"scaffold"}
"""What `showreel new` writes into other folders."""


def imported(path: Path) -> Iterator[str]:
    """Yield the folders of the package that a module imports from, but for what only types need."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for part in block.body
        for node in ast.walk(part)
    }
    own = path.relative_to(PACKAGE.parent).parts
    for node in ast.walk(tree):
        if id(node) in typing:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = [*(own[: -node.level] if node.level else ()), *(node.module or "").split(".")]
            names = [[*filter(None, module), alias.name] for alias in node.names]
        else:
            continue
        yield from (name[1] for name in names if name[0] == PACKAGE.name and len(name) > 1 and name[1] in PLACE)


@pytest.mark.parametrize("folder", PLACE)
def test_imports_run_one_way(folder: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports from {other}/"
        for path in sorted((PACKAGE / folder).rglob("*.py"))
        for other in imported(path)
        if other != folder and PLACE[other] <= PLACE[folder]
    ]
    assert wrong == []


def test_every_folder_has_its_layer() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - APART <= PLACE.keys()


def test_imports_of_every_form_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path / "showreel")
    forms = {
        "import showreel.cli.parser": ["cli"],
        "from showreel import cli, __version__": ["cli"],
        "from showreel.cli import parser": ["cli"],
        "from .. import stages": ["stages"],
        "from ..stages.train import train": ["stages"],
        "from .atomic import published": ["storage"],
        "import numpy": [],
        "def f():\n    from showreel.cli import parser": ["cli"],
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from showreel.cli import parser": [],
    }
    path = tmp_path / "showreel/storage/hdf5.py"
    path.parent.mkdir(parents=True)
    for text, folders in forms.items():
        path.write_text(text)
        assert list(imported(path)) == folders, text
