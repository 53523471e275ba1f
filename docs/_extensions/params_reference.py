"""The JSON schema of params.yaml → tables for the site, by the directive `params-reference`, and a file for editors."""

import json
from pathlib import Path
from typing import Any

import params_schema
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from showreel.params import registry

FILE = "params.schema.json"
HEAD = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n"
HEADINGS = {"datasets": "datasets", "degradations": "inputs", "models": "models"}
"""Folder of the package → the section of params.yaml whose entries name its files."""
INDEFINITE = {"integer": "a whole number", "number": "a number", "string": "text", "boolean": "`true` or `false`"}
PLURAL = {"integer": "whole numbers", "number": "numbers", "string": "texts", "boolean": "`true` and `false`"}
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive, and the file at the end of a build."""
    app.add_directive("params-reference", ParamsReference)
    app.connect("build-finished", write_schema)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class ParamsReference(SphinxDirective):
    """Everything that may stand in params.yaml; what it says is read from the code when the site is built."""

    def run(self) -> list[nodes.Node]:
        """Return the page's sections."""
        for path in registry.PACKAGE.rglob("*.py"):
            self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(markdown(params_schema.written()), allow_section_headings=True)


def write_schema(app: Sphinx, exception: Exception | None) -> None:
    """Put the schema beside the pages."""
    if exception is None:
        text = json.dumps(params_schema.written(), indent=1, ensure_ascii=False)
        (Path(app.outdir) / FILE).write_text(f"{text}\n", encoding="utf-8")


def markdown(schema: params_schema.Schema) -> str:
    """Return tables of the whole file, of its sections and of every extension."""
    definitions = schema["$defs"]
    parts = ["## The whole file", table(schema)]
    for name, section in (("training", "Training"), ("watch", "Watch"), ("experiments", "Experiment")):
        parts += [f"## {name}", definitions[section]["description"], table(definitions[section])]
    for folder, heading in HEADINGS.items():
        parts += [f"## {heading}", f"Files of `src/showreel/{folder}/`."]
        for name in registry.names(folder):
            entry = definitions[f"{folder}.{name}"]
            parts += [f"### {folder}: {name}", entry["description"], table(entry)]
    for kind in registry.names("studies"):
        entry = definitions[f"studies.{kind}"]
        parts += [f"## {registry.section(kind)}", entry["description"], table(entry)]
    return "\n\n".join(parts)


def table(schema: params_schema.Schema) -> str:
    """Return a table of the keys of one object."""
    rows = [row(key, value, key in schema.get("required", ())) for key, value in schema["properties"].items()]
    return HEAD + "\n".join(rows)


def row(key: str, value: dict[str, Any], required: bool) -> str:
    """Return the row of one key."""
    default = "needed" if required else code(value["default"]) if "default" in value else "may be left out"
    cells = (f"`{key}`", kind(value), default, value["description"])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def kind(value: dict[str, Any]) -> str:
    """Say what may stand at a key."""
    choices = [value["const"]] if "const" in value else value.get("enum")
    if choices:
        return ", ".join(map(code, choices))
    if value.get("type") in INDEFINITE:
        bounds = [f"{sign} {number(value[bound])}" for bound, sign in BOUNDS.items() if bound in value]
        return " ".join((INDEFINITE[value["type"]], " and ".join(bounds))).strip()
    if value.get("type") == "array":
        return f"a list of {PLURAL[value['items']['type']]}"
    return "keys with values"


def number(value: float) -> str:
    """Return a bound as people write it."""
    return f"2^{value.bit_length() - 1}" if isinstance(value, int) and value > 2**53 else str(value)


def code(value: Any) -> str:
    """Return a value as params.yaml has it."""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"
