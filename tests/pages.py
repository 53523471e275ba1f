"""The pages of the documentation → their blocks of code, each with the comment above it that says who runs it."""

import re
from pathlib import Path
from typing import NamedTuple

from checkouts import ROOT
from markdown_it import MarkdownIt

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MARK = re.compile(r"<!-- (not run|run by make test-faults): (.+) -->")


class Block(NamedTuple):
    """A fenced block of a page.

    Attributes:
        line: its first line in the page.
        language: what stands behind the fence.
        text: what is in it.
        mark: "" if it runs with every change, else `not run` or `run by make test-faults`.
        reason: why.
    """

    line: int
    language: str
    text: str
    mark: str
    reason: str


def named(page: Path) -> str:
    """Return a page's path in the project."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the blocks of some languages, in order."""
    tokens = MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
    found = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "fence" and token.info.strip() in languages and token.map:
            comment = MARK.fullmatch(before.content.strip()) if before and before.type == "html_block" else None
            mark, reason = comment.groups() if comment else ("", "")
            found.append(Block(token.map[0] + 1, token.info.strip(), token.content, mark, reason))
    return found


def declared(params: str, block: str) -> str:
    """Add the entries of a block to the sections of a params.yaml; a section on one line takes the old one's place."""
    for section, entries in re.findall(r"^(\w+:.*)\n((?:  .*\n)*)", block, re.MULTILINE):
        name = section.partition(":")[0]
        if entries:
            before, head, after = re.split(rf"^({name}:.*\n)", params, flags=re.MULTILINE)
            params = before + head + entries + after
        else:
            others = re.sub(rf"^{name}:.*\n(?:  .*\n)*", "", params, flags=re.MULTILINE)
            params = f"{others}{section}\n"
    return params


def rows(page: Path, heading: str) -> list[list[str]]:
    """Return the names in the first column of the table below a heading, cell by cell."""
    section = re.split(rf"^## {re.escape(heading)}\n", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    table = re.split(r"^## ", section, flags=re.MULTILINE)[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [re.findall(r"`([^`]+)`", cell) for cell in cells]
