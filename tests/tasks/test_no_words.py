"""No stage, no shared file and no page that all tasks use names a score of a task: it reads `SCORES`."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from checkouts import ROOT

from showreel.params import registry
from showreel.params.registry import PACKAGE

OWN = (PACKAGE / "tasks", PACKAGE / "scaffold")
"""Where the words of tasks belong."""
TEXTS = {".py", ".js", ".j2", ".css", ".smk", ".rst", ".html", ".yaml", ""}
TASKS = [*(f"showreel.tasks.{name}" for name in registry.names("tasks")), "showreel.scaffold.task"]


def words(task: str) -> Iterator[tuple[str, int]]:
    """Yield the words of a task's scores with a flag: names and headings in any case, units as they are written."""
    for name, score in importlib.import_module(f"{task}.scores").SCORES.items():
        yield from ((name, re.IGNORECASE), (score.heading, re.IGNORECASE), (score.unit, 0))


def pattern(word: str, flag: int) -> re.Pattern[str]:
    """Match a whole word, also as a part of a name such as `input_<word>`."""
    return re.compile(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", flag)


def files() -> Iterator[Path]:
    """Yield every text of the package and of the engines, but for those of others."""
    for path in (ROOT / "Snakefile", ROOT / "dvc.yaml", *(ROOT / "workflow").rglob("*"), *PACKAGE.rglob("*")):
        is_text = path.is_file() and path.suffix in TEXTS and ".min." not in path.name
        if is_text and not any(path.is_relative_to(folder) for folder in OWN):
            yield path


def test_the_words_of_a_task_stand_in_its_folder_alone() -> None:
    patterns = [pattern(word, flag) for task in TASKS for word, flag in words(task) if word]
    assert len(patterns) > len(TASKS)
    lines = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for pattern in patterns
        if pattern.search(line)
    ]
    assert lines == []


def test_words_are_found_whole_and_in_names() -> None:
    name, unit = pattern("psnr", re.IGNORECASE), pattern("dB", 0)
    assert all(name.search(text) for text in ("psnr", "PSNR: 3", "input_psnr_low", '"psnr"', "best-psnr"))
    assert not any(name.search(text) for text in ("psnrs", "apsnr", "psnr2"))
    assert unit.search("3 dB")
    assert not any(unit.search(text) for text in ("db", "dBase", "AdB"))


def test_what_is_searched_are_stages_pages_scripts_and_rules() -> None:
    searched = {str(path.relative_to(ROOT)) for path in files()}
    assert searched >= {
        "src/showreel/stages/evaluate.py", "src/showreel/gallery/assets/experiment.js", "Snakefile", "dvc.yaml",
        "src/showreel/gallery/templates/experiment.html.j2", "workflow/rules/reporting.smk",
        "workflow/report/workflow.rst",
    }  # fmt: skip
