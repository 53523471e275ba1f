"""From the names in somebody's archive of images to splits and classes.

A layout is `[wrapper/][train/|validation/|test/][class/…]picture.png`, every part of it optional:

- wrapper folders that all pictures share, and that have folders beneath, do not count;
- `val` and `valid` stand for `validation`; case does not matter;
- a split that has no folder of its own is drawn from the training pictures, a tenth of them, by a hash of the path,
  so that a picture stays in its split when others are added;
- the class is the first folder beneath.
"""

import hashlib
from collections.abc import Collection, Iterable
from typing import NamedTuple

from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Split

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
SPLIT_FOLDERS: dict[str, Split] = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
WITHOUT_CLASS = "images"
"""The class of pictures that lie in no class folder."""


class Picture(NamedTuple):
    """Where one picture belongs.

    Attributes:
        order: a hash of its path; sorting by it mixes the classes, always in the same way.
        name: as the archive has it.
        split: train, validation or test.
        category: its class.
    """

    order: bytes
    name: str
    split: Split
    category: str


def is_picture(name: str) -> bool:
    """Say whether a name is that of a PNG, JPEG, TIFF or WebP file, and not a hidden one."""
    parts = _parts(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not hidden and name.lower().endswith(SUFFIXES)


def arrange(names: Iterable[str]) -> tuple[list[Picture], list[str]]:
    """Give each picture its split and class.

    Args:
        names: paths of pictures in an archive, parted by slashes.

    Returns:
        The pictures in order, and the names that lie beside the split folders and so belong nowhere.

    Raises:
        ShowreelError: there is a split folder, but none of training pictures.
    """
    paths = {name: _parts(name) for name in names}
    wrappers = _wrappers(list(paths.values()))
    present = {split for parts in paths.values() if (split := _split_folder(parts[wrappers:]))}
    if present and "train" not in present:
        raise ShowreelError(f"there is a folder {'/, '.join(sorted(present))}/ but no train/; add train/ beside it")
    pictures, outside = [], []
    for name, parts in paths.items():
        path = parts[wrappers:]
        split = _split_folder(path)
        if present and split is None:
            outside.append(name)
            continue
        order = hashlib.sha256("/".join(path).encode("utf-8", "surrogatepass")).digest()
        folders = path[1:-1] if split else path[:-1]
        category = folders[0] if folders else WITHOUT_CLASS
        belongs = _drawn(order, present) if split is None or split == "train" else split
        pictures.append(Picture(order, name, belongs, category))
    return sorted(pictures), sorted(outside)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _wrappers(paths: Collection[tuple[str, ...]]) -> int:
    """Count the leading folders that all paths share, that name no split and that have a folder beneath."""
    depth = 0
    while (
        paths
        and all(len(path) > depth + 2 for path in paths)
        and len({path[depth] for path in paths}) == 1
        and next(iter(paths))[depth].lower() not in SPLIT_FOLDERS
    ):
        depth += 1
    return depth


def _split_folder(path: tuple[str, ...]) -> Split | None:
    return SPLIT_FOLDERS.get(path[0].lower()) if len(path) > 1 else None


def _drawn(order: bytes, present: Collection[Split]) -> Split:
    """Draw a tenth for each split that has no folder of its own."""
    number = int.from_bytes(order[:8], "big") % 10
    if number == 0 and "test" not in present:
        return "test"
    return "validation" if number == 1 and "validation" not in present else "train"
