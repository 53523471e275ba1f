"""Rows of one size read from where they lie in a file: twice as fast as by HDF5, and past its checksums."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray


def read(stored: h5py.Dataset, runs: Sequence[slice], descriptor: int) -> NDArray[Any]:
    """Read runs of consecutive rows of an array, one after the other.

    Args:
        stored: the array.
        runs: which rows.
        descriptor: of the same file, open for reading.

    Raises:
        ValueError: the file keeps rows in pieces.
        OSError: it ends early.
    """
    rows = np.empty((sum(run.stop - run.start for run in runs), *stored.shape[1:]), stored.dtype)
    row_bytes = int(np.prod(stored.shape[1:], dtype=np.int64)) * stored.dtype.itemsize
    end = 0
    for place, length in _pieces(stored, runs, row_bytes):
        start, end = end, end + length
        target = rows[start:end].reshape(-1).view(np.uint8)
        if os.preadv(descriptor, [target.data], place) != target.nbytes:
            raise OSError("it ends early")
    return rows


def _pieces(stored: h5py.Dataset, runs: Sequence[slice], row_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield where in the file the runs' parts lie that are in one chunk each, in bytes, and how many rows they have."""
    if not stored.chunks or stored.chunks[1:] != stored.shape[1:]:
        raise ValueError("its rows are not kept whole")
    for run in runs:
        start = run.start
        while start < run.stop:
            within = start % stored.chunks[0]
            rows = min(run.stop - start, stored.chunks[0] - within)
            chunk = stored.id.get_chunk_info_by_coord((start - within, *[0] * (stored.ndim - 1)))
            yield chunk.byte_offset + within * row_bytes, rows
            start += rows
