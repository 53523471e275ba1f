"""The parser of `showreel` → the help of each of its commands as a section, by the directive `cli-reference`."""

import argparse
from functools import partial

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from showreel.cli import parser

WIDTH = 96
"""Characters of a line of the site; otherwise argparse asks the terminal."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("cli-reference", CliReference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class CliReference(SphinxDirective):
    """What `showreel COMMAND --help` prints, for every command."""

    def run(self) -> list[nodes.Node]:
        """Return the page's sections."""
        self.env.note_reread()
        return self.parse_text_to_nodes(markdown(parser._parser()), allow_section_headings=True)


def markdown(parser: argparse.ArgumentParser) -> str:
    """Return a section for the command itself and one for each subcommand, in the parser's order."""
    parts = ["## showreel", _help(parser)]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                parts += [f"## showreel {name}", _help(command)]
    return "\n\n".join(parts)


def _help(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = partial(argparse.RawDescriptionHelpFormatter, width=WIDTH)
    return f"```\n{parser.format_help().rstrip()}\n```"
