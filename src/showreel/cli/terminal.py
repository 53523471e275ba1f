"""What is printed for people: with colours and a picture on a terminal, as plain whole lines everywhere else."""

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from showreel.storage.errors import ShowreelError

if TYPE_CHECKING:  # rich takes time to load, and most commands do without
    from rich.console import Console, RenderableType

WIDEST = 10_000
"""Columns; lines are never broken here, so that a search in them finds whole ones."""


def show(*parts: "RenderableType") -> None:
    """Print texts and tables, one beneath the other."""
    console = _console(WIDEST)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    write("\n".join(line.rstrip() for line in captured.get().splitlines()))


def write(text: str) -> None:
    """Print a text; a reader that has seen enough, such as `head`, is no error."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Python flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_picture(path: Path) -> None:
    """Draw a picture as finely as the terminal can: by Sixel, Kitty's protocol or coloured half blocks.

    Nothing is drawn where there is no terminal, or no picture.

    Raises:
        ShowreelError: the picture is damaged.
    """
    console = _console()
    if not (console.color_system and _answers() and path.exists()):
        return
    # A terminal that does not tell the size of its letters gets a usual one; a warning would be in the picture's way.
    logging.getLogger("textual_image").setLevel(logging.ERROR)
    # The import asks the terminal what it can draw, and reads the answer from the standard input.
    from textual_image.renderable import Image

    try:
        console.print(Image(path, width="auto", height="auto"))
    except (OSError, SyntaxError) as error:  # the latter is Pillow's for a PNG that is cut short
        raise ShowreelError(f"{path}: damaged ({error}); delete it and render again") from error


def _answers() -> bool:
    """Tell whether there is a terminal at both ends that knows its size; some consoles say that it is 0×0."""
    return sys.stdin.isatty() and all(os.get_terminal_size(sys.stdout.fileno()))


def _console(width: int | None = None) -> "Console":
    """Return a console that writes escape codes to a terminal only, and none where NO_COLOR asks for that."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    return Console(
        width=width,
        force_terminal=is_terminal,
        color_system="auto" if is_terminal and not os.environ.get("NO_COLOR") else None,
        markup=False,
        emoji=False,
        highlight=False,
    )
