"""The script by which a shell completes commands, options, files and the names of experiments."""

import argparse
from typing import Any

SHELLS = ("bash", "zsh", "tcsh")
NAMES = "$(showreel list 2> /dev/null | sed -n '2,/^$/s/ .*//p')"
"""In a shell: the experiments of the params.yaml in the current folder; below the empty line stand studies."""

PREAMBLE = {"bash": f"""_showreel_experiments() {{ compgen -W "{NAMES}" -- "$1"; }}"""}
EXPERIMENTS = {"bash": "_showreel_experiments", "zsh": f"({NAMES})"}
NAMED = ("experiment", "names", "pattern", "rebuild")
"""Arguments that experiments' names fit."""


class Print(argparse.Action):
    """Prints the script for a shell, and ends the program."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: object, values: Any, option: object = None) -> None:
        """Load what writes such scripts only now: it would make every command slower."""
        import shtab

        for command in _commands(parser):
            for action in command._actions:
                if action.dest in NAMED:
                    action.complete = EXPERIMENTS  # type: ignore[attr-defined]
                elif action.dest in ("pictures", "output", "page"):
                    action.complete = shtab.FILE  # type: ignore[attr-defined]
        print(shtab.complete(parser, shell=values, preamble=PREAMBLE.get(values, "")))
        parser.exit()


def _commands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return list(commands.choices.values())
