"""`python tests/changed.py [BASE]`: the test files whose imports meet what has changed since a commit, a line each.

A test file meets a change of itself, of what it imports of other test files, or of a module of the package that any of
these imports, at first or at second hand. The contracts of the extension folders are always among them; what is no
Python brings the whole folder of tests of its own kind, and what all tests share brings all. `make test-changed` runs
them, but for the slow ones: those start commands, which import more than can be seen here.
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
    "tests/datasets/test_contracts.py",
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
SHARED = ("tests/conftest.py", "pyproject.toml", "requirements.txt")


def meeting(changes: Iterable[str]) -> list[str]:
    """Return the test files and folders that some changed paths, relative to the root, concern."""
    changed = set(changes)
    if changed & set(SHARED):
        return ["tests"]
    chosen = {path for path in CONTRACTS if (ROOT / path).exists()}
    chosen |= {tests for path in changed for start, tests in FOLDERS.items() if path.startswith(start)}
    files = {ROOT / path for path in changed}
    tests = (path for name, path in _helpers().items() if name.startswith("test_"))
    chosen |= {path.relative_to(ROOT).as_posix() for path in tests if files & _needed(path)}
    return sorted(chosen)


def _needed(test: Path) -> set[Path]:
    """Return a test file, those in tests/ that it imports, and the package's files that any of them imports."""
    files: set[Path] = set()
    waiting = [test]
    while waiting:
        file = waiting.pop()
        if file not in files:
            files.add(file)
            names = _imported(file)
            waiting += [_helpers()[name] for name in names if name in _helpers()]
            files.update(*(_closure(name) for name in names if _is_module(name)))
    return files


@functools.cache
def _helpers() -> dict[str, Path]:
    """Map each module in tests/, by whose bare name others import it, to its file."""
    return {path.stem: path for path in (ROOT / "tests").rglob("*.py")}


@functools.cache
def _closure(module: str) -> frozenset[Path]:
    return frozenset(provenance.closure([module]))


@functools.cache
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
    return name.startswith("showreel.") and provenance.SOURCE.joinpath(*name.split(".")).with_suffix(".py").is_file()


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
