"""`showreel verify --rebuild`: an experiment made again elsewhere, and compared with what is here."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import project
import pytest
from checkouts import Checkout
from engines import PORTFOLIO
from PIL import Image

from showreel.datasets import folder
from showreel.params import loading
from showreel.pipeline import paths
from showreel.storage.errors import ShowreelError
from showreel.verification.rebuild import rebuild

COMMANDS = (
    "download digits", "prepare digits", "degrade digits-noisy",
    "train identity", "train denoiser", "evaluate denoiser", "render denoiser",
)  # fmt: skip
"""What the denoiser of the portfolio needs, whose training begins with the network of another experiment."""
IN_ONE_PROCESS = """
import sys
from showreel.cli import parser
sys.exit(any(parser.main(line.split()) for line in sys.argv[1:]))
"""

FOLDER = """\
seed: 20
datasets: {mine: {source: folder, path: no/longer/there, size: 8}}
inputs: {}
models: {unet: {depth: 1, filters: 2}}
training: {epochs: 1, batch_size: 8, learning_rate: 0.001, precision: float32}
experiments: {mine: {task: restoration, dataset: mine, input: mine, model: unet, weights: random}}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which one experiment has been run without an engine."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("made"))
    (checkout.folder / "params.yaml").write_text(PORTFOLIO)
    for commands in (COMMANDS[:5], COMMANDS[5:]):  # a training chooses its process's threads, so evaluate in another
        checkout.run(sys.executable, "-c", IN_ONE_PROCESS, *commands)
    return checkout


def files(checkout: Checkout) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in checkout.folder.rglob("*") if "__pycache__" not in path.parts}


@pytest.mark.slow
def test_an_experiment_made_again_is_the_same_and_nothing_here_changes(made: Checkout) -> None:
    before = files(made)
    answer = made.run("showreel", "verify", "--rebuild", "denoiser", "--json")
    told = json.loads(answer[answer.index("{") : answer.rindex("}") + 1])
    assert [stage["stage"] for stage in told["stages"]] == [command.replace(" ", "@") for command in COMMANDS]
    assert [one["path"] for stage in told["stages"] for one in stage["differences"]] == []
    assert told["verdict"] == "identical"
    assert told["scratch"] == ""
    assert files(made) == before


@pytest.mark.slow
def test_other_data_are_named_as_the_first_difference_and_the_new_files_stay(made: Checkout) -> None:
    path = made.folder / paths.prepared("digits-noisy")
    content = path.read_bytes()
    project.flip(path)
    try:
        answer = made.run("showreel", "verify", "--rebuild", "denoiser", exit_code=1)
    finally:
        path.write_bytes(content)
    last = answer.splitlines()[-1]
    assert "denoiser: different; the first stage that differs is degrade@digits-noisy" in answer
    assert "train@denoiser" not in answer
    scratch = Path(answer.split("the new files are in ")[1].split()[0])
    assert (scratch / paths.prepared("digits-noisy")).exists(), last
    shutil.rmtree(scratch)


def test_a_snapshot_is_taken_as_it_is_since_its_original_may_have_gone(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(FOLDER.replace("no/longer/there", str(tmp_path / "pictures")))
    for split in ("train", "validation", "test"):
        place = tmp_path / "pictures" / split / "x.png"
        place.parent.mkdir(parents=True)
        Image.fromarray(np.full((8, 8, 3), len(split), np.uint8)).save(place)
    declared = loading.load(tmp_path / "params.yaml")
    (tmp_path / paths.raw("mine")).mkdir(parents=True)
    folder.gather(tmp_path / paths.raw("mine"), **declared.datasets["mine"].options)
    shutil.rmtree(tmp_path / "pictures")
    found = rebuild(tmp_path, declared, "mine")
    assert (found.verdict, found.first) == ("different", "prepare@mine")
    assert found.stages[0].differences[0].breaks == ["is not in the project"]
    assert (Path(found.scratch) / paths.prepared("mine")).exists()
    shutil.rmtree(found.scratch)


def test_without_raw_files_there_is_nothing_to_start_from(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(FOLDER)
    with pytest.raises(ShowreelError, match="run `showreel download mine`"):
        rebuild(tmp_path, loading.load(tmp_path / "params.yaml"), "mine")
