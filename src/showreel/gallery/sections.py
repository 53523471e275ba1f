"""From the sections that a task or a study has for its page to what the template `sections.html.j2` needs."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from showreel.drawing import tiles
from showreel.drawing.png import encoded
from showreel.reporting.sections import Chart, Section, Strip, Strips, Table, Text

LARGEST = 4
STRIP_WIDTH = 900
"""CSS pixels that a strip may take on a large screen."""


def prepared(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Return sections as plain values; each has a `kind` and an `id` of its own in the page."""
    return [
        {
            "kind": type(section).__name__.lower(),
            "id": f"section-{number}",
            "heading": section.heading,
            "note": "",
            **_values(section),
        }
        for number, section in enumerate(sections, 1)
    ]


def charts(sections: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the data of those that are charts, for the page's script."""
    return [section["chart"] | {"id": section["id"]} for section in sections if section["kind"] == "chart"]


def _values(section: Section) -> dict[str, Any]:
    match section:
        case Text():
            return {"paragraphs": [*section.paragraphs]}
        case Table():
            return {
                "columns": [*section.columns],
                "rows": [[*row] for row in section.rows],
                "texts": section.texts,
                "note": section.note,
            }
        case Chart():
            return {"caption": section.caption, "note": section.note, "chart": _chart(section)}
        case Strips():
            return {"strips": [_strip(strip) for strip in section.strips], "note": section.note}


def _chart(section: Chart) -> dict[str, Any]:
    series = [
        {"label": line.label, "colour": line.colour, "dashed": line.dashed, "data": [*line.values]}
        for line in section.series
    ]
    return {"x": [*section.x], "series": series, "axes": [*section.axes], "logarithmic": section.logarithmic}


def _strip(strip: Strip) -> dict[str, Any]:
    """Return a strip as a picture that lies in the page itself, at the size of its own pixels."""
    count, height, width = strip.tiles.shape[:3]
    picture = tiles.strip(np.asarray(strip.tiles, np.uint8), height, width, 1, 0)
    scale = max(1, min(LARGEST, STRIP_WIDTH // (count * width)))
    return {
        "label": strip.label,
        "picture": f"data:image/png;base64,{base64.b64encode(encoded(picture, '')).decode()}",
        "width": picture.shape[1] * scale,
        "height": picture.shape[0] * scale,
        "tile": width * scale,
        "count": count,
        "captions": [*strip.captions],
    }
