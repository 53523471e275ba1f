"""Whether a file can be read to its end in its own format; every checksum in it is looked at."""

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
from PIL import Image

from showreel.storage import hdf5, prepared
from showreel.storage.fields import SPLITS


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
    """Read all of a prepared, reel or example file, one chunk at a time: every checksum, and every count."""
    with hdf5.opened(path) as file:
        splits = [split for split in SPLITS if split in file]
        groups = (file, *(file[split] for split in splits))
        for array in (item for group in groups for item in group.values() if isinstance(item, h5py.Dataset)):
            for chunk in array.iter_chunks() if array.size else ():  # h5py refuses to list none
                array[chunk]
        lengths = {len(file[name]) for name in ("epochs", "predictions", "psnr") if name in file}
    for split in splits:
        prepared.read_split(path, split, slice(0))
    if len(splits) not in (0, len(SPLITS)) or len(lengths) > 1:
        raise ValueError("a part of it is missing")


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
