"""The disk is full, or a folder cannot be written: one line says so, and the next run makes it good."""

import subprocess
from pathlib import Path

import pytest
from engines import Accident, History
from test_kills import leftovers

pytestmark = [pytest.mark.slow, pytest.mark.faults]

OUTPUTS = {
    "download": "data/raw",
    "prepare": "data/prepared",
    "degrade": "data/prepared",
    "train": "models",
    "evaluate": "results/denoiser",
    "render": "results/denoiser",
}
"""Stage → a folder that it writes into."""


@pytest.mark.parametrize("kilobytes", [0, 40])
@pytest.mark.parametrize("stage", OUTPUTS)
def test_no_file_can_grow_any_more(history: History, tmp_path: Path, stage: str, kilobytes: int) -> None:
    """A limit on the size of files stands for a disk that is full: a write beyond it fails."""
    checkout = history.stood[stage].copied(tmp_path / "checkout")
    limit = f"prlimit --pid $PPID --fsize={1024 * kilobytes}"
    code, printed = history.engine.run(checkout, stage, Accident(stage, "import", f"showreel.stages.{stage}", 1, limit))
    if code:
        assert checkout.outputs().items() <= history.reference(stage).items()
        assert "Traceback" not in printed + checkout.logs()
        assert [name for name in leftovers(checkout.folder) if "checkpoints" not in name] == []
    history.engine.run(checkout, stage)
    assert checkout.outputs() == history.reference(stage)
    assert code or kilobytes, "with no room at all it must fail"


@pytest.mark.parametrize("stage", OUTPUTS)
def test_a_folder_cannot_be_written(history: History, tmp_path: Path, stage: str) -> None:
    """Mounted read-only, since root may write wherever permissions forbid it."""
    checkout = history.stood[stage].copied(tmp_path / "checkout")
    folder = checkout.folder / OUTPUTS[stage]
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode:
        pytest.skip("this user may not mount")
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    try:
        process = history.engine.start(checkout, stage)
        printed = process.communicate()[0]
        assert process.returncode != 0
        assert "Read-only file system" in printed + checkout.logs()
        assert checkout.outputs().items() <= history.reference(stage).items()
    finally:
        subprocess.run(["umount", folder], check=True)
    history.engine.run(checkout, stage)
    assert checkout.outputs() == history.reference(stage)
