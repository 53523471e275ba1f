"""From a data set's raw files to one HDF5 file of its fields in three splits."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from showreel.params import registry
from showreel.pipeline.lineage import Lineage
from showreel.storage import fields, prepared
from showreel.storage.fields import SPLITS, Fields, Split


def prepare(source: str, raw: Path, path: Path, *, dataset: str, options: Mapping[str, Any], lineage: Lineage) -> None:
    """Decode a data set once, in blocks: memory does not grow with its size.

    Args:
        source: a file name in `datasets/`.
        raw: the folder that the download stage made.
        path: the HDF5 file to write.
        dataset: the data set's name in params.yaml.
        options: the source's options.
        lineage: of this run.

    Raises:
        ShowreelError: the raw files are missing, damaged or hold nothing for a split, or the disk is full.
    """
    reader = registry.module("datasets", source)
    with (
        lineage.publishing(path) as (file,),
        tqdm(desc=f"prepare {dataset}", unit=" examples", disable=None) as progress,
    ):

        def blocks(split: Split) -> Iterator[Fields]:
            for block in reader.read(raw, split, **options):
                yield block
                progress.update(fields.count(next(iter(block.values()))))

        described = reader.fields(raw, **options)
        prepared.write(file, ((split, blocks(split)) for split in SPLITS), described, {"dataset": dataset})
