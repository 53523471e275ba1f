"""How many processes of a test run imported TensorFlow: what the suite's time goes into.

A thread looks at the memory maps of this run's processes, workers and all that tests start among them. An import takes
seconds, so that none slips through; the processes run as they would without it.
"""

import os
import threading
import uuid
from pathlib import Path

MARK = "SHOWREEL_TEST_RUN"
"""In the environment of all processes of a run."""
LIBRARY = b"libtensorflow_cc"
SECONDS = 1.0


class Count(threading.Thread):
    """Counts from its start on until it is asked."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        os.environ[MARK] = uuid.uuid4().hex
        self._mark = f"{MARK}={os.environ[MARK]}".encode()
        self._seen: set[tuple[str, str]] = set()
        self._ended = threading.Event()

    def run(self) -> None:
        """Look once a second."""
        while not self._ended.wait(SECONDS):
            self._look()

    def total(self) -> int:
        """End, and return the number of processes."""
        self._ended.set()
        self.join()
        return len(self._seen)

    def _look(self) -> None:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                started = (process / "stat").read_text().rpartition(")")[2].split()[19]
                if (process.name, started) not in self._seen and self._imported(process):
                    self._seen.add((process.name, started))
            except (OSError, IndexError):  # it is gone, or somebody else's
                continue

    def _imported(self, process: Path) -> bool:
        is_ours = int(process.name) == os.getpid() or self._mark in (process / "environ").read_bytes().split(b"\0")
        return is_ours and LIBRARY in (process / "maps").read_bytes()
