"""Shapes: 300 pictures of a disc and a square before a wall, 16×16 RGB; 240 train, 30 validation, 30 test.

A data set for tests whose examples are an image, the class of each of its pixels, and their distances. Whichever shape
is nearer hides the other. Pixels along the edge of the picture are of no class, those of some corners at an unknown
distance. Needs no network.
Source: drawn from a random generator with a fixed seed. Size: 0.5 MB. Licence: that of this project.
Citation: none.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from showreel.datasets.parts.fetch import RemoteFile
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Field, Rows, Split

FIELDS = ("image", "mask", "depth")
FILES: tuple[RemoteFile, ...] = ()
COUNT, SIDE = 300, 16
ROWS: dict[Split, slice] = {"train": slice(0, 240), "validation": slice(240, 270), "test": slice(270, 300)}
BLOCK_IMAGES = 50
CLASSES = ("wall", "disc", "square")
COLOURS = ((90, 90, 90), (230, 120, 30), (40, 120, 220))
IGNORED, UNKNOWN = 255, 0
WALL_DISTANCE = 3000
"""Millimetres, like all distances."""
ARRAYS = {
    "image": ("uint8", (COUNT, SIDE, SIDE, 3)),
    "mask": ("uint8", (COUNT, SIDE, SIDE)),
    "depth": ("uint16", (COUNT, SIDE, SIDE)),
}
"""Field → type and shape of its file."""


def gather(folder: Path) -> None:
    """Write an array of each field into the raw folder: uint8 (300, 16, 16, 3), uint8 and uint16 (300, 16, 16)."""
    scenes = [_scene(np.random.default_rng((0, index))) for index in range(COUNT)]
    for name, arrays in zip(FIELDS, zip(*scenes, strict=True), strict=True):
        np.save(folder / f"{name}.npy", np.stack(arrays))


def fields(folder: Path) -> dict[str, Field]:
    """Return what the numbers of each field mean; the mask's colours are close to those of the shapes."""
    return {"image": Field("image"), "mask": Field("mask", CLASSES, COLOURS), "depth": Field("depth")}


def read(folder: Path, split: Split) -> Iterator[dict[str, Rows]]:
    """Yield one split in blocks: `image` uint8 (n, 16, 16, 3), `mask` uint8 and `depth` uint16 (n, 16, 16).

    Raises:
        ShowreelError: a file is missing or damaged.
    """
    mend = f"run `showreel download {folder.name}`"
    try:
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in FIELDS}
    except (OSError, ValueError, EOFError) as error:
        raise ShowreelError(f"{folder}: no shapes ({error}); {mend}") from error
    if {name: (array.dtype.name, array.shape) for name, array in arrays.items()} != ARRAYS:
        raise ShowreelError(f"{folder}: other arrays than the shapes; {mend}")
    rows = ROWS[split]
    for start in range(rows.start, rows.stop, BLOCK_IMAGES):
        chosen = slice(start, min(start + BLOCK_IMAGES, rows.stop))
        yield {name: np.array(array[chosen]) for name, array in arrays.items()}


def _scene(generator: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint16]]:
    """Draw an image with its mask and depth."""
    rows, columns = np.indices((SIDE, SIDE))
    mask = np.zeros((SIDE, SIDE), np.uint8)
    depth = np.full((SIDE, SIDE), WALL_DISTANCE, np.uint16)
    for number in (1, 2):
        row, column, radius = generator.integers((4, 4, 3), (12, 12, 6))
        down, right = abs(rows - row), abs(columns - column)
        inside = down**2 + right**2 <= radius**2 if CLASSES[number] == "disc" else np.maximum(down, right) < radius
        distance = generator.integers(500, WALL_DISTANCE)
        nearer = inside & (distance < depth)
        mask[nearer], depth[nearer] = number, distance
    noise = generator.normal(0, 12, (SIDE, SIDE, 3))
    image = np.clip(np.array(COLOURS)[mask] + noise, 0, 255).astype(np.uint8)
    mask[[0, -1], :] = mask[:, [0, -1]] = IGNORED
    if generator.random() < 0.5:
        depth[:3, :3] = UNKNOWN
    return image, mask, depth
