"""Inputs or code change while a stage runs: it fails, publishes nothing, and the next run makes it good."""

from pathlib import Path

import pytest
from engines import STAGES, Accident, History

from showreel.pipeline import paths

pytestmark = [pytest.mark.slow, pytest.mark.faults]

CHANGES = {
    "an input is appended to": ("degrade", "data/prepared/digits.h5", "printf x >> {}"),
    "an input is replaced by one of the same size": (
        "degrade",
        "data/prepared/digits.h5",
        "tr a b < {0} > new; mv new {0}",
    ),
    "a raw file is removed": ("prepare", "data/raw/digits/labels.npy", "mv {0} gone"),
    "a file is added to the raw folder": ("prepare", "data/raw/digits/labels.npy", "cp {0} data/raw/digits/more.npy"),
    "the training's input is changed": ("train", "data/prepared/digits-noisy.h5", "printf x >> {}"),
    "the model is changed while it is scored": ("evaluate", "models/denoiser.keras", "printf x >> {}"),
    "the metrics are changed while the reel is drawn": ("render", "results/denoiser/metrics.json", "printf ' ' >> {}"),
    "the stage's own code is edited": ("render", "src/showreel/stages/render.py", "echo '# edited' >> {}"),
    "a shared part of its code is edited": (
        "prepare",
        "src/showreel/datasets/parts/packing.py",
        "echo '# edited' >> {}",
    ),
    "the network's code is edited": ("train", "src/showreel/models/parts/blocks.py", "echo '# edited' >> {}"),
}
"""What happens → the stage, a file, and the shell command that changes it."""


def before_the_second_look(stage: str) -> tuple[str, str, int]:
    """Return the event after the work and before inputs and code are compared: the record is opened once more."""
    instance, _ = STAGES[stage]
    record = paths.record(stage, instance)
    return "open", f"{record.parent}/.{record.name}.", 2


QUICK = {"an input is appended to", "a shared part of its code is edited"}


@pytest.mark.parametrize("change", [pytest.param(c, marks=[] if c in QUICK else pytest.mark.faults) for c in CHANGES])
def test_what_changes_meanwhile_fails_the_stage(history: History, tmp_path: Path, change: str) -> None:
    stage, name, command = CHANGES[change]
    checkout = history.stood[stage].copied(tmp_path / "checkout")
    saved = checkout.copied(tmp_path / "saved")
    accident = Accident(stage, *before_the_second_look(stage), command.format(name))
    code, printed = history.engine.run(checkout, stage, accident)
    said = printed + checkout.logs()
    assert code != 0
    assert f"changed while `showreel {stage}" in said
    new = checkout.outputs().keys() - saved.outputs().keys()
    assert new <= {"data/raw/digits/more.npy"}, "an output was published"
    for path in (saved.folder / name, *(saved.folder / "data/raw").rglob("*.npy")):
        (checkout.folder / path.relative_to(saved.folder)).write_bytes(path.read_bytes())
    (checkout.folder / "data/raw/digits/more.npy").unlink(missing_ok=True)
    history.engine.run(checkout, stage)
    assert checkout.outputs() == history.reference(stage)


@pytest.mark.parametrize("name", ["stages/render.py", "storage/prepared.py"], ids=["another stage", "plumbing"])
def test_an_edit_of_code_that_decides_nothing_here_is_no_fault(history: History, tmp_path: Path, name: str) -> None:
    checkout = history.stood["prepare"].copied(tmp_path / "checkout")
    edit = f"echo '# edited' >> src/showreel/{name}"
    history.engine.run(checkout, "prepare", Accident("prepare", *before_the_second_look("prepare"), edit))
    assert checkout.outputs() == history.reference("prepare")
