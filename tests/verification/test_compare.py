"""How far two files are apart, and when that is near enough."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import project
import pytest
from PIL import Image

from showreel.pipeline import paths
from showreel.pipeline.graph import Stage
from showreel.scoring.score import Score
from showreel.storage import reel
from showreel.storage.fields import Field, to_json
from showreel.verification import report
from showreel.verification.compare import Difference, difference
from showreel.verification.rebuild import Rebuild, Rebuilt, Verdict, verdict

STAGES = [
    Stage("prepare digits", (), (), Path("prepare"), ()),
    Stage("train a", (), (), Path("train"), (), experiment="a"),
]


def reel_of(path: Path, value: int) -> None:
    reel.write(path, reel.Reel(**vars(project.REEL) | {"outputs": np.full((2, 3, 8, 8, 1), value, np.uint8)}))


def picture(path: Path, value: int) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:2] = value
    Image.fromarray(pixels).save(path)


WRITERS: dict[str, tuple[Callable[[Path, int], None], dict[str, float]]] = {
    "digits.h5": (project.write_prepared, {f"{split}/image": 3.0 for split in ("test", "train", "validation")}),
    "a.reel.h5": (reel_of, {"outputs": 3.0}),
    "network.keras": (project.write_keras, {"layers/convolution/vars/0": 3.0}),
    "metrics.json": (lambda path, value: project_text(path, f'{{"psnr": {value}, "count": 3}}'), {"psnr": 3.0}),
    "scores.csv": (lambda path, value: project_text(path, f"image,psnr\n0,{value}\n1,7\n"), {"psnr": 3.0}),
    "poster.png": (picture, {"share of pixels": 0.25}),
}


def project_text(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.mark.parametrize("name", WRITERS)
def test_files_of_each_kind_differ_by_their_largest_number(tmp_path: Path, name: str) -> None:
    (tmp_path / "new").mkdir()
    write, figures = WRITERS[name]
    write(tmp_path / name, 5)
    write(tmp_path / "new" / name, 5)
    assert difference(name, tmp_path / name, tmp_path / "new" / name) is None
    write(tmp_path / "new" / name, 8)
    assert difference(name, tmp_path / name, tmp_path / "new" / name) == Difference(name, figures, [])


def test_other_words_on_the_origin_are_told_from_numbers_that_mean_something_else(tmp_path: Path) -> None:
    ours, rebuilt = tmp_path / "a.reel.h5", tmp_path / "b.reel.h5"
    reel.write(ours, project.REEL)
    values = vars(project.REEL) | {"origin": "elsewhere"}
    reel.write(rebuilt, reel.Reel(**values))
    assert difference("a", ours, rebuilt) == Difference("a", {"attribute origin": 0.0}, [])
    fields = json.dumps({"image": to_json(Field("image", ("dark", "light")))})
    reel.write(rebuilt, reel.Reel(**values | {"fields": fields}))
    assert difference("a", ours, rebuilt) == Difference("a", {"attribute origin": 0.0}, ["attribute fields"])


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    ours, rebuilt = tmp_path / "a.csv", tmp_path / "b.csv"
    assert difference("a.csv", ours, rebuilt) == Difference("a.csv", {}, ["was not made again"])
    rebuilt.write_text("x\n1\n")
    assert difference("a.csv", ours, rebuilt) == Difference("a.csv", {}, ["is not in the project"])
    ours.write_text("x\n1\n2\n")
    assert difference("a.csv", ours, rebuilt) == Difference("a.csv", {}, ["its rows or columns"])
    ours.write_text("x\na\n")
    assert difference("a.csv", ours, rebuilt) == Difference("a.csv", {}, ["the text in x"])
    ours.write_text("x\n1.0\n")
    assert difference("a.csv", ours, rebuilt) == Difference("a.csv", {"the bytes alone": 0.0}, [])
    (tmp_path / "c.keras").write_bytes(b"no archive")
    project.write_keras(tmp_path / "d.keras", 1)
    found = difference("c.keras", tmp_path / "c.keras", tmp_path / "d.keras")
    assert found
    assert found.breaks[0].startswith("cannot be compared: ")


METRICS = str(paths.metrics("a"))
SCORES = {
    paths.metrics("a"): {
        "psnr": Score("PSNR", tolerance=0.1),
        "ssim": Score("SSIM", tolerance=0.005),
        "mse": Score("MSE", better="lower", tolerance=math.inf),
    }
}
VERDICTS: list[tuple[Verdict, str, list[Difference]]] = [
    ("identical", "train@a", []),
    ("different", "prepare@digits", [Difference("data/prepared/digits.h5", {"train/image": 1.0}, [])]),
    ("within tolerance", "train@a", [Difference("models/a.keras", {"layers": 0.3}, [])]),
    ("within tolerance", "train@a", [Difference(METRICS, {"psnr": 0.1, "baseline_ssim_low": 0.005, "mse": 9.0}, [])]),
    ("within tolerance", "train@a", [Difference(METRICS, {"gain": 0.1, "input_psnr_high": 0.1}, [])]),
    ("different", "train@a", [Difference(METRICS, {"psnr": 0.11}, [])]),
    ("different", "train@a", [Difference(METRICS, {"baseline_psnr_low": 0.11}, [])]),
    ("different", "train@a", [Difference(METRICS, {"gain": 0.11}, [])]),
    ("different", "train@a", [Difference(METRICS, {"ssim": 0.006}, [])]),
    ("different", "train@a", [Difference(METRICS, {"count": 1.0}, [])]),
    ("different", "train@a", [Difference(METRICS, {"parameters": 1.0}, [])]),
    ("different", "train@a", [Difference(METRICS, {"what no score is called": 0.01}, [])]),
    ("different", "train@a", [Difference("models/a.keras", {}, ["the shape of layers"])]),
]


@pytest.mark.parametrize(("expected", "stage", "differences"), VERDICTS)
def test_data_must_be_identical_and_scores_near(expected: Verdict, stage: str, differences: list[Difference]) -> None:
    rebuilt = [Rebuilt(stage, differences)]
    assert verdict(STAGES, rebuilt, SCORES) == expected
    answer = report.of_rebuild(Rebuild("a", expected, rebuilt, ""))
    assert answer.right == (expected != "different")
    assert answer.text.splitlines()[-1].startswith(f"a: {expected}")
    assert (f"the first stage that differs is {stage}" in answer.text) == bool(differences)
