"""What a page of the gallery may show besides what every page does: tables, charts, strips of tiles, texts.

A task's `page.sections(entry)` and a study's `page.sections(metrics, cells)` return them; a template renders them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from numpy.typing import NDArray

Colour = Literal["network", "baseline", "input"]
"""The colours of the gallery, by what they stand for everywhere."""


@dataclass(frozen=True)
class Text:
    """Paragraphs of plain text."""

    heading: str
    paragraphs: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        heading: above it.
        columns: their headings.
        rows: as many texts each as there are columns.
        texts: how many columns, from the left, hold texts; the others hold numbers and stand to the right.
        note: below it.
    """

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1
    note: str = ""


@dataclass(frozen=True)
class Series:
    """The values of a chart in one colour, one for each x; None leaves a gap."""

    label: str
    values: Sequence[float | None]
    colour: Colour = "network"
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """Curves over numbers, or bars over names.

    Attributes:
        heading: above it.
        caption: what is drawn over what, in words; also for who does not see it.
        x: numbers in ascending order for curves, names for bars.
        series: one or more.
        axes: the titles of both axes; "" for none.
        logarithmic: whether the vertical axis is.
        note: below it.
    """

    heading: str
    caption: str
    x: Sequence[float] | Sequence[str]
    series: Sequence[Series]
    axes: tuple[str, str] = ("", "")
    logarithmic: bool = False
    note: str = ""


@dataclass(frozen=True)
class Strip:
    """A row of tiles.

    Attributes:
        label: beside it.
        tiles: uint8 (n, h, w, 1 or 3), all strips of a section with the same n, h and w.
        captions: below its tiles; n of them, or none.
    """

    label: str
    tiles: "NDArray[Any]"
    captions: Sequence[str] = ()


@dataclass(frozen=True)
class Strips:
    """Rows of tiles below each other, magnified by a whole number where there is room."""

    heading: str
    strips: Sequence[Strip]
    note: str = ""


Section = Text | Table | Chart | Strips
