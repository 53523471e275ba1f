"""From a data set's raw files to one HDF5 file of clean images in three splits."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from showreel.params import registry
from showreel.pipeline.lineage import Lineage
from showreel.storage import prepared
from showreel.storage.fields import SPLITS, Block, Split


def prepare(source: str, raw: Path, clean: Path, *, dataset: str, options: Mapping[str, Any], lineage: Lineage) -> None:
    """Decode a data set once, in blocks: memory does not grow with its size.

    Args:
        source: a file name in `datasets/`.
        raw: the folder that the download stage made.
        clean: the HDF5 file to write.
        dataset: the data set's name in params.yaml.
        options: the source's options.
        lineage: of this run.

    Raises:
        ShowreelError: the raw files are missing, damaged or hold no image for a split, or the disk is full.
    """
    reader = registry.module("datasets", source)
    attributes = {"dataset": dataset, "degradation": "clean", "classes": reader.classes(raw, **options)}
    with (
        lineage.publishing(clean) as (file,),
        tqdm(desc=f"prepare {dataset}", unit=" images", disable=None) as progress,
    ):

        def blocks(split: Split) -> Iterator[Block]:
            for block in reader.read(raw, split, **options):
                yield block
                progress.update(len(block.images))

        prepared.write_prepared(file, ((split, blocks(split)) for split in SPLITS), attributes)
