"""The study of docs/howto/extending.md runs: with what the page says is to be added, and nothing else."""

import re
import shutil
from pathlib import Path

import pytest
from checkouts import ROOT, Checkout
from engines import PORTFOLIO

PAGE = ROOT / "docs/howto/extending.md"

pytestmark = pytest.mark.slow


def sources() -> dict[str, str]:
    """Return the study's files: path → text."""
    section = PAGE.read_text().partition("\n## A study\n")[2]
    found = re.findall(
        r"`(src/showreel/studies/\S+\.py)`[^`]*\n```python\n(.*?)^```", section, re.DOTALL | re.MULTILINE
    )
    return dict(found)


def add(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.fixture
def extended(made_by_dvc: Checkout, tmp_path: Path) -> Checkout:
    """A checkout with results, to which a kind of study was added."""
    checkout = made_by_dvc.copied(tmp_path / "extended")
    for path, text in sources().items():
        (checkout.folder / path).parent.mkdir(exist_ok=True)
        (checkout.folder / path).write_text(text)
    (checkout.folder / "src/showreel/studies/mirror/__init__.py").write_text('"""Mirrored examples."""\n')
    declared = "mirrors:\n  denoiser-mirrored: {of: denoiser, dataset: digits}\n"
    (checkout.folder / "params.yaml").write_text(PORTFOLIO + declared)
    (entry,) = re.findall(r"^  cross:\n(?:(?:    .*)?\n)+", (ROOT / "dvc.yaml").read_text(), re.MULTILINE)
    copy = entry.replace("crosses", "mirrors").replace("cross", "mirror")
    add(checkout.folder / "dvc.yaml", entry, entry + copy)
    add(checkout.folder / "dvc.yaml", "    - crosses\n", "    - crosses\n    - mirrors\n")
    add(checkout.folder / "src/showreel/revisions.yaml", "cross: 1\n", "cross: 1\nmirror: 1\n")
    example = '    "mirror": ("showreel mirror denoiser-mirrored",),\n'
    add(checkout.folder / "src/showreel/cli/examples.py", '    "cross": ', f'{example}    "cross": ')
    return checkout


def test_a_study_of_ones_own_runs_by_dvc_and_is_asked_for_by_snakemake(extended: Checkout) -> None:
    assert len(sources()) == 2
    before = extended.outputs()
    extended.run("dvc", "repro", "mirror@denoiser-mirrored")
    after = extended.outputs()
    new = {f"results/denoiser-mirrored/{name}" for name in ("cells.csv", "metrics.json", "poster.png")}
    assert after.keys() - before.keys() == new | {"lineage/mirror/denoiser-mirrored.json"}
    assert before.items() <= after.items()
    assert "up to date" in extended.run("showreel", "list", "denoiser").split("denoiser-mirrored")[1]
    printed = extended.run("snakemake", "--dry-run", "--cores", "1", "results/denoiser-mirrored/poster.png", "--force")
    assert "showreel mirror denoiser-mirrored" in printed or "rule mirror" in printed


def test_the_files_are_in_the_style_of_the_project(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in sources().items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    checkout.run("ruff", "check", "src/showreel/studies")
    checkout.run("ruff", "format", "--check", "src/showreel/studies")


def test_the_table_of_a_task_names_all_that_its_modules_offer() -> None:
    contract = (ROOT / "src/showreel/tasks/contract.py").read_text()
    section = PAGE.read_text().partition("\n## A task\n")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)\.py` \| (.*) \| .* \|$", section, re.MULTILINE))
    for module in re.findall(r"^class (\w+)\(Protocol\):\n(.*?)(?=^class |\Z)", contract, re.DOTALL | re.MULTILINE):
        name, body = module
        offered = re.findall(r"^    (?:def )?(\w+)(?=[:(])", body, re.MULTILINE)
        assert offered
        assert all(f"`{each}`" in told[name.lower()] for each in offered)
