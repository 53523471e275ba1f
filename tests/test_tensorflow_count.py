"""Which processes of a run count as those that imported TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow_count
from tensorflow_count import LIBRARY, MARK, Count

HOLD = """
import mmap, sys, time
file = open(sys.argv[1], "rb")
memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
time.sleep(1)
"""
"""Has a file in its memory for a second."""


def test_a_process_of_the_run_with_the_library_in_its_memory_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MARK, os.environ.get(MARK, ""))
    monkeypatch.setattr(tensorflow_count, "SECONDS", 0.1)
    files = [tmp_path / f"{name}.so.2" for name in (LIBRARY.decode(), "libother")]
    for file in files:
        file.write_bytes(b"code")
    stranger = subprocess.Popen([sys.executable, "-c", HOLD, str(files[0])], env=os.environ | {MARK: "another run"})
    count = Count()
    count.start()
    ours = [subprocess.Popen([sys.executable, "-c", HOLD, str(file)]) for file in files]
    assert [process.wait() for process in (stranger, *ours)] == [0, 0, 0]
    assert count.total() == 1 + ("tensorflow" in sys.modules)
