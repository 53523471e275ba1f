"""What the page of a restoration says besides what every page does."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from showreel.reporting.sections import Section

TITLE = "Networks that restore images"


def sentence(names: Mapping[str, str]) -> str:
    """Say what is learnt."""
    given = "the images themselves" if names["input"] == names["dataset"] else names["input"]
    return f"{names['dataset']}: a {names['model']} is given {given} and learns the clean ones."


def sections(entry: Any) -> "Sequence[Section]":
    """Return nothing more: curves, histograms, chosen images and baselines stand on every page."""
    return ()
