"""Each state of an experiment, and why: told without reading data."""

from collections.abc import Callable
from pathlib import Path

import project
import pytest

from showreel.params import schema
from showreel.reporting import state
from showreel.reporting.state import Condition

GOOD = {"denoiser": "up to date", "identity": "up to date"}
Edit = Callable[[Path], object]


def conditions(root: Path, *experiments: str) -> dict[str, Condition]:
    declared = schema.load(root / "params.yaml")
    return state.conditions(root, declared, experiments or declared.experiments, source=root / "src")


def told(root: Path) -> dict[str, str]:
    return {name: condition.text for name, condition in conditions(root).items()}


def replaced(old: str, new: str) -> Edit:
    def edit(root: Path) -> None:
        assert old in project.PARAMS
        (root / "params.yaml").write_text(project.PARAMS.replace(old, new))

    return edit


def removed(path: str) -> Edit:
    return lambda root: (root / path).unlink()


def test_all_is_up_to_date_after_everything_ran(tmp_path: Path) -> None:
    project.make(tmp_path)
    assert told(tmp_path) == GOOD
    assert conditions(tmp_path, "identity").keys() == {"identity"}


def test_nothing_has_run_in_a_fresh_project(tmp_path: Path) -> None:
    project.make(tmp_path)
    for folder in ("data", "models", "results", "lineage"):
        (tmp_path / folder).rename(tmp_path / f"{folder}.away")
    assert told(tmp_path) == dict.fromkeys(GOOD, "never run")


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (replaced("sigma: 0.5", "sigma: 0.3"), {"denoiser": "stale: degradations.noisy.sigma 0.5 → 0.3"}),
        (replaced("depth: 1", "depth: 2"), dict.fromkeys(GOOD, "stale: models.unet.depth 1 → 2")),
        (
            replaced("clean, model: unet", "clean, model: unet, training: {epochs: 9}"),
            {"identity": 'stale: experiments.identity.training none → {"epochs": 9}'},
        ),
        (
            replaced("32}\n", "32, deterministic: true}\n"),
            dict.fromkeys(GOOD, "stale: training.deterministic none → true"),
        ),
        (replaced("  noisy: {sigma: 0.5}\n", "  noisy: {sigma: 0.5} # unchanged\n"), {}),
        (
            lambda root: (root / project.CODE).write_text("# edited\n"),
            dict.fromkeys(GOOD, "stale: stages/every.py changed"),
        ),
        (removed(project.CODE), dict.fromkeys(GOOD, "stale: stages/every.py is gone")),
        (
            removed("models/denoiser.keras"),
            {"denoiser": "incomplete: models/denoiser.keras not here: dvc pull --allow-missing"},
        ),
        (
            removed("results/denoiser/metrics.json"),
            {"denoiser": "incomplete: results/denoiser/metrics.json not here: git restore"},
        ),
        (removed("lineage/render/denoiser.json"), {"denoiser": "unknown: no record"}),
        (removed("lineage/download/digits.json"), dict.fromkeys(GOOD, "unknown: no record")),
        (
            lambda root: (root / "lineage/train/denoiser.json").write_text("{"),
            {"denoiser": "unknown: lineage/train/denoiser.json is damaged"},
        ),
    ],
)  # fmt: skip
def test_a_change_is_named_for_the_experiments_that_it_concerns(
    tmp_path: Path, edit: Edit, expected: dict[str, str]
) -> None:
    project.make(tmp_path)
    edit(tmp_path)
    assert told(tmp_path) == GOOD | expected


@pytest.mark.parametrize("path", ["data/prepared/digits/clean.h5", "models/denoiser.reel.h5", "data/raw/digits"])
def test_an_input_that_was_made_again_makes_its_reader_stale(tmp_path: Path, path: str) -> None:
    stages = project.make(tmp_path)
    (maker,) = (stage for stage in stages.values() if Path(path) in stage.outputs)
    file = project.files(tmp_path, Path(path))[0]
    project.flip(tmp_path / file)
    project.write_record(tmp_path, maker)
    assert told(tmp_path)["denoiser"] == f"stale: {file} made again"


def test_a_file_that_is_new_in_a_folder_of_inputs_makes_its_reader_stale(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    (tmp_path / "data/raw/digits/new.npy").touch()
    project.write_record(tmp_path, stages["download@digits"])
    assert told(tmp_path) == dict.fromkeys(GOOD, "stale: data/raw/digits/new.npy made again")


def test_a_run_that_stopped_half_way_is_incomplete(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    for name in ("evaluate@denoiser", "render@denoiser"):
        for path in (*stages[name].outputs, Path("lineage", name.replace("@", "/")).with_suffix(".json")):
            (tmp_path / path).unlink()
    assert told(tmp_path) == GOOD | {"denoiser": "incomplete: evaluate denoiser has not run"}


def test_without_dvc_nothing_is_to_be_pulled(tmp_path: Path) -> None:
    project.make(tmp_path, lock=False)
    for path in ("results/denoiser/reel.gif", "results/denoiser/poster.png"):
        (tmp_path / path).unlink()
    assert told(tmp_path)["denoiser"] == "incomplete: results/denoiser/reel.gif and 1 more not here"


def test_what_needs_a_rerun_comes_before_what_can_be_fetched_and_all_reasons_are_there(tmp_path: Path) -> None:
    project.make(tmp_path)
    replaced("sigma: 0.5", "sigma: 0.3")(tmp_path)
    (tmp_path / "models/denoiser.keras").unlink()
    (tmp_path / "data/prepared/digits/clean.h5").unlink()
    condition = conditions(tmp_path)["denoiser"]
    assert condition.state == "stale"
    assert [tuple(reason) for reason in condition.reasons] == [
        ("degrade@digits-noisy", "stale", "degradations.noisy.sigma 0.5 → 0.3"),
        ("prepare@digits", "incomplete", "data/prepared/digits/clean.h5 not here: dvc pull --allow-missing"),
        ("train@denoiser", "incomplete", "models/denoiser.keras not here: dvc pull --allow-missing"),
    ]


def test_an_edit_of_an_output_by_hand_is_left_to_verify(tmp_path: Path) -> None:
    project.make(tmp_path)
    project.flip(tmp_path / "models/denoiser.keras")
    assert told(tmp_path) == GOOD
    assert project.told(tmp_path) == {("damaged", "models/denoiser.keras", "train@denoiser")}
