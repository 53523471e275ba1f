"""The text of params.yaml → plain values, read as both engines read it; what they would read differently is refused."""

from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import ruamel.yaml
import yaml

from showreel.storage.errors import ParamsError

LONGEST_QUOTE = 60
"""Characters of a wrong value that a message shows."""
LONGEST_FILE = 1 << 18
"""Bytes; some thousands of experiments. Longer ones take the two parsers minutes."""
LONGEST_EXPANDED = 1 << 20
"""Characters of all values, those of an alias counted wherever it stands."""


def read(path: Path) -> Any:
    """Parse the file as both engines do."""
    if not path.exists():
        raise ParamsError("missing; run showreel in the project's root, where params.yaml is")
    if not path.is_file() or path.stat().st_size > LONGEST_FILE:
        raise ParamsError(f"is not a file of up to {LONGEST_FILE:,} bytes; keep it small, or split the project")
    try:
        text = path.read_text(encoding="utf-8")
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if _expanded(node, {}) > LONGEST_EXPANDED:
            raise ParamsError("holds aliases that repeat each other beyond all measure; write the values out")
        in_snakemake = loader.construct_document(node) if node else None
        in_dvc = ruamel.yaml.YAML(typ="safe", pure=True).load(text)
        _check_same(in_snakemake, in_dvc, "")
    except UnicodeDecodeError as error:
        raise ParamsError(f"is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8") from error
    except (yaml.YAMLError, ruamel.yaml.error.YAMLError) as error:
        raise ParamsError(f"is not YAML: {_syntax(error)}") from error
    except ValueError as error:
        raise ParamsError(f"holds a number or date that cannot be ({error}); put text in quotes") from error
    except RecursionError:
        raise ParamsError("is nested too deeply, or an alias in it holds itself; write it without") from None
    return in_snakemake


def _expanded(node: yaml.Node | None, known: dict[int, int]) -> int:
    """Return how many characters the values beneath a node have, were every alias written out."""
    if isinstance(node, yaml.ScalarNode):
        return 1 + len(node.value)
    if id(node) not in known:
        parts = node.value if node else ()
        nodes = chain.from_iterable(parts) if isinstance(node, yaml.MappingNode) else parts
        known[id(node)] = 1 + sum(_expanded(child, known) for child in nodes)
    return known[id(node)]


def _syntax(error: Exception) -> str:
    """Say where a parser stumbled, and over what."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark and problem:
        return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
    return " ".join(str(error).split())


def _check_same(in_snakemake: Any, in_dvc: Any, where: str) -> None:
    """Refuse a value that YAML 1.1 (Snakemake) and YAML 1.2 (DVC) take for different things: `1e-3`, `yes`, `010`."""
    if isinstance(in_snakemake, dict) and isinstance(in_dvc, dict):
        for keys in zip_longest(in_snakemake.keys() - in_dvc.keys(), in_dvc.keys() - in_snakemake.keys()):
            _check_same(*keys, f"{where or 'the whole file'}, a key")
        for key, value in in_snakemake.items():
            _check_same(value, in_dvc[key], _joined(where, key))
    elif isinstance(in_snakemake, list) and isinstance(in_dvc, list) and len(in_snakemake) == len(in_dvc):
        for index, value in enumerate(in_snakemake):
            _check_same(value, in_dvc[index], _joined(where, index))
    elif repr(in_snakemake) != repr(in_dvc):
        raise ParamsError(
            f"{where}: Snakemake reads {quoted(in_snakemake)} here and DVC {quoted(in_dvc)}; "
            "write numbers as 0.001, 1.0e-3 or 10, booleans as true or false, and text in quotes"
        )


def _joined(where: str, key: object) -> str:
    return f"{where}.{shown(str(key))}" if where else shown(str(key))


def quoted(value: object) -> str:
    """Return a value as a message shows it: not too much of it."""
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def shown(key: str) -> str:
    """Return a key as it is, or quoted where it could mislead a terminal or is long."""
    return key if key.isprintable() and len(key) <= 2 * LONGEST_QUOTE else quoted(key)
