"""Room on the disk, proved before HDF5 writes: where one of its own writes fails, HDF5 takes Python down with it."""

import os
import tempfile
from pathlib import Path

from showreel.storage.errors import ShowreelError

SPARE_BYTES = 4 * 1024 * 1024
"""What HDF5 adds to the images: chunks that are not full, and its own tables."""


def prove(path: Path, size: int) -> None:
    """Refuse to write `size` bytes of a file where its disk or the user's limits have no room for them and a bit.

    Raises:
        ShowreelError: there is none; the message says how much is wanted.
    """
    with tempfile.TemporaryFile(dir=path.parent) as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size + SPARE_BYTES)
        except OSError as error:
            megabytes = -(-(size + SPARE_BYTES) // 10**6)
            raise ShowreelError(f"{path}: {error.strerror}; make room for {megabytes} MB more and run again") from error
