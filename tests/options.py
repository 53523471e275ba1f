"""A value for every option of an extension, so that the contract tests know none of them by its name."""

from typing import Any, Literal, get_args, get_origin

from showreel.params import registry

VALUES = {bool: True, int: 2, float: 0.2}


def values(folder: str, name: str) -> dict[str, Any]:
    """Return each option's default or, where it has none, a value by its type."""
    return {
        option: _value(*known, f"{folder}.{name}: {option}") for option, known in registry.options(folder, name).items()
    }


def _value(kind: Any, default: Any, where: str) -> Any:
    if default is not ...:
        return default
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    assert kind in VALUES, f"{where} needs a default, with which the contract tests can try it"
    return VALUES[kind]
