import resource
import subprocess
import sys
from pathlib import Path

import pytest

from showreel.storage import disk_space
from showreel.storage.errors import ShowreelError

WRITER = """
import numpy as np, sys
from pathlib import Path
from showreel.storage import atomic, prepared
from showreel.storage.fields import SPLITS, Field
from showreel.storage.errors import ShowreelError
path = Path(sys.argv[1])
block = {"image": np.zeros((100_000, 8, 8, 1), np.uint8)}
try:
    with atomic.writing(path) as (temporary,):
        prepared.write(temporary, ((split, [block]) for split in SPLITS), {"image": Field("image")}, {})
except (OSError, ShowreelError) as error:
    sys.exit(f"refused: {error}")
"""


def test_more_than_the_disk_has_is_refused_with_the_size(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"clean\.h5: .*; make room for 1125899906\d+ MB more and run again"):
        disk_space.prove(tmp_path / "clean.h5", 2**50 * 1000)


@pytest.mark.parametrize("limit", [100, 100_000, 1_000_000, 5_000_000, 9_000_000])
def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, limit: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path / "clean.h5")],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("refused: ")
    assert not list(tmp_path.iterdir())
