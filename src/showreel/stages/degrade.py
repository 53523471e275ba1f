"""From a data set's clean images to the inputs of a network, made once."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from showreel.params import registry
from showreel.pipeline.lineage import Lineage
from showreel.storage import prepared
from showreel.storage.fields import SPLITS, Block, Split


def degrade(
    degradation: str, clean: Path, degraded: Path, *, seed: int, options: Mapping[str, Any], lineage: Lineage
) -> None:
    """Degrade every image of a prepared file, in blocks: memory does not grow with the data set.

    The randomness of an image depends on seed, split and index alone, not on the block that it comes in.

    Args:
        degradation: a file name in `degradations/`.
        clean: the prepared file of clean images.
        degraded: the HDF5 file to write.
        seed: of the experiment, 0 … 2⁶³ - 1.
        options: the degradation's options.
        lineage: of this run.

    Raises:
        ShowreelError: the clean file is missing or damaged, or the disk is full.
    """
    function = registry.module("degradations", degradation).degrade
    attributes = prepared.read_attributes(clean) | {
        "degradation": degradation,
        "options": json.dumps(options, sort_keys=True),
        "seed": seed,
    }

    def degraded_blocks(split: Split, progress: "tqdm[Any]") -> Iterator[Block]:
        start = 0
        for block in prepared.stream_split(clean, split):
            generators = image_generators(seed, split, start, len(block.images))
            yield Block(function(block.images, generators, **options), block.labels)
            start += len(block.images)
            progress.update(len(block.images))

    title = f"degrade {attributes.get('dataset', clean)} {degradation}"
    with lineage.publishing(degraded) as (file,), tqdm(desc=title, unit=" images", disable=None) as progress:
        splits = ((split, degraded_blocks(split, progress)) for split in SPLITS)
        prepared.write_prepared(file, splits, attributes)


def image_generators(seed: int, split: Split, start: int, count: int) -> Iterator[np.random.Generator]:
    """Yield one random generator an image: Philox with the seed as its key and (split, index) as its counter.

    It is one object that is set anew for each image, so draw all of an image's numbers before the next image.
    """
    bits = np.random.Philox(key=seed, counter=[0, 0, start, SPLITS.index(split)])
    generator = np.random.Generator(bits)
    state = _in_lists(bits.state)
    counter = state["state"]["counter"]
    for index in range(start, start + count):
        counter[2] = index
        bits.state = state
        yield generator


def _in_lists(state: Any) -> Any:
    """Return a generator's state with lists for arrays: setting it takes a quarter of the time."""
    if isinstance(state, dict):
        return {name: _in_lists(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state
