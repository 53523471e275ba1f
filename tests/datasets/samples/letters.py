"""Letters: 600 words of two to nine letters that rise or fall in the alphabet; 480 train, 60 validation, 60 test.

A ragged data set for tests: `abdgz` rises, `zgdba` falls. Needs no network.
Source: drawn from a random generator with a fixed seed. Size: 5 kB. Licence: that of this project.
Citation: none.
"""

import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from showreel.datasets.parts.fetch import RemoteFile
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Field, Ragged, Rows, Split

FIELDS = ("tokens", "label")
FILES: tuple[RemoteFile, ...] = ()
FILE = "words.txt"
COUNT, SHORTEST, LONGEST = 600, 2, 9
ROWS: dict[Split, slice] = {"train": slice(0, 480), "validation": slice(480, 540), "test": slice(540, 600)}
BLOCK_WORDS = 100
ALPHABET = string.ascii_lowercase
ORDERS = ("rising", "falling")


def gather(folder: Path) -> None:
    """Write the words into the raw folder, one a line; every second one falls."""
    generator = np.random.default_rng(0)
    lines = []
    for index in range(COUNT):
        letters = generator.choice(list(ALPHABET), generator.integers(SHORTEST, LONGEST + 1), replace=False)
        lines.append("".join(sorted(letters, reverse=bool(index % 2))) + "\n")
    (folder / FILE).write_text("".join(lines), encoding="ascii")


def fields(folder: Path) -> dict[str, Field]:
    """Return what the numbers of each field mean; a token is a letter, a label the order of the letters."""
    return {"tokens": Field("tokens", tuple(ALPHABET), ragged=True), "label": Field("label", ORDERS)}


def read(folder: Path, split: Split) -> Iterator[dict[str, Rows]]:
    """Yield one split in blocks: `tokens` uint16, rows of 2 to 9, and `label` int32 (n,).

    Raises:
        ShowreelError: the file is missing or damaged.
    """
    mend = f"run `showreel download {folder.name}`"
    try:
        words = (folder / FILE).read_text(encoding="ascii").split()
    except (OSError, UnicodeError) as error:
        raise ShowreelError(f"{folder}: no words ({error}); {mend}") from error
    if len(words) != COUNT or not all(len(word) > 1 and set(word) <= set(ALPHABET) for word in words):
        raise ShowreelError(f"{folder}: other words than these; {mend}")
    chosen = words[ROWS[split]]
    for start in range(0, len(chosen), BLOCK_WORDS):
        yield _block(chosen[start : start + BLOCK_WORDS])


def _block(words: list[str]) -> dict[str, Rows]:
    """Turn words into rows of numbers."""
    tokens = np.array([ALPHABET.index(letter) for word in words for letter in word], np.uint16)
    labels = np.array([ORDERS.index("falling" if word[0] > word[-1] else "rising") for word in words], np.int32)
    return {"tokens": Ragged(tokens, np.array([len(word) for word in words], np.int64)), "label": labels}
