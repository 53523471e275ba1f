"""One process at a time: a lock that the kernel gives back when its holder ends, however it ends."""

import fcntl
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)


@contextmanager
def alone(lock: Path, doing: str) -> Iterator[None]:
    """Wait until no other process holds a lock file, saying for whom, then hold it.

    Args:
        lock: the file; it stays, and names its last holder.
        doing: what the lock is for, for the message.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            log.warning("waiting for %s, which is at the same (%s)", file.read().strip() or "another process", doing)
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield
