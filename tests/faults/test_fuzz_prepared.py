"""Fuzzing of prepared, reel and weight files, in processes of their own: HDF5 itself can crash on damaged files."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from matrices import sample
from test_prepared import write
from test_reel import reel

from showreel.storage import reel as reels

pytestmark = pytest.mark.slow

EXAMPLES = settings.default.max_examples if settings.default else 100
BATCH = 100
HDF5_ITSELF = 0.02
"""Share of damaged files over which HDF5 1.14.6 crashes or never ends: texts of variable length, as attributes have."""
SECONDS = 30
READER = """
import random, sys
from pathlib import Path
from showreel.storage import prepared, reel
from showreel.storage.errors import ShowreelError

whole, first, last = Path(sys.argv[1]).read_bytes(), int(sys.argv[2]), int(sys.argv[3])
path = Path(sys.argv[1]).with_suffix(".damaged.h5")
readers = (
    [lambda: reel.read(path, reel.Reel)]
    if "reel" in sys.argv[1]
    else [
        lambda: prepared.attributes(path),
        lambda: prepared.described(path),
        lambda: prepared.count(path, "train"),
        *(lambda split=split: prepared.read(path, split) for split in ("train", "validation", "test")),
        lambda: list(prepared.stream(path, "train")),
    ]
)
for seed in range(first, last):
    dice, data = random.Random(seed), bytearray(whole)
    end = len(whole) if seed % 2 else min(len(whole), 6000)
    for _ in range(dice.randint(1, 6)):
        at = dice.choice((dice.randrange(end), dice.randrange(min(end, 3000))))
        data[at] = dice.choice((data[at] ^ 1 << dice.randrange(8), dice.randrange(256), 0, 255))
    if dice.random() < 0.1:
        del data[dice.randrange(len(data)) :]
    path.write_bytes(data)
    print(seed, flush=True)
    for read in readers:
        try:
            read()
        except ShowreelError:
            pass
"""


def read_damaged(path: Path, first: int, end: int) -> list[str]:
    """Read copies damaged by each of some seeds; return a line for each that ended the process or took long."""
    faults = []
    while first < end:
        command = [sys.executable, "-c", READER, str(path), str(first), str(min(first + BATCH, end))]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, error = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, error = process.communicate()
        last = int((out.split() or ["-1"])[-1])
        if process.returncode:
            reason = (error.strip().splitlines() or ["no message"])[-1]
            faults.append(f"seed {last}: exit {process.returncode}, {reason}")
        first = max(last, first) + 1
    return faults


@pytest.mark.parametrize("kind", ["prepared", "reel"])
@pytest.mark.parametrize("first", sample({"first seeds": 0, "more seeds": EXAMPLES}, "first seeds"))
def test_damaged_file_is_read_or_refused(tmp_path: Path, kind: str, first: int) -> None:
    path = tmp_path / f"{kind}.h5"
    if kind == "prepared":
        write(path)
    else:
        reels.write(path, reel(7))
    faults = read_damaged(path, first, first + EXAMPLES)
    of_hdf5 = [fault for fault in faults if "exit -" in fault]
    print(*of_hdf5, sep="\n")
    assert sorted(faults) == sorted(of_hdf5)
    assert len(of_hdf5) <= EXAMPLES * HDF5_ITSELF
