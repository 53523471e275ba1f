"""The models of params.py and the signatures of extensions → a JSON schema of params.yaml, for editors and pages."""

import ast
import re
from typing import Any

import pydantic

from showreel.params import registry, schema

Schema = dict[str, Any]


def written() -> Schema:
    """Return the JSON schema (draft 2020-12) of params.yaml; what each key means is its `description`."""
    whole = schema.Params.model_json_schema()
    definitions, sections = whole["$defs"], whole["properties"]
    del definitions["Dataset"]
    (names,) = sections["datasets"]["patternProperties"]
    sources = [_reference("datasets", name) for name in configurable("datasets")]
    sections["datasets"]["patternProperties"] = {names: {"oneOf": sources}}
    for folder in ("degradations", "models"):
        named = {name: _reference(folder, name) for name in configurable(folder)}
        described = {key: sections[folder][key] for key in ("type", "description")}
        sections[folder] = described | {"properties": named, "additionalProperties": False}
    experiment = definitions["Experiment"]["properties"]
    experiment["input"]["enum"] = [schema.CLEAN, *configurable("degradations")]
    experiment["model"]["enum"] = list(configurable("models"))
    for name, change in definitions["TrainingChange"]["properties"].items():
        change["description"] = definitions["Training"]["properties"][name]["description"]
        del change["default"]  # it stands for "as the others", and cannot be written
    del experiment["training"]["default"], sections["watch"]["default"]  # their own keys tell theirs
    for folder in registry.CONFIGURED:
        definitions |= {f"{folder}.{name}": extension(folder, name) for name in configurable(folder)}
    draft = "https://json-schema.org/draft/2020-12/schema"
    found: Schema = _untitled({"$schema": draft, **whole, "$defs": definitions, "additionalProperties": False})
    return found


def configurable(folder: str) -> tuple[str, ...]:
    """List the extensions of a folder that params.yaml can name: all but `clean`, which is always there."""
    return tuple(name for name in registry.names(folder) if name != schema.CLEAN)


def extension(folder: str, name: str) -> Schema:
    """Return the schema of one extension's options; `source`, which names a data set's, is among them."""
    known: Any = registry.options(folder, name)
    made = pydantic.create_model(name, __config__=pydantic.ConfigDict(extra="forbid"), **known)
    told: Schema = _untitled(made.model_json_schema()) | {"description": summary(folder, name)}
    options, meant = told.get("properties", {}), meanings(folder, name)
    for option in options:
        options[option]["description"] = meant.get(option, "")
    if folder == "datasets":
        told["required"] = ["source", *told.get("required", [])]
        options = {"source": {"const": name, "description": "This data set."}} | options
    told["properties"] = options
    return told


def summary(folder: str, name: str) -> str:
    """Return the first paragraph of an extension's docstring."""
    return _one_line((ast.get_docstring(_tree(folder, name)) or "").split("\n\n")[0])


def meanings(folder: str, name: str) -> dict[str, str]:
    """Return what an extension's function says of each of its arguments."""
    functions = {node.name: node for node in _tree(folder, name).body if isinstance(node, ast.FunctionDef)}
    text = ast.get_docstring(functions[registry.CONFIGURED[folder]]) or ""
    listed = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", text, re.DOTALL | re.MULTILINE)
    entries = re.split(r"^    (?=\S)", listed[1] if listed else "", flags=re.MULTILINE)[1:]
    return {key: _one_line(meaning) for key, _, meaning in (entry.partition(":") for entry in entries)}


def _tree(folder: str, name: str) -> ast.Module:
    return ast.parse((registry.PACKAGE / folder / f"{name}.py").read_text(encoding="utf-8"))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _reference(folder: str, name: str) -> Schema:
    return {"$ref": f"#/$defs/{folder}.{name}"}


def _untitled(value: Any) -> Any:
    """Leave out pydantic's titles, which only repeat the keys."""
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if not (key == "title" and isinstance(one, str))}
        return {key: _untitled(one) for key, one in kept.items()}
    return [_untitled(one) for one in value] if isinstance(value, list) else value
