"""Prepared files of a few made-up examples."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from showreel.storage import prepared
from showreel.storage.fields import SPLITS, Field, Fields, Split

Images = NDArray[np.uint8]

FIELDS = {"image": Field("image"), "label": Field("label", tuple("0123456789"))}


def write_images(path: Path, images: Images | Mapping[Split, Images], **attributes: Any) -> None:
    """Write images, the same in each split or others, with labels 0, 1, 2, … 9, 0, …"""
    by_split = images if isinstance(images, Mapping) else dict.fromkeys(SPLITS, images)
    labels = {split: np.arange(len(by_split[split]), dtype=np.int32) % 10 for split in SPLITS}
    blocks: list[tuple[Split, list[Fields]]] = [
        (split, [{"image": by_split[split], "label": labels[split]}]) for split in SPLITS
    ]
    prepared.write(path, blocks, FIELDS, attributes)


def read_images(path: Path, split: Split) -> Images:
    """Return all images of a split."""
    return np.asarray(prepared.read(path, split)["image"])
