"""A lock or a record of another form than expected is a finding, not a traceback."""

from pathlib import Path

import project
import pytest

OUTSIDE = """{"command": "train denoiser", "inputs": {"../../etc": ""}, "outputs": {}, "code": {}, "params": {}}"""


NESTED = pytest.param("[" * 100_000, id="nested")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"command": "train identity"}', "\udcff", OUTSIDE, NESTED])
def test_a_malformed_record_is_damaged(tmp_path: Path, content: str) -> None:
    project.make(tmp_path)
    (tmp_path / "lineage/train/denoiser.json").write_bytes(content.encode(errors="surrogateescape"))
    assert project.told(tmp_path) == {("damaged", "lineage/train/denoiser.json", "train@denoiser")}


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n", "schema: '1.0'\n", "schema: '2.0'\nstages: {a: 1}\n"])
def test_a_malformed_lock_is_damaged_and_the_records_still_count(tmp_path: Path, content: str) -> None:
    project.make(tmp_path)
    (tmp_path / "dvc.lock").write_text(content)
    project.flip(tmp_path / "models/denoiser.keras")
    assert project.told(tmp_path) == {
        ("damaged", "dvc.lock", ""), ("damaged", "models/denoiser.keras", "train@denoiser")
    }  # fmt: skip
