"""What an experiment's page in the gallery tells besides what every page does."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from showreel.reporting.sections import Section

TITLE = "Networks that learn NAME"


def sentence(names: Mapping[str, str]) -> str:
    """Say what is learnt, given `dataset`, `input` and `model` with their options in words."""
    given = f"{names['dataset']}: a {names['model']} is given {names['input']}"
    return f"{given} and learns NAME."


def sections(entry: Any) -> "Sequence[Section]":
    """Return the task's own sections: tables, charts, strips of tiles, texts."""
    return ()
