"""What fuzzing shares: how inputs are changed, and what must hold of every one."""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Rows

SECONDS = 10.0
"""No input may take longer; most take milliseconds."""
EXAMPLES = settings.default.max_examples if settings.default else 100
some = settings(max_examples=EXAMPLES)
few = settings(max_examples=max(EXAMPLES // 4, 1))
logging.getLogger("PIL").setLevel(logging.CRITICAL)


@st.composite
def mutated(draw: st.DrawFn, whole: bytes, *, most: int = 4) -> bytes:
    """Some bytes with a few changes: others in their place, pieces cut, repeated or zeroed, the end missing."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(1, 16))
        piece = data[start : start + length]
        data[start : start + length] = draw(
            st.one_of(
                st.binary(min_size=len(piece), max_size=len(piece)),
                st.sampled_from([b"", bytes(piece) * 2, bytes(len(piece)), b"\xff" * len(piece)]),
            )
        )
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.integers(0, 5)) == 0 else bytes(data)


@contextmanager
def soon() -> Iterator[Path]:
    """Give a fresh folder, and let nothing but one of our errors pass, in bounded time."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        with suppress(ShowreelError):
            yield Path(name)
        assert time.monotonic() - start < SECONDS


def as_promised(blocks: Iterator[dict[str, Rows]], classes: int, shape: tuple[int, ...] | None = None) -> None:
    for block in blocks:
        images, labels = (np.asarray(block[name]) for name in ("image", "label"))
        assert (images.dtype.name, labels.dtype.name) == ("uint8", "int32")
        assert images.ndim == 4
        assert len(images) == len(labels) > 0
        assert images.shape[1:] == (shape or images.shape[1:])
        assert 0 <= labels.min() <= labels.max() < classes


def made(write: Callable[[Path], object]) -> dict[str, bytes]:
    """Return the files that a function writes into a folder."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name))
        return {path.name: path.read_bytes() for path in Path(name).iterdir()}
