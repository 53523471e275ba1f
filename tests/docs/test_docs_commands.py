"""The commands of the documentation run, page by page and in order, in a checkout with tiny results.

With every change the engines only plan: `test_end_to_end.py` runs what they plan. `make test-faults` runs everything
but what is marked `not run`, and the tutorial as it stands, with its own pictures and values.
"""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from checkouts import ROOT, Checkout
from pages import PAGES, Block, blocks, named
from PIL import Image

pytestmark = pytest.mark.slow

TUTORIAL = ROOT / "docs/tutorial.md"
RUN = [page for page in PAGES if page != TUTORIAL and any(not block.mark for block in blocks(page, "sh"))]
FULL = [page for page in PAGES if page != TUTORIAL and any(block.mark != "not run" for block in blocks(page, "sh"))]
AUTHOR = {f"GIT_{who}_{what}": "t@t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

NAMES = (
    (r"\b(?:mnist|photos)-(identity|denoiser|superresolution)", r"\1"),
    (r"\b(?:mnist|photos)-(?=\*)", ""),
    (r"\b(?:mnist|photos)\b", "digits"),
)
"""The names of the portfolio → those of the tiny results."""

PLANNED = """\
dvc() { if [ "$1" = repro ]; then shift; command dvc repro --dry "$@"; else command dvc "$@"; fi; }
snakemake() { command snakemake --dry-run "$@"; }
"""
PROMISED = r"\b(?:exports|gallery|results)/[\w./-]*\w|(?<=-o )[\w./-]+"
"""The paths in a block that it makes, or that are there."""

DECLARE = """\
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from pages import declared
params = pathlib.Path("params.yaml")
params.write_text(declared(params.read_text(), sys.argv[2]))
"""


def script(page: Path, wanted: Callable[[Block], bool], names: Callable[[str], str] = str) -> str:
    """Return one script of a page: its commands, and what its YAML declares."""
    parts = ["set -euo pipefail"]
    for block in blocks(page, "sh", "console", "yaml"):
        text = names(block.text)
        if block.language == "yaml":
            parts.append(f"python - {Path(__file__).parents[1]} {shlex.quote(text)} <<'DECLARE'\n{DECLARE}DECLARE")
        elif wanted(block):
            assert "&&" not in text, "bash goes on after a failure before the last &&"
            checks = [f"test -e {path}" for path in re.findall(PROMISED, text)]
            parts += [f"echo 'line {block.line}' >&2", text, *checks]
    return "\n".join(parts)


def tiny(text: str) -> str:
    """Put the names of the tiny results in the place of the portfolio's."""
    for old, new in NAMES:
        text = re.sub(old, new, text)
    return text


def painted(path: Path, side: int = 40) -> None:
    """Write a small colour picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(side).integers(0, 256, (side, side, 3), np.uint8)).save(path)


@pytest.fixture
def visited(made_by_dvc: Checkout, tmp_path: Path) -> Checkout:
    """A checkout such as readers have: committed, with results, an origin, a remote and pictures of theirs."""
    checkout = made_by_dvc.copied(tmp_path / "showreel", **AUTHOR)
    (checkout.folder / ".venv").symlink_to(sys.prefix)
    for name in ("picture.png", "cat.jpg", "album/a.png", "more/b.tif"):
        painted(checkout.folder / name)
    for split in ("train", "validation", "test"):
        painted(checkout.folder / "pictures" / split / f"{split}.png", side=80)
    checkout.run("git", "init", "--quiet", "--bare", "../origin")
    checkout.run("git", "remote", "add", "origin", "../origin")
    checkout.run("dvc", "remote", "add", "--default", "shared", "../shared")
    checkout.run("git", "branch", "--move", "--force", "main")
    checkout.commit()
    return checkout


@pytest.mark.parametrize("page", RUN, ids=named)
def test_the_commands_of_a_page_run(page: Path, visited: Checkout) -> None:
    visited.run("bash", "-c", PLANNED + script(page, lambda block: not block.mark, tiny))


@pytest.mark.faults
@pytest.mark.parametrize("page", FULL, ids=named)
def test_the_commands_of_a_page_run_in_full(page: Path, visited: Checkout) -> None:
    visited.run("bash", "-c", script(page, lambda block: block.mark != "not run", tiny))


@pytest.mark.faults
def test_the_tutorial_runs_word_for_word(tmp_path: Path) -> None:
    checkout = Checkout.fresh(tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    checkout.run("bash", "-c", script(TUTORIAL, lambda block: block.mark != "not run"))
    told = re.findall(r"`([\w./-]+\.(?:gif|png|html|yaml))`", TUTORIAL.read_text())
    assert len(told) > 4
    assert [path for path in told if not (tmp_path / path).is_file()] == []
