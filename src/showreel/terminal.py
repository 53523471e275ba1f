"""What is printed for people: with colours and a picture on a terminal, as plain whole lines everywhere else."""

import os
import sys
from pathlib import Path

from rich.console import Console, RenderableType

WIDEST = 10_000
"""Columns; lines are never broken here, so that a search in them finds whole ones."""


def show(*parts: RenderableType) -> None:
    """Print texts and tables, one beneath the other."""
    console = _console(WIDEST)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def show_picture(path: Path) -> None:
    """Draw a picture as finely as the terminal can, Sixel or Kitty's protocol or coloured half blocks, if it is one."""
    console = _console()
    if not (console.is_terminal and console.color_system and path.is_file() and sys.stdin.isatty()):
        return
    # Its import asks the terminal what it can draw, and reads the answer from the standard input.
    from textual_image.renderable import Image

    console.print(Image(path, width="auto", height="auto"))


def _console(width: int | None = None) -> Console:
    """Return a console that writes escape codes to a terminal only, and none where NO_COLOR asks for that."""
    is_terminal = sys.stdout.isatty()
    return Console(
        width=width,
        force_terminal=is_terminal,
        color_system="auto" if is_terminal and not os.environ.get("NO_COLOR") else None,
        markup=False,
        emoji=False,
        highlight=False,
    )
