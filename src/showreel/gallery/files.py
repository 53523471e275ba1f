"""The files of results and records that a gallery reads, each refused where it is not what it should be."""

import struct
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from showreel.gallery import schemas
from showreel.storage.errors import ShowreelError

MALFORMED = (
    OSError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, EOFError, struct.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What reading a table or a picture of another form than expected ends in."""


def read_table(path: Path, numbers: Sequence[str], *, empty: bool = False) -> pd.DataFrame:
    """Read a table in which some columns hold numbers.

    Raises:
        ShowreelError: it is missing or damaged, or has no rows where it should not be `empty`.
    """
    if not path.is_file():
        raise ShowreelError(f"{path}: missing; run the stage that makes it (`dvc repro` does that)")
    try:
        table = pd.read_csv(path)
    except MALFORMED as error:
        raise schemas.damaged(path, error) from error
    if table.empty and not empty:
        raise schemas.damaged(path, "no rows")
    check_numbers(path, table, numbers)
    return table


def check_numbers(path: Path, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse a table in which a column of numbers is missing, or holds anything else.

    Raises:
        ShowreelError: one does.
    """
    if lacking := [name for name in names if name not in table]:
        raise schemas.damaged(path, f"no {', '.join(lacking)}")
    for name in names:
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(float)
        if not (np.abs(values) <= schemas.LARGEST).all():
            raise schemas.damaged(path, f"not every {name} is a number")


def picture_size(path: Path) -> tuple[int, int]:
    """Return a picture's width and height; its checksums are right, and it is none that fills the memory.

    Raises:
        ShowreelError: it is missing or damaged.
    """
    if not path.is_file():
        raise ShowreelError(f"{path}: missing; run the stage that makes it (`dvc repro` does that)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=[path.suffix[1:].upper()]) as picture:
                picture.verify()
                return picture.size
        except MALFORMED as error:
            raise schemas.damaged(path, error) from error


def record(path: Path) -> dict[str, Any]:
    """Return what a lineage record says; nothing where there is none.

    Raises:
        ShowreelError: it is damaged.
    """
    return dict(schemas.read(path, schemas.Record)) if path.exists() else {}
