"""What every stage hands on: named fields of one of three splits, a row an example."""

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
Kind = Literal["image", "mask", "depth", "label", "tokens", "series"]


class Field(NamedTuple):
    """What a field's numbers mean.

    | kind | dtype and shape of a row |
    | --- | --- |
    | image | uint8 (h, w, 1 or 3) |
    | mask | uint8 (h, w), class numbers; 255 is ignored |
    | depth | uint16 (h, w), millimetres; 0 is unknown |
    | label | int32 () |
    | tokens | uint16 (t,) |
    | series | float32 (t, c) |

    Attributes:
        kind: one of the kinds above.
        classes: of a label, mask or tokens: what each number means, in order.
        colours: of a mask: the legend's RGB colours, one a class.
        ragged: whether rows differ in length, their first axis.
    """

    kind: Kind
    classes: tuple[str, ...] = ()
    colours: tuple[tuple[int, int, int], ...] = ()
    ragged: bool = False


class Ragged(NamedTuple):
    """Rows of different lengths.

    Attributes:
        values: all rows end to end, (sum of lengths, …).
        lengths: int64 (n,).
    """

    values: NDArray[Any]
    lengths: NDArray[np.int64]


class Described(NamedTuple):
    """A field as a file has it.

    Attributes:
        field: what its numbers mean.
        shape: of a row; without the first axis where rows differ in length.
    """

    field: Field
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its numbers."""
        return DTYPES[self.field.kind]

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, or of one element of a ragged one."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


Rows = NDArray[Any] | Ragged
Fields = Mapping[str, Rows]
"""Field → its rows; all fields have as many."""

DTYPES: dict[Kind, np.dtype[Any]] = {
    "image": np.dtype(np.uint8),
    "mask": np.dtype(np.uint8),
    "depth": np.dtype(np.uint16),
    "label": np.dtype(np.int32),
    "tokens": np.dtype(np.uint16),
    "series": np.dtype(np.float32),
}
AXES: dict[Kind, int] = {"image": 3, "mask": 2, "depth": 2, "label": 0, "tokens": 1, "series": 2}
"""Kind → axes of a row."""

CHANNELS = (1, 3)
"""Of images: grey, and red, green and blue."""


def to_json(field: Field) -> str:
    """Return a field's description as a text."""
    return json.dumps(field._asdict())


def from_json(text: str) -> Field:
    """Return the description that `to_json` wrote.

    Raises:
        ValueError, LookupError, TypeError: the text is none.
    """
    values = json.loads(text)
    return Field(
        kind=values["kind"],
        classes=tuple(map(str, values["classes"])),
        colours=tuple((int(red), int(green), int(blue)) for red, green, blue in values["colours"]),
        ragged=bool(values["ragged"]),
    )


def count(rows: Rows) -> int:
    """Return how many rows there are."""
    return len(rows.lengths) if isinstance(rows, Ragged) else len(rows)


def padded(rows: Ragged) -> NDArray[Any]:
    """Return rows as one array (n, longest, …), with zeros behind the shorter ones; their lengths tell them apart."""
    longest = int(rows.lengths.max(initial=0))
    array = np.zeros((len(rows.lengths), longest, *rows.values.shape[1:]), rows.values.dtype)
    array[np.arange(longest) < rows.lengths[:, np.newaxis]] = rows.values
    return array


def oddness(described: Described) -> str:
    """Say what is wrong with the shape of a field, or return an empty text."""
    field, shape = described
    if len(shape) != AXES[field.kind] - field.ragged:
        return f"its rows have {len(shape)} axes"
    if not all(shape) or (field.kind == "image" and shape[-1] not in CHANNELS):
        return f"its rows are of shape {shape}"
    return ""
