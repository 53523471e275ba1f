"""What is kept to look at: a reel of what a network made of a few test examples epoch by epoch, and chosen examples."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import h5py
import numpy as np
from numpy.typing import NDArray

from showreel.storage import disk_space, hdf5
from showreel.storage.fields import Field, Fields, Ragged, Rows, from_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LENGTHS = ".lengths"
"""What ends the name of the array that says how long the rows of a ragged field are."""


@dataclass(frozen=True)
class Reel:
    """What a network made of the same few test examples after every epoch; n examples, e epochs.

    Attributes:
        origin: JSON: the record of what made it.
        task: a name in `tasks/`.
        score: THE score of the task.
        fields: JSON: what the numbers of inputs and targets mean; see `described`.
        indices: int64 (n,), the examples' places in the test split.
        inputs: field → n rows, what the network was given.
        targets: field → n rows.
        epochs: int64 (e,); 0 is the untrained network.
        scores: float64 (e,), the mean score over the complete test split after that epoch.
        outputs: (e, n, …), of any numeric type.
    """

    origin: str
    task: str
    score: str
    fields: str
    indices: NDArray[np.int64]
    inputs: Fields
    targets: Fields
    epochs: NDArray[np.int64]
    scores: NDArray[np.float64]
    outputs: NDArray[Any]


@dataclass(frozen=True)
class Chosen:
    """The strongest baseline's answers to the reel's n examples, and k of the test split, chosen by their score.

    Attributes:
        origin: JSON: the record of what made it.
        task: a name in `tasks/`.
        baseline: the strongest baseline on the test split, or "" where there is none.
        reel_answers: (n, …), or (0, …) where there is none: its answers to the reel's examples.
        indices: int64 (k,), places in the test split: a third of them the best, best first, a third around the median,
            a third the worst, worst last. Where there are few examples, one may be in two thirds.
        inputs: field → k rows.
        targets: field → k rows.
        answers: (k, …), or (0, …) where there is no baseline: the baseline's.
        outputs: (k, …), the network's.
    """

    origin: str
    task: str
    baseline: str
    reel_answers: NDArray[Any]
    indices: NDArray[np.int64]
    inputs: Fields
    targets: Fields
    answers: NDArray[Any]
    outputs: NDArray[Any]


def described(reel: Reel) -> dict[str, Field]:
    """Return what the numbers of a reel's inputs and targets mean, by field."""
    return {name: from_json(text) for name, text in json.loads(reel.fields).items()}


Kept = TypeVar("Kept", bound="DataclassInstance")


def write(path: Path, content: "DataclassInstance") -> None:
    """Write a reel, or a dataclass like it, into one file: arrays as data sets, fields as groups, texts as attributes.

    Raises:
        ShowreelError: the disk is full.
    """
    values = {field.name: getattr(content, field.name) for field in fields(content)}
    arrays = dict(_arrays(values))
    disk_space.prove(path, sum(array.nbytes for array in arrays.values()))
    with hdf5.created(path) as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, fletcher32=True, chunks=True)
        file.attrs.update({name: value for name, value in values.items() if isinstance(value, str)})


def read(path: Path, kind: type[Kept]) -> Kept:
    """Read a reel, or a dataclass like it.

    Raises:
        ShowreelError: the file is missing, damaged, incomplete or not of that kind.
    """
    with hdf5.opened(path) as file:
        return kind(**{field.name: _stored(file, field.name) for field in fields(kind)})


def _arrays(values: Mapping[str, Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the arrays of a dataclass by their paths in the file."""
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            yield name, value
        elif not isinstance(value, str):
            for field, rows in value.items():
                if isinstance(rows, Ragged):
                    yield f"{name}/{field}{LENGTHS}", rows.lengths
                yield f"{name}/{field}", rows.values if isinstance(rows, Ragged) else rows


def _stored(file: h5py.File, name: str) -> Any:
    if name in file.attrs:
        return str(file.attrs[name])
    item = file[name]
    if not isinstance(item, h5py.Group):
        return item[()]
    return {field: _rows(item, field) for field in item if not field.endswith(LENGTHS)}


def _rows(group: h5py.Group, field: str) -> Rows:
    lengths = group.get(field + LENGTHS)
    return group[field][()] if lengths is None else Ragged(group[field][()], lengths[()])
