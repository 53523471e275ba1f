"""Feeding: images a second out of prepared files into shuffled batches, without a network.

Streaming reads in windows of 64 MiB here, so that 314 and 307 MB are five of them; the file is in the system's cache.
"""

import statistics
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import harness
import material
import numpy as np
from harness import OURS, Result

from showreel.storage.examples import ExampleSplit
from showreel.tasks.restoration import learning
from showreel.training import feeding
from showreel.training.feeding import Feed

BATCH = 128
SHAPES = {material.MNIST: (200_000, 8, 8), (32, 32, 3): (50_000, 8, 8)}
"""Shape of the images → how many of them in the three splits."""

LEAST, MOST = 1_000_000, 2
"""What is asked for: MNIST's images a second from memory; how many times fewer streamed."""

STREAMED = "the same, streamed"
WINDOW_BYTES = 1 << 26


def measure(rounds: int) -> Iterator[Result]:
    """Compare feeding from memory with streaming from disk, in windows, what would not fit."""
    for shape, counts in SHAPES.items():
        yield _compared(shape, counts, rounds)


def _compared(shape: tuple[int, int, int], counts: tuple[int, int, int], rounds: int) -> Result:
    noisy, clean, _ = material.prepared(shape, counts)
    source = material.examples(noisy, clean, "train")
    feeds = {OURS: Feed(source, learning.batch, BATCH)}
    with patch.multiple(feeding, WINDOW_BYTES=WINDOW_BYTES, MEMORY_BYTES=0):
        feeds[STREAMED] = Feed(source, learning.batch, BATCH)
        rates = _rates(feeds, source, rounds)
    question = f"feeding, {source.count:,} pairs of {'×'.join(map(str, shape))}"
    return Result(question, "images/s", rates, notes=("; ".join(_verdicts(shape, rates)),), own=(STREAMED,))


def _verdicts(shape: tuple[int, int, int], rates: dict[str, list[float]]) -> Iterator[str]:
    if shape == material.MNIST:
        rate = statistics.median(rates[OURS])
        yield f"{rate:,.0f} images/s (at least {LEAST:,}: {'met' if rate >= LEAST else 'missed'})"
    fewer = statistics.median(np.divide(rates[OURS], rates[STREAMED]))
    yield f"streamed, {fewer:.2f} times fewer (at most {MOST}: {'met' if fewer <= MOST else 'missed'})"


def _rates(feeds: dict[str, Feed], source: ExampleSplit, rounds: int) -> dict[str, list[float]]:
    generator = np.random.default_rng(0)

    def rate(feed: Feed) -> float:
        return material.rate(source.count, lambda: _count(feed.batches(generator)))

    cases = {name: lambda feed=feed: rate(feed) for name, feed in feeds.items()}
    return harness.paired(cases, rounds, title="feed")


def _count(batches: Any) -> int:
    """Go through batches in TensorFlow, as `fit` does: no batch comes to Python."""
    return int(batches.reduce(np.int64(0), lambda count, *batch: count + 1))
