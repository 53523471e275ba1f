"""Each state of an experiment, and why, without reading data."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import project
import pytest

from showreel.params import loading
from showreel.reporting import state
from showreel.reporting.state import Condition

GOOD = {"denoiser": "up to date", "identity": "up to date"}
PUBLISHED = "published 20c3b0b12345"
Edit = Callable[[Path], object]


def conditions(root: Path, *experiments: str) -> dict[str, Condition]:
    declared = loading.load(root / "params.yaml")
    with project.own_code(root):
        return state.conditions(root, declared, experiments or declared.experiments)


def texts(root: Path) -> dict[str, str]:
    return {name: condition.text for name, condition in conditions(root).items()}


def replaced(old: str, new: str) -> Edit:
    def edit(root: Path) -> None:
        assert old in project.PARAMS
        (root / "params.yaml").write_text(project.PARAMS.replace(old, new))

    return edit


def removed(path: str) -> Edit:
    return lambda root: (root / path).unlink()


def written(path: str, text: str) -> Edit:
    def edit(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)

    return edit


def raised(kind: str) -> Edit:
    def edit(root: Path) -> None:
        path = root / "src/showreel/revisions.yaml"
        path.write_text(path.read_text().replace(f"{kind}: 1", f"{kind}: 2"))

    return edit


def test_all_is_up_to_date_after_everything_ran(tmp_path: Path) -> None:
    project.make(tmp_path)
    assert texts(tmp_path) == GOOD
    assert conditions(tmp_path, "identity").keys() == {"identity"}


def test_nothing_has_run_in_a_fresh_project(tmp_path: Path) -> None:
    project.make(tmp_path)
    for folder in ("data", "models", "results", "lineage"):
        (tmp_path / folder).rename(tmp_path / f"{folder}.away")
    assert texts(tmp_path) == dict.fromkeys(GOOD, "never run")


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (replaced("sigma: 0.5", "sigma: 0.3"), {"denoiser": "stale: inputs.digits-noisy.sigma 0.5 → 0.3"}),
        (replaced("depth: 1", "depth: 2"), dict.fromkeys(GOOD, "stale: models.unet.depth 1 → 2")),
        (
            replaced("digits, model: unet,", "digits, model: unet, training: {epochs: 9},"),
            {"identity": 'stale: experiments.identity.training none → {"epochs": 9}'},
        ),
        (
            replaced("32}\n", "32, deterministic: true}\n"),
            dict.fromkeys(GOOD, "stale: training.deterministic none → true"),
        ),
        (replaced("sigma: 0.5}\n", "sigma: 0.5} # unchanged\n"), {}),
        (written(project.CODE, "# edited\n"), dict.fromkeys(GOOD, PUBLISHED)),
        (removed("src/showreel/stages/train.py"), dict.fromkeys(GOOD, PUBLISHED)),
        (written("src/showreel/degradations/noisy.py", "# edited\n"), {"denoiser": PUBLISHED}),
        (written("src/showreel/cli/parser.py", "# plumbing\n"), {}),
        (raised("train"), dict.fromkeys(GOOD, "stale: revision of train 1 → 2")),
        (raised("cross"), {}),
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
        (written("lineage/train/denoiser.json", "{"), {"denoiser": "unknown: lineage/train/denoiser.json is damaged"}),
    ],
)  # fmt: skip
def test_a_change_is_named_for_the_experiments_that_it_concerns(
    tmp_path: Path, edit: Edit, expected: dict[str, str]
) -> None:
    project.make(tmp_path)
    edit(tmp_path)
    assert texts(tmp_path) == GOOD | expected


@pytest.mark.parametrize("path", ["data/prepared/digits.h5", "models/denoiser.reel.h5", "data/raw/digits"])
def test_an_input_that_was_made_again_makes_its_reader_stale(tmp_path: Path, path: str) -> None:
    stages = project.make(tmp_path)
    (maker,) = (stage for stage in stages.values() if Path(path) in stage.outputs)
    file = project.files(tmp_path, Path(path))[0]
    project.flip(tmp_path / file)
    project.write_record(tmp_path, maker)
    assert texts(tmp_path)["denoiser"] == f"stale: {file} made again"


def test_a_file_that_is_new_in_a_folder_of_inputs_makes_its_reader_stale(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    (tmp_path / "data/raw/digits/new.npy").touch()
    project.write_record(tmp_path, stages["download@digits"])
    assert texts(tmp_path) == dict.fromkeys(GOOD, "stale: data/raw/digits/new.npy made again")


def test_a_record_that_was_written_again_makes_its_reader_stale(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    project.write_record(tmp_path, stages["degrade@digits-noisy"], versions={"numpy": "3"})
    assert texts(tmp_path) == GOOD | {"denoiser": "stale: lineage/prepared/digits-noisy.json made again"}


def test_a_published_result_names_its_commit_and_each_folder_that_changed(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    project.write_record(tmp_path, stages["render@identity"], commit="4" * 40)
    for path in (project.CODE, "src/showreel/stages/train.py"):
        written(path, "# edited\n")(tmp_path)
    condition = conditions(tmp_path)["identity"]
    assert (condition.state, condition.text) == ("published", PUBLISHED)
    assert [tuple(reason) for reason in condition.reasons] == [
        ("train@identity", "published", "stages/train.py changed"),
        ("train@identity", "published", "training changed"),
        ("evaluate@identity", "published", "training changed"),
    ]
    written("src/showreel/stages/render.py", "# edited\n")(tmp_path)
    assert texts(tmp_path)["identity"] == PUBLISHED
    project.write_record(tmp_path, stages["train@identity"])
    project.write_record(tmp_path, stages["evaluate@identity"])
    assert texts(tmp_path)["identity"] == f"published {'4' * 12}"


@pytest.mark.parametrize("commit", ["", f"{project.COMMIT}+"])
def test_results_of_code_that_no_commit_has_are_stale(tmp_path: Path, commit: str) -> None:
    stages = project.make(tmp_path)
    project.write_record(tmp_path, stages["render@identity"], commit=commit)
    removed("src/showreel/stages/render.py")(tmp_path)
    assert texts(tmp_path) == {"denoiser": PUBLISHED, "identity": "stale: stages/render.py is gone"}


def test_code_that_changed_along_with_a_value_is_a_reason_to_be_stale(tmp_path: Path) -> None:
    project.make(tmp_path)
    written("src/showreel/stages/degrade.py", "# edited\n")(tmp_path)
    replaced("sigma: 0.5", "sigma: 0.3")(tmp_path)
    assert [tuple(reason) for reason in conditions(tmp_path)["denoiser"].reasons] == [
        ("degrade@digits-noisy", "stale", "inputs.digits-noisy.sigma 0.5 → 0.3"),
        ("degrade@digits-noisy", "stale", "stages/degrade.py changed"),
    ]


def test_a_run_that_stopped_half_way_is_incomplete(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    for name in ("evaluate@denoiser", "render@denoiser"):
        for path in (*stages[name].outputs, Path("lineage", name.replace("@", "/")).with_suffix(".json")):
            (tmp_path / path).unlink()
    assert texts(tmp_path) == GOOD | {"denoiser": "incomplete: evaluate denoiser has not run"}


def test_without_dvc_nothing_is_to_be_pulled(tmp_path: Path) -> None:
    project.make(tmp_path, lock=False)
    for path in ("results/denoiser/reel.gif", "results/denoiser/poster.png"):
        (tmp_path / path).unlink()
    assert texts(tmp_path)["denoiser"] == "incomplete: results/denoiser/reel.gif and 1 more not here"


def test_what_needs_a_rerun_comes_before_what_can_be_fetched_and_all_reasons_are_there(tmp_path: Path) -> None:
    project.make(tmp_path)
    replaced("sigma: 0.5", "sigma: 0.3")(tmp_path)
    (tmp_path / "models/denoiser.keras").unlink()
    (tmp_path / "data/prepared/digits.h5").unlink()
    condition = conditions(tmp_path)["denoiser"]
    assert condition.state == "stale"
    assert [tuple(reason) for reason in condition.reasons] == [
        ("degrade@digits-noisy", "stale", "inputs.digits-noisy.sigma 0.5 → 0.3"),
        ("prepare@digits", "incomplete", "data/prepared/digits.h5 not here: dvc pull --allow-missing"),
        ("train@denoiser", "incomplete", "models/denoiser.keras not here: dvc pull --allow-missing"),
    ]


def test_an_edit_of_an_output_by_hand_is_left_to_verify(tmp_path: Path) -> None:
    project.make(tmp_path)
    project.flip(tmp_path / "models/denoiser.keras")
    assert texts(tmp_path) == GOOD
    assert project.findings(tmp_path) == {("damaged", "models/denoiser.keras", "train@denoiser")}


def test_a_state_needs_neither_numpy_nor_a_reader_of_data() -> None:
    code = "import sys, showreel.reporting.state; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras", "numpy", "h5py", "dvc", "snakemake"}.intersection(loaded)
