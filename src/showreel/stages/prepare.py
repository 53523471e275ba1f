"""From a data set's raw files to one HDF5 file of clean images in three splits."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from showreel import find, storage
from showreel.block import SPLITS, Block


def prepare(source: str, raw: Path, clean: Path, *, dataset: str, options: Mapping[str, Any]) -> None:
    """Decode a data set once, in blocks: memory does not grow with its size.

    Args:
        source: a file name in `datasets/`.
        raw: the folder that the download stage made.
        clean: the HDF5 file to write.
        dataset: the data set's name in params.yaml.
        options: the source's options.

    Raises:
        ShowreelError: the raw files are missing, damaged or hold no image for a split.
    """
    reader = find.module("datasets", source)
    attributes = {"dataset": dataset, "degradation": "clean", "classes": reader.classes(raw, **options)}
    with tqdm(desc=f"prepare {dataset}", unit=" images", disable=None) as progress:
        splits = ((split, _counted(reader.read(raw, split, **options), progress)) for split in SPLITS)
        storage.write_prepared(clean, splits, attributes)


def _counted(blocks: Iterator[Block], progress: "tqdm[Any]") -> Iterator[Block]:
    for block in blocks:
        yield block
        progress.update(len(block.images))
