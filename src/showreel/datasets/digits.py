"""Digits: 1,797 handwritten digits, 8×8 grey, that ship with scikit-learn; 1,257 train, 180 validation, 360 test.

The splits are the first, the next and the last images in the file's own order: neighbours there are often by one
writer, so that the splits share fewer writers than shuffled ones would. Needs no network.
Source: the test part of "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, by way of
`sklearn.datasets.load_digits`. Size: 0.1 MB. Licence: Creative Commons Attribution 4.0.
Citation: E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository, 1998,
doi:10.24432/C50P49.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from showreel.datasets.parts.fetch import RemoteFile
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Field, Rows, Split

FIELDS = ("image", "label")
FILES: tuple[RemoteFile, ...] = ()
ROWS: dict[Split, slice] = {"train": slice(0, 1257), "validation": slice(1257, 1437), "test": slice(1437, 1797)}
COUNT = 1797
BRIGHTEST = 16
"""Each value counts the black ones among 4×4 scanned pixels."""


def gather(folder: Path) -> None:
    """Write scikit-learn's arrays into the raw folder: images uint8 (1797, 8, 8), 0…16, and labels int32 (1797,)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    for name, values in (("images", digits.images.astype(np.uint8)), ("labels", digits.target.astype(np.int32))):
        np.save(folder / f"{name}.npy", values)


def fields(folder: Path) -> dict[str, Field]:
    """Return what the numbers of each field mean; labels are the digits in their order."""
    return {"image": Field("image"), "label": Field("label", tuple("0123456789"))}


def read(folder: Path, split: Split) -> Iterator[dict[str, Rows]]:
    """Yield one split as one block: `image` uint8 (n, 8, 8, 1), 0…16 stretched to 0…255, and `label` int32 (n,).

    Raises:
        ShowreelError: the arrays are missing or damaged.
    """
    mend = f"run `showreel download {folder.name}`"
    try:
        images, labels = (np.lib.format.open_memmap(folder / f"{name}.npy", mode="r") for name in ("images", "labels"))
    except (OSError, ValueError, EOFError) as error:
        raise ShowreelError(f"{folder}: no digits ({error}); {mend}") from error
    shapes, types = (images.shape, labels.shape), (images.dtype.name, labels.dtype.name)
    if shapes != ((COUNT, 8, 8), (COUNT,)) or types != ("uint8", "int32"):
        raise ShowreelError(f"{folder}: other arrays than the digits; {mend}")
    if images.max() > BRIGHTEST or not 0 <= labels.min() <= labels.max() <= 9:
        raise ShowreelError(f"{folder}: values that no digits have; {mend}")
    stretched = np.rint(images[ROWS[split], ..., np.newaxis] * (255 / BRIGHTEST)).astype(np.uint8)
    yield {"image": stretched, "label": np.array(labels[ROWS[split]])}
