"""From a data set to the inputs of a network, made once."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from showreel.degradations.parts.blocks import degraded
from showreel.params import registry
from showreel.pipeline.lineage import Lineage
from showreel.storage import fields, prepared
from showreel.storage.errors import ParamsError
from showreel.storage.fields import SPLITS, Fields, Split


def degrade(
    name: str, degradation: str, clean: Path, path: Path, *, seed: int, options: Mapping[str, Any], lineage: Lineage
) -> None:
    """Degrade every example of a prepared file, in blocks: memory does not grow with the data set.

    The randomness of an example depends on seed, split and index alone, not on the block that it comes in.

    Args:
        name: of the input in params.yaml.
        degradation: a file name in `degradations/`.
        clean: the prepared file of the data set.
        path: the HDF5 file to write: the fields that the degradation changes, and no others.
        seed: of the experiment, 0 … 2⁶³ - 1.
        options: the degradation's options.
        lineage: of this run.

    Raises:
        ParamsError: the data set lacks a field that the degradation changes.
        ShowreelError: the clean file is missing or damaged, or the disk is full.
    """
    module = registry.module("degradations", degradation)
    described = prepared.described(clean)
    for field in module.FIELDS:
        if field not in described:
            raise ParamsError(
                f"inputs.{name}: {degradation} changes the field {field}, which {clean} lacks; it has "
                f"{', '.join(described)}"
            )
    attributes = prepared.attributes(clean) | {
        "input": name,
        "degradation": degradation,
        "options": json.dumps(options, sort_keys=True),
        "seed": seed,
    }

    def blocks(split: Split, progress: "tqdm[Any]") -> Iterator[Fields]:
        for block in degraded(module, clean, split, seed=seed, options=options):
            yield block
            progress.update(fields.count(next(iter(block.values()))))

    kinds = {field: described[field].field for field in module.FIELDS}
    with (
        lineage.publishing(path) as (file,),
        tqdm(desc=f"degrade {name}", unit=" examples", disable=None) as progress,
    ):
        prepared.write(file, ((split, blocks(split, progress)) for split in SPLITS), kinds, attributes)
