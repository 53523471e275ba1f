"""params/schema.py and the signatures of extensions → a JSON schema of params.yaml, for editors and pages."""

import ast
import re
from pathlib import Path
from typing import Any

import pydantic

from showreel.params import registry, schema

Schema = dict[str, Any]

NAMED_BY = {"datasets": "source", "degradations": "degradation"}
"""Folder → the key of an entry that names a file of the folder; a model's or study's place in params.yaml names it."""


def written() -> Schema:
    """Return the JSON schema (draft 2020-12) of params.yaml; what each key means is its `description`."""
    whole = schema.schema().model_json_schema()
    definitions, sections = whole["$defs"], whole["properties"]
    common = {name: definitions.pop(name) for name in ("Dataset", "Input", "Study")}
    for section, folder in (("datasets", "datasets"), ("inputs", "degradations")):
        _set_entries(sections[section], {"oneOf": [_reference(folder, name) for name in registry.names(folder)]})
    for kind in registry.names("studies"):
        _set_entries(sections[registry.section(kind)], _reference("studies", kind))
    named = {name: _reference("models", name) for name in registry.names("models")}
    described = {key: sections["models"][key] for key in ("type", "description")}
    sections["models"] = described | {"properties": named, "additionalProperties": False}
    _complete_experiment(definitions)
    for folder in registry.FUNCTIONS:
        for name in registry.names(folder):
            definitions[f"{folder}.{name}"] = extension(folder, name, common)
    for section in sections.values():
        section.pop("default", None)  # an empty section, or one whose own keys have defaults
    draft = "https://json-schema.org/draft/2020-12/schema"
    complete: Schema = _untitled({"$schema": draft, **whole, "$defs": definitions, "additionalProperties": False})
    return complete


def extension(folder: str, name: str, common: Schema) -> Schema:
    """Return the schema of an entry that names an extension: the keys that all entries have, and its own options.

    Args:
        folder: of the package.
        name: of the extension.
        common: class of params/schema.py → its schema.
    """
    options: Any = registry.options(folder, name)
    model = pydantic.create_model(name, __config__=pydantic.ConfigDict(extra="forbid"), **options)
    entry: Schema = _untitled(model.model_json_schema()) | {"description": summary(folder, name)}
    own, meant = entry.get("properties", {}), meanings(folder, name)
    for option in own:
        own[option]["description"] = meant.get(option, "")
    shared = {"datasets": "Dataset", "degradations": "Input", "studies": "Study"}.get(folder)
    keys = dict(common[shared]["properties"]) if shared else {}
    if folder in NAMED_BY:
        key = NAMED_BY[folder]
        keys[key] = {"const": name, "description": keys[key]["description"].partition(";")[0] + "."}
    entry["properties"] = keys | own
    if required := [*keys, *entry.get("required", [])]:
        entry["required"] = required
    return entry


def summary(folder: str, name: str) -> str:
    """Return the first paragraph of an extension's docstring."""
    return _one_line((ast.get_docstring(_tree(folder, name)) or "").split("\n\n")[0])


def meanings(folder: str, name: str) -> dict[str, str]:
    """Return what an extension's function says of each of its arguments."""
    listed = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", registry.docstring(folder, name), re.DOTALL | re.MULTILINE)
    entries = re.split(r"^    (?=\S)", listed[1] if listed else "", flags=re.MULTILINE)[1:]
    return {key: _one_line(meaning) for key, _, meaning in (entry.partition(":") for entry in entries)}


def _set_entries(section: Schema, entry: Schema) -> None:
    """Say what an entry of a section is, whatever its name."""
    (names,) = section["patternProperties"]
    section["patternProperties"] = {names: entry}
    section["additionalProperties"] = False


def _complete_experiment(definitions: Schema) -> None:
    """Say which names an experiment may use, and what each training value means."""
    experiment = definitions["Experiment"]["properties"]
    experiment["task"]["enum"] = list(registry.names(registry.TASKS))
    experiment["model"]["enum"] = list(registry.names("models"))
    for name, change in definitions["TrainingChange"]["properties"].items():
        change["description"] = definitions["Training"]["properties"][name]["description"]
        del change["default"]  # it stands for "as the others", and cannot be written
    del experiment["training"]["default"], experiment["options"]["default"]


def _tree(folder: str, name: str) -> ast.Module:
    return ast.parse(_file(folder, name).read_text(encoding="utf-8"))


def _file(folder: str, name: str) -> Path:
    """Return the file that holds an extension's function."""
    part = registry.FUNCTIONS[folder].rpartition(".")[0]
    place = registry.PACKAGE / folder / name
    return place / f"{part}.py" if part else place.with_suffix(".py")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _reference(folder: str, name: str) -> Schema:
    return {"$ref": f"#/$defs/{folder}.{name}"}


def _untitled(value: Any) -> Any:
    """Leave out pydantic's titles, which only repeat the keys."""
    if isinstance(value, dict):
        rest = {key: each for key, each in value.items() if not (key == "title" and isinstance(each, str))}
        return {key: _untitled(each) for key, each in rest.items()}
    return [_untitled(each) for each in value] if isinstance(value, list) else value
