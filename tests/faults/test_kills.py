"""A worker, or its engine, ends at the worst moment: nothing partial is there, and the next run makes it good."""

from pathlib import Path

import pytest
from engines import ENGINES, Accident, History

FAULTS = pytest.mark.faults

MOMENTS = {
    "download": [
        ("before it works", "import", "showreel.stages.download", 1),
        ("before a file moves in", "os.rename", "images.npy", 1),
        ("between two files", "os.rename", ".npy", 2),
        ("before the record", "os.rename", "lineage/download/digits.json", 1),
    ],
    "prepare": [
        ("before it works", "import", "showreel.stages.prepare", 1),
        ("before it writes", "tempfile.mkstemp", ".digits.h5.", 1),
        ("before the output appears", "os.rename", "prepared/digits.h5", 1),
        ("before the record", "os.rename", "lineage/prepared/digits.json", 1),
    ],
    "degrade": [
        ("before it works", "import", "showreel.stages.degrade", 1),
        ("before it writes", "tempfile.mkstemp", ".digits-noisy.h5.", 1),
        ("before the output appears", "os.rename", "prepared/digits-noisy.h5", 1),
        ("before the record", "os.rename", "lineage/prepared/digits-noisy.json", 1),
    ],
    "train": [
        ("before it works", "import", "showreel.stages.train", 1),
        ("in its second epoch", "tempfile.mkstemp", ".denoiser.npz.", 2),
        ("before the second checkpoint appears", "os.rename", "denoiser.npz", 2),
        ("before the model appears", "os.rename", "models/denoiser.keras", 1),
        ("between model and reel", "os.rename", "models/denoiser.reel.h5", 1),
        ("before the record", "os.rename", "lineage/train/denoiser.json", 1),
        ("before the checkpoint goes", "os.remove", "denoiser.npz", 1),
    ],
    "evaluate": [
        ("before it works", "import", "showreel.stages.evaluate", 1),
        ("before it writes", "tempfile.mkstemp", ".denoiser.chosen.h5.", 1),
        ("between scores and metrics", "os.rename", "metrics.json", 1),
    ],
    "render": [
        ("before it works", "import", "showreel.stages.render", 1),
        ("before it writes", "tempfile.mkstemp", ".poster.png.", 1),
        ("between poster and GIF", "os.rename", "reel.gif", 1),
    ],
}
"""Stage → the moments at which its process is killed: what it is, and the audit event just before which it strikes."""

QUICK = {
    ("download", "between two files"): "dvc",
    ("prepare", "before the output appears"): "snakemake",
    ("degrade", "before the record"): "dvc",
    ("train", "in its second epoch"): "snakemake",
    ("render", "between poster and GIF"): "dvc",
}
"""Stage and moment → the engine with which it is tried at every change: each engine meets each kind of moment.

With DVC, a training is killed in tests/test_new_task.py.
"""


CASES = [
    pytest.param(
        engine,
        stage,
        *moment[1:],
        id=f"{engine}-{stage}-{moment[0]}",
        marks=() if QUICK.get((stage, moment[0])) == engine else FAULTS,
    )
    for stage, moments in MOMENTS.items()
    for moment in moments
    for engine in ENGINES
]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("history", "stage", "event", "text", "number"), CASES, indirect=["history"])
def test_a_worker_killed_at_any_moment_costs_nothing_but_time(
    history: History, tmp_path: Path, stage: str, event: str, text: str, number: int
) -> None:
    checkout = history.stood[stage].copied(tmp_path / "checkout")
    code, printed = history.engine.run(checkout, stage, Accident(stage, event, text, number))
    assert code != 0, printed
    assert checkout.outputs().items() <= history.reference().items(), "something under a final name is not whole"
    history.engine.run(checkout, stage)
    assert checkout.outputs() == history.reference(stage)
    assert leftovers(checkout.folder) == []


def leftovers(folder: Path) -> list[str]:
    """List hidden files among the outputs, and checkpoints."""
    found = [path for name in ("data", "models", "results", "lineage") for path in (folder / name).rglob(".*")]
    found += (folder / ".showreel/checkpoints").glob("*")
    return [str(path) for path in found if path.name != ".snakemake_timestamp"]
