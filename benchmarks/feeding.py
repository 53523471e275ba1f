"""Feeding: images a second out of prepared files into shuffled batches, without a network.

Streaming reads in windows of 64 MiB here, so that 314 MB are five of them; the file is in the system's cache.
"""

from typing import Any
from unittest.mock import patch

import harness
import material
import numpy as np
from harness import OURS, Result

from showreel.models import feeding
from showreel.models.feeding import Feed
from showreel.pairs import PairedSplit

BATCH = 128
COUNTS = (200_000, 8, 8)
STREAMED = "the same, streamed"
WINDOW_BYTES = 1 << 26


def measure(rounds: int) -> list[Result]:
    """Compare feeding from memory with streaming from disk, in windows, what would not fit."""
    noisy, clean, _ = material.prepared(material.MNIST, COUNTS)
    source = PairedSplit.of(noisy, clean, "train")
    feeds = {OURS: Feed(source, BATCH)}
    with patch.multiple(feeding, WINDOW_BYTES=WINDOW_BYTES, MEMORY_BYTES=0):
        feeds[STREAMED] = Feed(source, BATCH)
        return [_compared(feeds, source, rounds)]


def _compared(feeds: dict[str, Feed], source: PairedSplit, rounds: int) -> Result:
    generator = np.random.default_rng(0)

    def rate(feed: Feed) -> float:
        return material.rate(source.count, lambda: _count(feed.batches(generator)))

    cases = {name: lambda feed=feed: rate(feed) for name, feed in feeds.items()}
    rates = harness.paired(cases, rounds, title="feed")
    return Result("feeding, 200,000 pairs of 28×28", "images/s", rates, own=(STREAMED,))


def _count(batches: Any) -> int:
    """Go through batches in TensorFlow, as `fit` does: no batch comes to Python."""
    return int(batches.reduce(np.int64(0), lambda count, *batch: count + 1))
