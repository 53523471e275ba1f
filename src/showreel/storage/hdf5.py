"""HDF5 files of ours: the same content gives the same bytes, and what is damaged, unfinished or foreign is refused.

The oldest layout that fits is used, since newer ones write the time into every group.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from showreel.storage.errors import ShowreelError

FORMAT = 2
UNREADABLE = (
    OSError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    MemoryError,
)
"""What h5py and NumPy raise for files that are not what they claim to be."""


@contextmanager
def created(path: Path) -> Iterator[h5py.File]:
    """Open a new file for writing; what is complete says so in the end."""
    with h5py.File(path, "w", libver=("earliest", "v110")) as file:
        file.attrs["format"] = FORMAT
        yield file
        file.attrs["complete"] = True


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a finished file for reading, or say in one line what is wrong with it and what to do."""
    mend = "delete it and run its stage again (`dvc repro` does that)"
    if not path.exists():
        raise ShowreelError(f"{path}: missing; run the stage that makes it (`dvc repro` does that)")
    try:
        with h5py.File(path, "r") as file:
            if reason := foreign(file, path.stat().st_size):
                raise ShowreelError(f"{path}: not a file of showreel's ({reason}); {mend}")
            if file.attrs.get("complete") != 1:
                raise ShowreelError(f"{path}: incomplete; {mend}")
            if file.attrs["format"] != FORMAT:
                raise ShowreelError(f"{path}: format {file.attrs['format']}, but this version reads {FORMAT}; {mend}")
            yield file
    except UNREADABLE as error:
        raise ShowreelError(f"{path}: damaged ({error}); {mend}") from error


def foreign(group: h5py.Group, size: int) -> str:
    """Say what an HDF5 file of `size` bytes holds that none of ours does, or return an empty text.

    What passes leads to no other file, and none of its arrays takes more memory than the file has bytes.
    """
    waiting, known = [group], {h5py.h5o.get_info(group.id).addr}
    while waiting:
        group = waiting.pop()
        for name in group:
            item = group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
            if item is None or h5py.h5o.get_info(item.id).addr in known:
                return f"{name} is a link"
            known.add(h5py.h5o.get_info(item.id).addr)
            if isinstance(item, h5py.Group):
                waiting.append(item)
            elif reason := _strange(item, size):
                return f"{name} {reason}"
    return ""


def _strange(item: h5py.Dataset | h5py.Datatype, size: int) -> str:
    """Say what is strange about an array in a file of `size` bytes, or return an empty text."""
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "iuf" or item.shape is None:
        return "is no array of numbers"
    layout = item.id.get_create_plist()
    filters = {layout.get_filter(number)[0] for number in range(layout.get_nfilters())}
    if item.is_virtual or item.external or filters - {h5py.h5z.FILTER_FLETCHER32}:
        return "is compressed or lies in other files"
    chunk = math.prod(item.chunks or ()) * item.dtype.itemsize if item.size else 0
    if max(item.nbytes, chunk) > size or item.id.get_storage_size() < item.nbytes:
        return "is larger than what the file holds of it"
    return ""
