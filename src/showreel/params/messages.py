"""What is said of a wrong value: its full key, what is wrong, and what would be right."""

import difflib
from collections.abc import Iterable
from typing import Any, TypeVar, get_args, get_origin

import pydantic
from pydantic import BaseModel

from showreel.params.text import quoted, shown
from showreel.storage.errors import ParamsError

Checked = TypeVar("Checked", bound=BaseModel)


def check_declared(name: str, names: Iterable[str], where: str) -> None:
    """Refuse a name that is not among some names, with a message that lists them."""
    if name not in names:
        raise ParamsError(f"{where}: {quoted(name)} is not declared; {suggestion(name, names)}")


def checked(form: type[Checked], values: Any, where: str = "") -> Checked:
    """Return values as a form's object, or the first of their faults as an error.

    Args:
        form: what they should be.
        values: plain values.
        where: the key at which they stand; "" for the whole file.
    """
    try:
        return form.model_validate(values)
    except pydantic.ValidationError as error:
        first, *others = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        more = f" (and {len(others)} more)" if others else ""
        raise ParamsError(_sentence(first, form, where) + more) from error


def _sentence(error: Any, form: type[BaseModel], where: str) -> str:
    """Turn one of pydantic's errors into: full.key: what is wrong; what would be right."""
    location = [str(key) for key in error["loc"] if key != "[key]"]
    place = ".".join(shown(part) for part in (where, *location) if part) or "the whole file"
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key; {suggestion(location[-1], _known_keys(form, location[:-1]))}"
    if error["type"] == "missing":
        close = difflib.get_close_matches(location[-1], map(str, error["input"]), 1)
        usual = {"task": "add task: restoration", "weights": "add weights: random"}.get(location[-1], "add it")
        return f"{place}: missing; " + (f"is {quoted(close[0])} meant to be it?" if close else usual)
    reason = {
        "string_pattern_mismatch": "a name is made of letters, digits, '_' and '-', starting with a letter or a digit",
        "string_type": "should be text, in quotes if it looks like a number",
        "dict_type": "should hold keys with values",
        "model_type": "should hold keys with values",
    }.get(error["type"], error["msg"].removeprefix("Input "))
    return f"{place}: {reason}, not {quoted(error['input'])}"


def suggestion(name: str, names: Iterable[str]) -> str:
    """Return the name that was probably meant, if there is one, and all that there are."""
    close = difflib.get_close_matches(name, names, 1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}there are: {', '.join(names) or 'none'}"


def _known_keys(form: type[BaseModel], location: list[str]) -> list[str]:
    """Return the keys that may stand at a place: the whole file's, or those of what is declared there."""
    parts = list(location)
    while parts:
        annotation: Any = form.model_fields[parts.pop(0)].annotation
        if get_origin(annotation) is dict:  # the next part is a name
            annotation, parts = get_args(annotation)[1], parts[1:]
        form = annotation
    return list(form.model_fields)
