"""Imports run one way, from the command line down to files."""

import ast
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
    ("reporting",),
    ("tasks", "studies", "checks"),
    ("training", "drawing"),
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
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in typing:
            parts = node.module.split(".")
            names = [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
            yield from (name for name in names if parts[0] == "showreel" and name in PLACE)


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
