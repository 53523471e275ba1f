"""The command `showreel`: a subcommand a stage and some more. It parses, calls one function, exits.

Exit codes: 0 done, 1 a file, archive or network is at fault or `verify` found something wrong, 2 params.yaml or the
command line is at fault, 130 interrupted.
"""

import argparse
import functools
import inspect
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import showreel
from showreel.cli import commands, completion, examples, report
from showreel.cli.apply import apply
from showreel.cli.new import KINDS, new
from showreel.exporting import formats
from showreel.params import loading, registry
from showreel.pipeline import paths
from showreel.storage.errors import ParamsError, ShowreelError

EPILOG = """\
Names are those of params.yaml. The stages run in the order above, up to gallery; an engine does that for you:
  dvc repro --glob 'render@photos-*'
  snakemake --cores 4 all_gifs

Examples of each command: showreel COMMAND --help

SHOWREEL_MIRROR: folders or URL prefixes, separated by commas, that `download` asks before the official addresses.
"""


STAGES: dict[Callable[..., None], tuple[str, ...]] = {
    commands.download: ("dataset",),
    commands.prepare: ("dataset",),
    commands.degrade: ("input",),
    commands.train: ("experiment",),
    commands.evaluate: ("experiment",),
    commands.render: ("experiment",),
    commands.gallery: (),
}
"""Subcommand → the names that it takes, in order."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        parsed = vars(_parser().parse_args(given))
        function = parsed.pop("function")
        # `new` makes files that params.yaml may name already, which is an error until they are there.
        declared = [] if function is new else [loading.load(paths.PARAMS)]
        return function(*parsed.values(), *declared) or 0
    except ShowreelError as error:
        return _fail(str(error), error.exit_code)
    except OSError as error:
        return _fail(f"{' '.join(given)}: {error}; check that the disk has room and that its folders can be written", 1)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing half-written is left", 130)
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: object) -> NoReturn:
    """Take a scheduler's request to end as an interruption, so that temporary files are removed."""
    raise KeyboardInterrupt


class _Parser(argparse.ArgumentParser):
    """Complains in one line, as everything else here does, instead of printing its usage too."""

    def error(self, message: str) -> NoReturn:
        raise ParamsError(f"{message}; see `{self.prog} --help`")


class _Version(argparse.Action):
    """Prints the version, and ends the program."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: object, values: Any, option: object = None) -> None:
        """Look the version up only now: it would make every command slower by 50 ms."""
        from importlib import metadata

        print(f"showreel {metadata.version('showreel')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="showreel", description=showreel.__doc__, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action=_Version, nargs=0, default=argparse.SUPPRESS, help="print it and exit")
    parser.add_argument(
        "--print-completion", choices=completion.SHELLS, action=completion.Print, default=argparse.SUPPRESS,
        help="print a script for the shell: source <(showreel --print-completion bash)",
    )  # fmt: skip
    added = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for stage, names in STAGES.items():
        command = _command(added, stage)
        for name in names:
            command.add_argument(name, metavar=name.upper(), help=f"a name in params.yaml: {name}s")
    for kind in registry.names("studies"):
        _add_study(added, kind)
    listing, showing, syncing = (_command(added, one) for one in (report.list_, report.show, commands.sync))
    for command in (listing, syncing):
        command.add_argument("pattern", nargs="?", default="*", help="'mnist-*'; default: all")
    showing.add_argument("experiment", metavar="EXPERIMENT", help="a name in params.yaml: experiments")
    for command in (listing, showing):
        command.add_argument("--json", action="store_true", help="for machines")
    comparing = _command(added, report.compare)
    comparing.add_argument("names", nargs="+", metavar="EXPERIMENT[@REVISION]", help="the first one is the reference")
    comparing.add_argument("--json", action="store_true", help="for machines: all numbers, unrounded")
    comparing.add_argument("--page", metavar="FOLDER", type=Path, help="also write a gallery of them, to look at")
    handing = _command(added, commands.export)
    handing.add_argument("experiment", metavar="EXPERIMENT", help="a name in params.yaml: experiments")
    handing.add_argument("--format", choices=formats.FORMATS, default="onnx", help="default: %(default)s")
    handing.add_argument("-o", "--output", metavar="PATH", type=Path, help="default: exports/EXPERIMENT.…")
    verifying = _command(added, commands.verify)
    choice = verifying.add_mutually_exclusive_group()
    choice.add_argument("pattern", nargs="?", default="*", help="'mnist-*'; default: all that is here")
    verifying.add_argument("--json", action="store_true", help="for machines: every finding")
    verifying.add_argument("--strict", action="store_true", help="results of other code than the present are a fault")
    choice.add_argument("--rebuild", metavar="EXPERIMENT", help="make it again in a scratch folder and compare")
    choice.add_argument("--same", metavar="COMMIT", help="does its code make the same bytes as the code here?")
    _add_apply(added)
    starting = _command(added, new)
    starting.add_argument("kind", choices=KINDS, help="what to begin")
    starting.add_argument("name", metavar="NAME", help="of the file, and in params.yaml: lower-case letters, digits, _")
    return parser


def _add_study(added: Any, kind: str) -> None:
    """Add the command of a kind of study, whose help is the docstring of its `run`."""
    text = inspect.cleandoc(registry.docstring("studies", kind))
    command: argparse.ArgumentParser = added.add_parser(
        kind, help=text.splitlines()[0], description=text, epilog=examples.epilog(kind),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    command.set_defaults(function=functools.partial(commands.study, kind))
    command.add_argument("name", metavar="NAME", help=f"a name in params.yaml: {registry.section(kind)}")


def _add_apply(added: Any) -> None:
    applying = _command(added, apply)
    applying.add_argument("experiment", metavar="EXPERIMENT", help="a name in params.yaml: experiments")
    applying.add_argument("pictures", nargs="+", metavar="PICTURE", help="a picture, a folder, or a pattern in quotes")
    applying.add_argument("-o", "--output", required=True, type=Path, help="a picture's name, or a folder")
    applying.add_argument("--compare", action="store_true", help="also write NAME.compare.png: before and after")
    applying.add_argument("--force", action="store_true", help="replace what is there already")


def _command(added: Any, function: Callable[..., int | None]) -> argparse.ArgumentParser:
    text = inspect.cleandoc(function.__doc__ or "")
    name = function.__name__.strip("_")
    command: argparse.ArgumentParser = added.add_parser(
        name, help=text.splitlines()[0], description=text, epilog=examples.epilog(name),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    command.set_defaults(function=function)
    return command


def _fail(message: str, exit_code: int) -> int:
    print(f"showreel: error: {' '.join(message.split())}", file=sys.stderr)
    return exit_code
