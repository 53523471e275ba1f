"""Colours and pictures are for terminals: the command in a pseudo-terminal, and without one."""

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import project
import pytest

ESCAPE = "\x1b"
COMMAND = (sys.executable, "-c", "import sys; from showreel.cli import parser; sys.exit(parser.main())")
HALF_BLOCK = "▀"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which everything has run."""
    folder = tmp_path_factory.mktemp("project")
    project.make(folder)
    return folder


def environment(**changes: str) -> dict[str, str]:
    unset = {"NO_COLOR", "FORCE_COLOR", "COLORTERM", "TERM", "COLUMNS", "TTY_COMPATIBLE"}
    return {name: value for name, value in os.environ.items() if name not in unset} | {"TERM": "xterm"} | changes


def on_terminal(folder: Path, *arguments: str, size: tuple[int, int] = (40, 100), **changes: str) -> str:
    """Run a command in a pseudo-terminal that answers no questions, and return what is printed there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, size)
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, env=environment(**changes), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    printed = b""
    try:
        while part := os.read(ours, 1 << 16):
            printed += part
    except OSError:  # so ends a terminal that nobody writes to any more
        pass
    os.close(ours)
    assert process.wait() == 0, printed
    return printed.decode()


def elsewhere(folder: Path, *arguments: str, **changes: str) -> str:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(**changes), capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("arguments", [("list",), ("show", "denoiser")])
def test_there_are_colours_on_a_terminal_and_nowhere_else(made: Path, arguments: tuple[str, ...]) -> None:
    assert ESCAPE in on_terminal(made, *arguments)
    assert ESCAPE not in on_terminal(made, *arguments, NO_COLOR="1")
    assert ESCAPE not in on_terminal(made, *arguments, TERM="dumb")
    assert ESCAPE not in elsewhere(made, *arguments)
    assert ESCAPE not in elsewhere(made, *arguments, FORCE_COLOR="1")


def test_the_poster_is_drawn_on_a_terminal_and_nowhere_else(made: Path) -> None:
    assert HALF_BLOCK in on_terminal(made, "show", "denoiser")
    assert HALF_BLOCK not in on_terminal(made, "show", "denoiser", NO_COLOR="1")
    assert HALF_BLOCK not in on_terminal(made, "show", "denoiser", size=(0, 0))
    assert HALF_BLOCK not in elsewhere(made, "show", "denoiser")


def test_json_has_no_colours_on_a_terminal_either(made: Path) -> None:
    assert ESCAPE not in on_terminal(made, "show", "denoiser", "--json")
    assert ESCAPE not in on_terminal(made, "list", "--json")


def test_a_damaged_poster_is_named(made: Path) -> None:
    poster = made / "results/denoiser/poster.png"
    whole = poster.read_bytes()
    poster.write_bytes(whole[:40])
    try:
        with pytest.raises(AssertionError, match=r"poster\.png: damaged .*render again"):
            on_terminal(made, "show", "denoiser")
    finally:
        poster.write_bytes(whole)


@pytest.mark.parametrize(
    ("command", "code"), [("list", 0), ("verify --json", 0)]
)  # stages of this project have no code
def test_a_reader_that_has_seen_enough_is_no_error(made: Path, command: str, code: int) -> None:
    theirs, ours = os.pipe()
    os.close(theirs)
    done = subprocess.run(
        [*COMMAND, *command.split()], cwd=made, env=environment(), stdout=ours, stderr=subprocess.PIPE
    )
    os.close(ours)
    assert (done.returncode, done.stderr) == (code, b"")
