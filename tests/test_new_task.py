"""A task, a data set with a field of its own and an experiment, added to a scratch checkout: no other file is touched.

The task is what `showreel new task` writes, but for its target: which pixels belong to a shape, by the data set's mask.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from checkouts import ROOT, Checkout
from engines import INJECTED, Accident

from showreel.params import registry

pytestmark = pytest.mark.slow

NAME = "shapes-brightness"
PARAMS = """\
seed: 20
datasets: {}
inputs: {}
models:
  unet: {depth: 1, filters: 2}
training: {epochs: 2, batch_size: 64, learning_rate: 0.01, precision: float32}
experiments: {}
crosses: {}
"""
LINES = {
    "datasets": "  shapes: {source: shapes}",
    "inputs": "  shapes-noisy: {dataset: shapes, degradation: noisy, sigma: 0.1}",
    "experiments": (
        f"  {NAME}: {{task: brightness, dataset: shapes, input: shapes-noisy, model: unet, weights: random}}"
    ),
}
IS_SHAPE = 'np.isin(np.asarray(targets["mask"])[..., np.newaxis], (1, 2))'
BRIGHT = 'np.asarray(targets["image"]).mean(axis=-1, keepdims=True) > 127.5'
EDITS = {
    "learning.py": {
        'TARGETS: tuple[str, ...] = ("image",)': 'TARGETS: tuple[str, ...] = ("mask",)',
        'targets["image"].shape[:2]': 'targets["mask"].shape[:2]',
        'brightness = tf.reduce_mean(tf.cast(targets["image"], tf.float32), axis=-1, keepdims=True)':
            'mask = targets["mask"][..., tf.newaxis]',
        "tf.cast(brightness > 127.5, tf.float32)": "tf.cast((mask > 0) & (mask < 255), tf.float32)",
        f"np.asarray({BRIGHT})": IS_SHAPE,
    },
    "baselines.py": {'targets["image"]': 'targets["mask"]'},
    "drawing.py": {BRIGHT: IS_SHAPE},
}  # fmt: skip
"""File of the task → text → what takes its place."""
KILLED = Accident("train", "tempfile.mkstemp", f".{NAME}.npz.", 2)


def write(folder: Path) -> None:
    """Add the task, the data set and the experiment; train until the training is killed, then make the rest."""
    (folder / "project").mkdir()
    checkout = Checkout.fresh(folder / "project", PARAMS)
    checkout.commit()
    checkout.run("showreel", "new", "task", "brightness")
    package = checkout.folder / "src/showreel"
    for name, replaced in EDITS.items():
        path = package / "tasks/brightness" / name
        for old, new in replaced.items():
            assert old in path.read_text(), f"{name}: {old}"
            path.write_text(path.read_text().replace(old, new))
    shutil.copy(ROOT / "tests/datasets/samples/shapes.py", package / "datasets/shapes.py")
    params = PARAMS
    for section, line in LINES.items():
        params = params.replace(f"{section}: {{}}\n", f"{section}:\n{line}\n")
    (checkout.folder / "params.yaml").write_text(params)
    (folder / "status").write_text(checkout.run("git", "status", "--porcelain", "--untracked-files=all"))
    fault = {"SHOWREEL_FAULT": json.dumps(vars(KILLED)), "PYTHONPATH": f"{checkout.folder / 'src'}:{INJECTED}"}
    killed = Checkout(checkout.folder, **fault)
    killed.run("dvc", "repro", f"render@{NAME}", exit_code=255)
    (folder / "killed").write_text("\n".join(checkout.outputs()))
    (folder / "printed").write_text(checkout.run("dvc", "repro", f"render@{NAME}"))
    checkout.run("dvc", "repro", "--single-item", "gallery")


@pytest.fixture(scope="module")
def made(once: Callable[[str, Callable[[Path], object]], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `write` leaves."""
    folder = tmp_path_factory.mktemp("new-task") / "copy"
    shutil.copytree(once("new-task", write), folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def checkout(made: Path) -> Checkout:
    return Checkout(made / "project")


def test_no_file_is_touched_but_params_yaml_and_the_new_ones(made: Path) -> None:
    changed = {tuple(line.split(maxsplit=1)) for line in (made / "status").read_text().splitlines()}
    assert {name for state, name in changed if state != "??"} == {"params.yaml"}
    new = {Path(name) for state, name in changed if state == "??"}
    assert {str(path.parent) for path in new} == {"src/showreel/tasks/brightness", "src/showreel/datasets"}
    assert {path.stem for path in new} == {"__init__", "shapes", *registry.TASK_MODULES}


def test_a_killed_training_leaves_nothing_half_and_goes_on(made: Path, checkout: Checkout) -> None:
    assert not [name for name in (made / "killed").read_text().splitlines() if NAME in name]
    assert f"{NAME}: goes on after epoch 1" in (made / "printed").read_text()
    history = pd.read_csv(checkout.folder / f"results/{NAME}/history.csv")
    assert history["epoch"].tolist() == [1, 2]
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


def test_it_is_scored_beside_a_rule_and_a_learner(checkout: Checkout) -> None:
    results = checkout.folder / "results" / NAME
    baselines = pd.read_csv(results / "baselines.csv", index_col="baseline")
    assert baselines["kind"].to_dict() == {"threshold": "untrained", "most_often": "trained"}
    metrics = json.loads((results / "metrics.json").read_text())
    assert metrics["count"] == 30
    assert metrics["baseline_right_pixels"] == baselines["right_pixels"].max()
    assert metrics["gain"] == pytest.approx(metrics["right_pixels"] - metrics["baseline_right_pixels"], abs=1e-5)
    assert "psnr" not in " ".join(metrics)


def test_its_reel_is_drawn(checkout: Checkout) -> None:
    results = checkout.folder / "results" / NAME
    assert (results / "reel.gif").read_bytes().startswith(b"GIF89a")
    places = json.loads((results / "sheet.json").read_text())
    assert places["task"] == "brightness"


def test_it_stands_in_list_show_and_gallery(checkout: Checkout) -> None:
    (entry,) = json.loads(checkout.run("showreel", "list", "--json"))
    assert (entry["experiment"], entry["state"]) == (NAME, "up to date")
    assert "right pixels" in checkout.run("showreel", "list")
    shown = json.loads(checkout.run("showreel", "show", NAME, "--json"))
    assert "right_pixels" in json.dumps(shown)
    assert "right pixels" in checkout.run("showreel", "show", NAME)
    page = (checkout.folder / "gallery/experiments" / NAME / "index.html").read_text()
    assert "learns brightness" in page
    assert "right pixels" in page
    assert "all right" in checkout.run("showreel", "verify")


def test_it_is_compared_with_itself_as_it_was_committed(checkout: Checkout, tmp_path: Path) -> None:
    copy = checkout.copied(tmp_path / "here")
    copy.commit()
    told = json.loads(copy.run("showreel", "compare", f"{NAME}@HEAD", NAME, "--json"))
    assert told["compared"][NAME]["right_pixels"]["difference"] == 0


def test_snakemake_takes_it_over_makes_its_reel_again_and_reports_it(checkout: Checkout, tmp_path: Path) -> None:
    copy = checkout.copied(tmp_path / "here")
    assert "Snakemake has taken over" in copy.run("showreel", "sync")
    assert "Nothing to be done" in copy.run("snakemake", "--dry-run", "--cores", "1", NAME)
    reel = copy.folder / f"results/{NAME}/reel.gif"
    before = reel.read_bytes()
    reel.unlink()
    copy.run("snakemake", "--cores", "1", f"results/{NAME}/reel.gif")
    assert reel.read_bytes() == before
    copy.run("snakemake", "--report", "report.html", NAME)
    assert NAME in (copy.folder / "report.html").read_text()
