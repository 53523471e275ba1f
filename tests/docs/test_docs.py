"""What the documentation says can be checked without running it: commands, targets, marks, links."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from checkouts import ROOT
from dvc.cli.parser import get_main_parser
from pages import PAGES, Block, blocks, declared, named
from snakemake.cli import get_argument_parser

from showreel.cli import parser
from showreel.params import registry

SHELL = {f"{named(page)}:{block.line}": (page, block) for page in PAGES for block in blocks(page, "sh", "console")}
MARKED = {name: block for name, (_, block) in SHELL.items() if block.mark}
LINKS = (*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")))
PLAIN = {"data", "models", "results", "gallery"}
"""Folders whose files are targets of Snakemake."""


def commands(block: Block) -> Iterator[list[str]]:
    """Yield the simple commands of a script as words, without comments, here-documents, assignments and keywords."""
    text = re.sub(r"<<'(\w+)'\n.*?\n\1\n", "\n", block.text, flags=re.DOTALL)
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="()<>|&;")
        lexer.whitespace_split = True
        words = list(lexer)
        while words:
            end = next((index for index, word in enumerate(words) if set(word) <= set("()<>|&;")), len(words))
            command, words = words[:end], words[end + 1 :]
            while command and (re.match(r"^\w+=", command[0]) or command[0] in ("do", "then", "else")):
                command = command[1:]
            if command:
                yield command


def targets(page: Path) -> tuple[set[str], set[str]]:
    """Return what DVC and what Snakemake can be asked for, with what the page itself declares."""
    params = (ROOT / "params.yaml").read_text()
    for block in blocks(page, "yaml"):
        params = declared(params, block.text)
    names = yaml.safe_load(params)
    each = {"datasets": ("download", "prepare"), "inputs": ("degrade",), "experiments": ("train", "evaluate", "render")}
    each |= {registry.section(kind): (kind,) for kind in registry.names("studies")}
    stages = {f"{verb}@{name}" for section, verbs in each.items() for verb in verbs for name in names[section]}
    return stages | {"gallery"}, {*names["datasets"], *names["experiments"], "all", "all_gifs", "gallery"}


def matches(pattern: str, names: set[str]) -> bool:
    return any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) for name in names)


@pytest.mark.parametrize(("page", "block"), SHELL.values(), ids=SHELL)
def test_every_command_is_one_that_its_program_understands(page: Path, block: Block) -> None:
    subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
    stages, jobs = targets(page)
    for program, *arguments in commands(block):
        if program == "showreel" and not arguments[0].startswith("--"):
            assert parser._parser().parse_args(arguments)
            if arguments[0] in registry.names("studies"):
                assert f"{arguments[0]}@{arguments[1]}" in stages
        elif program == "dvc":
            given = get_main_parser().parse_args(arguments)
            if given.func.__name__ in ("CmdRepro", "CmdExperimentsRun"):
                assert all(matches(target, stages) for target in given.targets), given.targets
        elif program == "snakemake":
            given = get_argument_parser().parse_args(arguments)
            assert all(target in jobs or target.split("/")[0] in PLAIN for target in given.targets), given.targets
        elif program == "make":
            assert all(re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE) for target in arguments)
        elif program in ("pip", ".venv/bin/pip") and "--requirement" not in arguments:
            extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
            assert re.fullmatch(r"(?:showreel|\.)\[(\w+)\]", arguments[-1])[1] in extras  # type: ignore[index]


@pytest.mark.parametrize("block", MARKED.values(), ids=MARKED)
def test_what_is_not_run_with_every_change_says_why_and_the_tests_that_it_names_exist(block: Block) -> None:
    assert len(block.reason.split()) > 2
    for path, _, test in re.findall(r"(tests/[\w/]+\.\w+)(::(\w+))?", block.reason):
        assert (ROOT / path).is_file()
        assert not test or f"def {test}(" in (ROOT / path).read_text()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_mark_stands_right_above_a_block(page: Path) -> None:
    marked = [block for block in blocks(page, "sh", "console") if block.mark]
    assert len(re.findall(r"^<!-- (?:not )?run", page.read_text(), re.MULTILINE)) == len(marked)


@pytest.mark.parametrize("page", LINKS, ids=named)
def test_every_link_within_the_project_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)|(?:href|src)=\"([^\"]+)\"", text):
        path, _, anchor = "".join(target).partition("#")
        if path.startswith(("http:", "https:")):
            continue
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), path
        if anchor and "reference/cli" not in path:
            assert anchor in {slug(heading) for heading in re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)}


def slug(heading: str) -> str:
    """Return a heading's anchor, as GitHub and the site make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_page_of_the_site_is_in_its_table_of_contents() -> None:
    index = (ROOT / "docs/index.md").read_text()
    listed = {line for tree in re.findall(r"```\{toctree\}\n(.*?)```", index, re.DOTALL) for line in tree.split()}
    pages = {named(page)[5:-3] for page in PAGES if named(page).startswith("docs/")} - {"index"}
    assert pages <= listed
