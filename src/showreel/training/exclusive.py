"""Things of this machine, such as its GPUs, that one process holds at a time; a process that ends holds none."""

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

POLL_SECONDS = 1


@contextmanager
def held(numbers: Sequence[str], folder: Path, count: int = 1) -> Iterator[list[int]]:
    """Hold the first things that no other process holds, waiting for as many; yield their places in `numbers`.

    One process at a time chooses, so that no two wait for what the other holds.

    Args:
        numbers: what the things are called on this machine.
        folder: where the lock files are.
        count: how many to hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    places: list[int] = []
    with ExitStack() as stack:
        with (folder / "choice.lock").open("w") as choice:
            fcntl.flock(choice, fcntl.LOCK_EX)
            while len(places) < count:
                for index, number in enumerate(numbers):
                    if index not in places and len(places) < count and _locked(folder / f"{number}.lock", stack):
                        places.append(index)
                if len(places) < count:
                    time.sleep(POLL_SECONDS)
        yield places


def _locked(path: Path, stack: ExitStack) -> bool:
    """Lock a file until a stack is left, unless another process has locked it; tell whether it is ours."""
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    stack.enter_context(lock)
    return True
