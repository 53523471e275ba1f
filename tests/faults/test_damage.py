"""A file is cut or has a byte flipped behind the engines' backs: the next stage refuses it, or it is made anew."""

import os
from pathlib import Path

import pytest
from engines import ENGINES, STAGES, History

pytestmark = pytest.mark.slow

READ_BY = {
    "data/raw/digits/images.npy": "prepare",
    "data/prepared/digits.h5": "degrade",
    "data/prepared/digits-noisy.h5": "train",
    "models/denoiser.keras": "evaluate",
    "models/denoiser.reel.h5": "evaluate",
    "models/denoiser.chosen.h5": "render",
    "results/denoiser/metrics.json": "render",
}
QUICK = {("dvc", "data/prepared/digits.h5"), ("snakemake", "results/denoiser/metrics.json")}
"""With every change: each engine, and stages that need no TensorFlow, since a stage looks at its inputs before it."""


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def flip_silently(path: Path) -> None:
    """Flip a bit and put the file's time back, as a failing disk does."""
    content, status = bytearray(path.read_bytes()), path.stat()
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("damage", [pytest.param(cut, marks=pytest.mark.faults), flip_silently])
@pytest.mark.parametrize(
    ("history", "name"),
    [
        pytest.param(engine, name, marks=[] if (engine, name) in QUICK else pytest.mark.faults)
        for name in READ_BY
        for engine in ENGINES
    ],
    indirect=["history"],
)
def test_no_stage_builds_on_a_damaged_file(history: History, tmp_path: Path, name: str, damage: object) -> None:
    assert callable(damage)
    stage = READ_BY[name]
    checkout = history.stood[stage].copied(tmp_path / "checkout")
    damage(checkout.folder / name)
    process = history.engine.start(checkout, stage)
    printed = process.communicate()[0]
    if process.returncode == 0:
        assert checkout.outputs() == history.reference(stage)
    else:
        assert f"{name}: is not what its stage wrote" in printed + checkout.logs()
        assert STAGES[stage][1] not in checkout.outputs()
        (checkout.folder / name).unlink()
        if name.startswith("data/raw/"):  # Snakemake sees a folder, not what is missing in it
            checkout.run("showreel", "download", "digits")
        history.engine.run(checkout, stage)
        assert checkout.outputs() == history.reference(stage)


@pytest.mark.faults
def test_a_record_that_is_damaged_is_named_and_made_anew(history: History, tmp_path: Path) -> None:
    checkout = history.stood["degrade"].copied(tmp_path / "checkout")
    flip_silently(checkout.folder / "lineage/prepared/digits.json")
    cut(checkout.folder / "lineage/prepared/digits.json")
    process = history.engine.start(checkout, "degrade")
    process.communicate()
    if process.returncode:
        (checkout.folder / "lineage/prepared/digits.json").unlink()
        checkout.run("showreel", "prepare", "digits")
        history.engine.run(checkout, "degrade")
    assert checkout.outputs() == history.reference("degrade")


@pytest.mark.faults
def test_a_model_of_another_training_is_refused(history: History, tmp_path: Path) -> None:
    checkout = history.stood["evaluate"].copied(tmp_path / "checkout")
    checkout.run("sed", "-i", "s/epochs: 3/epochs: 1/", "params.yaml")
    other = checkout.copied(tmp_path / "other")
    history.engine.run(other, "train")
    (checkout.folder / "models/denoiser.keras").write_bytes((other.folder / "models/denoiser.keras").read_bytes())
    checkout.run("sed", "-i", "s/epochs: 1/epochs: 3/", "params.yaml")
    (checkout.folder / "lineage/train/denoiser.json").unlink()
    assert "is not of the training that made" in checkout.run("showreel", "evaluate", "denoiser", exit_code=1)
