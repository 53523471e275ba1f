"""Other programs that a command asks: DVC, Snakemake and git."""

import subprocess

from showreel.storage.errors import ShowreelError


def ask(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a program in the current folder, and return what it printed and how it ended.

    Raises:
        ShowreelError: there is no such program.
    """
    try:
        return subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise ShowreelError(
            f"{command[0]}: there is no such program on the PATH; install it, or `source .venv/bin/activate`"
        ) from error
