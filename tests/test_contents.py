"""Files with the right digest that cannot be read nevertheless: they were damaged when they were recorded."""

from collections.abc import Callable
from pathlib import Path

import project
import pytest

CUT_SHORT: dict[str, Callable[[bytes], bytes]] = {
    "data/prepared/digits/noisy.h5": lambda content: content[: len(content) // 2],
    "models/denoiser.keras": lambda content: content.replace(b"\x00\x00\x00?" * 9, b"\x00\x00\x80>" * 9),
    "results/denoiser/reel.gif": lambda content: content[:40],
    "results/denoiser/poster.png": lambda content: content[:60],
    "results/denoiser/scores.csv": lambda content: content + b"3,4,5\n",
    "results/denoiser/metrics.json": lambda content: content[:-1],
}


@pytest.mark.parametrize("path", CUT_SHORT)
def test_a_file_that_was_recorded_damaged_is_found_by_reading_it(tmp_path: Path, path: str) -> None:
    stages = project.make(tmp_path, lock=False)
    content = (tmp_path / path).read_bytes()
    (tmp_path / path).write_bytes(CUT_SHORT[path](content))
    assert (tmp_path / path).read_bytes() != content
    for stage in stages.values():
        project.write_record(tmp_path, stage)
    (finding,) = project.check(tmp_path).findings
    assert (finding.kind, finding.path) == ("damaged", path)
    assert finding.detail.startswith("cannot be read: ")
    assert finding.mend.command == "showreel"
