"""How far two files of one kind are apart: in their numbers, not in their bytes. No network is loaded for it."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from PIL import Image

from showreel.verification import digests

Distance = tuple[str, float | None]
"""What differs, and by how much at most: 0 where no number does, as in the words on a file's origin, None where the two
cannot be compared number by number."""

WEIGHTS = "model.weights.h5"
"""The member of a `.keras` archive that holds the numbers."""
ARCHITECTURE = "config.json"
DESCRIPTION = "field"
"""What begins the names of the attributes that say what the numbers of a prepared file or a reel mean."""


class Difference(NamedTuple):
    """How two files of one name differ.

    Attributes:
        path: the file.
        figures: array, column or key → the largest absolute difference (pictures: the share of pixels that differ).
        breaks: what keeps the two from being compared further: shapes, text, what only one of them has.
    """

    path: str
    figures: dict[str, float]
    breaks: list[str]


def difference(path: str, ours: Path, rebuilt: Path) -> Difference | None:
    """Compare two files; None if they have the same bytes.

    Args:
        path: the name to tell.
        ours: the project's file.
        rebuilt: the new one.
    """
    if not ours.is_file() or not rebuilt.is_file():
        return Difference(path, {}, ["is not in the project" if rebuilt.is_file() else "was not made again"])
    if digests.of_file(ours).sha256 == digests.of_file(rebuilt).sha256:
        return None
    compare = COMPARISONS.get(ours.suffix)
    try:
        distances = list(compare(ours, rebuilt)) if compare else []
    except Exception as error:  # decoders answer to damage with whatever they stumble over
        return Difference(path, {}, [f"cannot be compared: {error}"])
    figures = {name: distance for name, distance in distances if distance is not None}
    breaks = [name for name, distance in distances if distance is None]
    return Difference(path, figures if figures or breaks else {"the bytes alone": 0.0}, breaks)


def _hdf5(ours: Path, rebuilt: Path) -> Iterator[Distance]:
    with h5py.File(ours, "r") as first, h5py.File(rebuilt, "r") as second:
        yield from _arrays(first, second)
        for name in sorted({*first.attrs, *second.attrs}):
            if not _same_attribute(first, second, name):
                yield f"attribute {name}", None if name.startswith(DESCRIPTION) else 0.0


def _same_attribute(first: h5py.File, second: h5py.File, name: str) -> bool:
    return name in first.attrs and name in second.attrs and np.array_equal(first.attrs[name], second.attrs[name])


def _arrays(first: h5py.File, second: h5py.File) -> Iterator[Distance]:
    pair = (_datasets(first), _datasets(second))
    for name in sorted({*pair[0], *pair[1]}):
        if name not in pair[0] or name not in pair[1] or pair[0][name].shape != pair[1][name].shape:
            yield f"the shape of {name}", None
        elif distance := _largest(pair[0][name], pair[1][name]):
            yield name, distance


def _datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    found: dict[str, h5py.Dataset] = {}
    file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


def _largest(first: h5py.Dataset, second: h5py.Dataset) -> float:
    """Return the largest absolute difference, chunk by chunk where there are chunks."""
    places = first.iter_chunks() if first.chunks and first.size else [()]
    return max((_gap(first[place], second[place]) for place in places), default=0.0)


def _gap(first: Any, second: Any) -> float:
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    return float(np.abs(first - second).max(initial=0.0))


def _keras(ours: Path, rebuilt: Path) -> Iterator[Distance]:
    with zipfile.ZipFile(ours) as first, zipfile.ZipFile(rebuilt) as second:
        pair = [{name: archive.read(name) for name in archive.namelist()} for archive in (first, second)]
        if first.comment != second.comment:
            yield "the words on its origin", 0.0
    for name in sorted({*pair[0], *pair[1]} - {WEIGHTS}):
        if pair[0].get(name) != pair[1].get(name):
            yield name, None if name == ARCHITECTURE else 0.0
    weights = [io.BytesIO(members[WEIGHTS]) for members in pair]
    with h5py.File(weights[0], "r") as first, h5py.File(weights[1], "r") as second:
        yield from _arrays(first, second)


def _json(ours: Path, rebuilt: Path) -> Iterator[Distance]:
    yield from _values("", *(json.loads(path.read_text(encoding="utf-8")) for path in (ours, rebuilt)))


def _values(name: str, first: Any, second: Any) -> Iterator[Distance]:
    """Compare JSON down to the innermost values; keys keep their dots, so parts are joined by a blank."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted({*first, *second}):
            yield from _values(f"{name} {key}".strip(), first.get(key), second.get(key))
    elif first != second:
        numbers = isinstance(first, int | float) and isinstance(second, int | float)
        yield name, abs(first - second) if numbers else None


def _csv(ours: Path, rebuilt: Path) -> Iterator[Distance]:
    pair = [list(csv.reader(io.StringIO(path.read_text(encoding="utf-8")))) for path in (ours, rebuilt)]
    if len(pair[0]) != len(pair[1]) or pair[0][0] != pair[1][0]:
        yield "its rows or columns", None
        return
    for name, first, second in zip(pair[0][0], *(zip(*rows[1:], strict=True) for rows in pair), strict=True):
        try:
            distance = _gap(first, second)
        except ValueError:
            yield f"the text in {name}", None
        else:
            if distance:
                yield name, distance


def _picture(ours: Path, rebuilt: Path) -> Iterator[Distance]:
    with Image.open(ours) as first, Image.open(rebuilt) as second:
        counts = [getattr(picture, "n_frames", 1) for picture in (first, second)]
        if first.size != second.size or counts[0] != counts[1]:
            yield "its size or number of frames", None
            return
        shares = [_share(first, second, frame) for frame in range(counts[0])]
        if any(shares):
            yield "share of pixels", sum(shares) / len(shares)


def _share(first: Image.Image, second: Image.Image, frame: int) -> float:
    first.seek(frame)
    second.seek(frame)
    return float((np.asarray(first.convert("RGB")) != np.asarray(second.convert("RGB"))).any(axis=-1).mean())


COMPARISONS: dict[str, Callable[[Path, Path], Iterator[Distance]]] = {
    ".h5": _hdf5,
    ".keras": _keras,
    ".json": _json,
    ".csv": _csv,
    ".gif": _picture,
    ".png": _picture,
}
"""File suffix → the comparison; other files are the same bytes or not."""
