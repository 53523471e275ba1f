"""Whether a file can be read to its end in its own format; every checksum in it is looked at."""

import csv
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from showreel.storage import hdf5, prepared
from showreel.storage.fields import SPLITS
from showreel.storage.reel import LENGTHS, Chosen, Reel


def fault(path: Path) -> str:
    """Say what is wrong inside a file; "" if nothing is, or if its format has nothing to check."""
    check = CHECKS.get(path.suffix)
    if check is None:
        return ""
    try:
        check(path)
    except Exception as error:  # decoders answer to damage with whatever they stumble over
        return " ".join(str(error).removeprefix(f"{path}: ").split()) or type(error).__name__
    return ""


def _check_hdf5(path: Path) -> None:
    """Read all of a prepared file, a reel or chosen examples, one chunk at a time: every checksum, and every count."""
    with hdf5.opened(path) as file:
        for array in _arrays(file):
            for chunk in array.iter_chunks() if array.size else ():  # h5py refuses to list none
                array[chunk]
        described = [name.removeprefix(prepared.ABOUT) for name in file.attrs if name.startswith(prepared.ABOUT)]
        is_whole = _is_whole_prepared(file, described) if described else _is_whole_reel(file)
    if not is_whole:
        raise ValueError("a part of it is missing")
    for split in SPLITS if described else ():
        prepared.read(path, split, slice(0))


def _arrays(group: h5py.Group) -> Iterator[h5py.Dataset]:
    """Yield the arrays of a group and of those in it."""
    for item in group.values():
        yield from (item,) if isinstance(item, h5py.Dataset) else _arrays(item)


def _is_whole_prepared(file: h5py.File, names: Iterable[str]) -> bool:
    """Tell whether every split has every field, and each ragged field a value for every place that its rows take."""
    if not all(f"{split}/{name}" in file for split in SPLITS for name in names):
        return False
    offsets = {f"{split}/{name}": f"{split}/{name}{prepared.OFFSETS}" for split in SPLITS for name in names}
    return all(_are_offsets(file[place], file[values]) for values, place in offsets.items() if place in file)


def _are_offsets(offsets: h5py.Dataset, values: h5py.Dataset) -> bool:
    """Tell whether rows lie end to end, from the first value to the last."""
    places = offsets[()]
    return bool(places[0] == 0 and places[-1] == len(values) and (np.diff(places) >= 0).all())


def _is_whole_reel(file: h5py.File) -> bool:
    """Tell whether a reel, or chosen examples, have all their parts, and as many epochs and examples in each."""
    kind, epochs = (Reel, ("epochs", "scores", "outputs")) if "epochs" in file else (Chosen, ())
    if not all(field.name in file or field.name in file.attrs for field in fields(kind)):
        return False
    groups = [file[name] for name in ("inputs", "targets")]
    ragged = [name.removesuffix(LENGTHS) for group in groups for name in group if name.endswith(LENGTHS)]
    counts = [len(group[name]) for group in groups for name in group if name not in ragged]
    counts += [len(file["indices"]), file["outputs"].shape[1 if epochs else 0]]
    return len(set(counts)) == 1 and len({len(file[name]) for name in epochs}) <= 1


def _check_archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged:
        raise ValueError(f"the checksum of its member {damaged} is wrong")


def _check_picture(path: Path) -> None:
    with Image.open(path) as picture:
        picture.verify()  # a PNG's checksums; it cannot be decoded after it
    with Image.open(path) as picture:
        for frame in range(getattr(picture, "n_frames", 1)):
            picture.seek(frame)
            picture.load()


def _check_table(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        widths = {len(row) for row in csv.reader(file, strict=True)}
    if len(widths) != 1:
        raise ValueError("its rows differ in length" if widths else "it is empty")


def _check_json(path: Path) -> None:
    json.loads(path.read_text(encoding="utf-8"))


CHECKS: dict[str, Callable[[Path], None]] = {
    ".h5": _check_hdf5,
    ".keras": _check_archive,
    ".gif": _check_picture,
    ".png": _check_picture,
    ".csv": _check_table,
    ".json": _check_json,
}
"""File suffix → the check, which raises anything at all."""
