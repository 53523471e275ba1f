import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from showreel.scoring import tuning
from showreel.storage import prepared
from showreel.storage.fields import Block

WORKER = """
import os, sys
from showreel.scoring import tuning
from showreel.degradations import downscaled, noisy

def modules():
    return [name for name in ("tensorflow", "keras") if name in sys.modules]

if __name__ == "__main__":
    with tuning._workers() as pool:
        print(pool.submit(modules).result(), *pool._processes, flush=True)
        os.kill(os.getpid(), 9)
"""


def test_workers_have_no_tensorflow_and_end_even_when_their_parent_is_killed(tmp_path: Path) -> None:
    script, printed = tmp_path / "worker.py", tmp_path / "printed"
    script.write_text(WORKER)
    with printed.open("w") as output:
        assert subprocess.run([sys.executable, script], stdout=output, check=False).returncode == -signal.SIGKILL
    modules, *workers = printed.read_text().split()
    assert modules == "[]"
    assert workers
    for worker in map(int, workers):
        wait_for_the_end_of(worker)


def wait_for_the_end_of(process: int) -> None:
    """Give a process ten seconds to end; then end it and fail."""
    for _ in range(100):
        if not is_running(process):
            return
        time.sleep(0.1)
    os.kill(process, signal.SIGKILL)
    pytest.fail(f"worker {process} lived on without its parent")


def is_running(process: int) -> bool:
    """Return whether a process exists and is no zombie."""
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_batches_cover_the_test_split_once(tmp_path: Path) -> None:
    path = tmp_path / "clean.h5"
    block = Block(np.zeros((12, 8, 8, 1), np.uint8), np.zeros(12, np.int32))
    prepared.write_prepared(path, [("test", [block])], {})
    assert tuning.batches(path, 5 * 64) == [slice(0, 5), slice(5, 10), slice(10, 12)]
    assert len(tuning.batches(path, 1)) == 12
