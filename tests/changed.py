"""`python tests/changed.py [BASE]`: the test files whose imports meet what has changed since a commit, a line each.

A test file meets a change if it is changed itself, or imports a module of the package, at first or at second hand, that
is. The contracts of the extension folders are always among them; what is no Python brings the whole folder of tests of
its own kind. `make test-changed` runs them.
"""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from showreel.pipeline import provenance

ROOT = Path(__file__).parents[1]
CONTRACTS = (
    "tests/tasks/test_contract.py",
    "tests/datasets/test_datasets.py",
    "tests/degradations/test_degradations.py",
    "tests/networks/test_models.py",
    "tests/networks/test_tasks.py",
    "tests/pipeline/test_engines.py",
    "tests/pipeline/test_layers.py",
)
FOLDERS = {
    "docs": "tests/docs",
    "README.md": "tests/docs",
    "workflow": "tests/pipeline",
    "Snakefile": "tests/pipeline",
    "dvc.yaml": "tests/pipeline",
    "params.yaml": "tests/params",
}
"""Beginning of a path that is no module → the tests that look at it."""


def meeting(changes: Iterable[str]) -> list[str]:
    """Return the test files and folders that some changed paths, relative to the root, concern."""
    changed = set(changes)
    sources = {ROOT / path for path in changed}
    chosen = {path for path in CONTRACTS if (ROOT / path).exists()}
    chosen |= {tests for path in changed for start, tests in FOLDERS.items() if path.startswith(start)}
    helpers = {path.stem for path in sources if path.suffix == ".py" and path.is_relative_to(ROOT / "tests")}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        modules = _imported(path)
        package = [module for module in modules if module.startswith("showreel.")]
        files = set().union(*(_closure(module) for module in package if _is_module(module)))
        if path in sources or files & sources or helpers & modules:
            chosen.add(path.relative_to(ROOT).as_posix())
    return sorted(chosen)


@functools.cache
def _closure(module: str) -> frozenset[Path]:
    return frozenset(provenance.closure([module]))


def _imported(path: Path) -> set[str]:
    """Return the dotted names that a test file imports anywhere in its text."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _is_module(name: str) -> bool:
    return provenance.SOURCE.joinpath(*name.split(".")).with_suffix(".py").is_file()


def _changes(base: str) -> list[str]:
    """List what differs from a commit, files that git does not know among it."""
    commands = (["diff", "--name-only", base], ["ls-files", "--others", "--exclude-standard"])
    return [
        path
        for command in commands
        for path in subprocess.run(
            ["git", "-C", str(ROOT), *command], check=True, capture_output=True, text=True
        ).stdout.splitlines()
    ]


if __name__ == "__main__":
    print("\n".join(meeting(_changes((sys.argv[1:] or ["HEAD"])[0]))))
