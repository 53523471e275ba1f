"""NAME: 400 pictures of a disc or a square, 16×16 grey; 320 train, 40 validation, 40 test.

Replace all of this by your images.
Source: where they come from, and how many megabytes they are; here they are drawn. Licence: theirs.
Citation: the article or page that one should name.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from showreel.datasets.parts.fetch import RemoteFile
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Field, Rows, Split

FIELDS = ("image", "label")
"""The fields that it may have; see `Field` for their kinds: image, mask, depth, label, tokens, series."""

# For a download, list the files and delete `gather`; each is verified, and comes from the first address that answers:
# RemoteFile("images.zip", "<its SHA-256>", ("https://example.org/images.zip", "https://a-mirror.org/images.zip")),
FILES: tuple[RemoteFile, ...] = ()
COUNT, SIDE = 400, 16
OF_EVERY_TEN: dict[Split, range] = {"train": range(8), "validation": range(8, 9), "test": range(9, 10)}


def gather(folder: Path) -> None:
    """Write the images, uint8 (400, 16, 16, 1), into the raw folder; here by drawing, for you perhaps by copying."""
    generator = np.random.default_rng(0)
    rows, columns = np.indices((SIDE, SIDE))
    images = np.empty((COUNT, SIDE, SIDE, 1), np.uint8)
    for index in range(COUNT):
        row, column, radius = generator.integers((5, 5, 2), (11, 11, 6))
        down, right = abs(rows - row), abs(columns - column)
        inside = np.maximum(down, right) <= radius if index % 2 else down**2 + right**2 <= radius**2
        images[index, ..., 0] = np.where(inside, generator.integers(128, 256), generator.integers(0, 64))
    np.save(folder / "images.npy", images)


def fields(folder: Path) -> dict[str, Field]:
    """Return what the numbers of each field mean; labels have the names of their classes, in their order."""
    return {"image": Field("image"), "label": Field("label", ("disc", "square"))}


def read(folder: Path, split: Split) -> Iterator[dict[str, Rows]]:
    """Yield one split in blocks, always in the same order: `image` uint8 (n, 16, 16, 1), `label` int32 (n,).

    Large data come in many blocks, so that they need not fit into memory. An option is a keyword-only parameter with
    a type, `*, size: int`, of all three functions.

    Raises:
        ShowreelError: the file is missing or damaged.
    """
    try:
        images = np.load(folder / "images.npy")
    except (OSError, ValueError, EOFError) as error:
        raise ShowreelError(f"{folder}: no images ({error}); run `showreel download {folder.name}`") from error
    chosen = np.flatnonzero(np.isin(np.arange(len(images)) % 20 // 2, OF_EVERY_TEN[split]))
    yield {"image": images[chosen], "label": (chosen % 2).astype(np.int32)}
