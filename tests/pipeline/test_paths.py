from pathlib import Path
from typing import Any

import pytest
import yaml

from showreel.params import registry
from showreel.pipeline import paths

PATHS = (
    paths.model,
    paths.reel,
    paths.chosen,
    paths.history,
    paths.metrics,
    paths.scores,
    paths.gif,
    paths.poster,
)


def test_paths_are_those_of_the_documentation() -> None:
    assert paths.raw("mnist").as_posix() == "data/raw/mnist"
    assert paths.prepared("mnist-noisy").as_posix() == "data/prepared/mnist-noisy.h5"
    assert paths.model("mnist-denoiser").as_posix() == "models/mnist-denoiser.keras"
    assert paths.gif("mnist-denoiser").as_posix() == "results/mnist-denoiser/reel.gif"


def test_no_two_outputs_of_an_experiment_share_a_path() -> None:
    assert len({path("a") for path in PATHS}) == len(PATHS)


def test_prepared_files_have_their_records_in_one_folder_whichever_stage_made_them() -> None:
    assert paths.record("prepare", "mnist") == Path("lineage/prepared/mnist.json")
    assert paths.record("degrade", "mnist-noisy") == Path("lineage/prepared/mnist-noisy.json")
    assert paths.record("train", "mnist-denoiser") == Path("lineage/train/mnist-denoiser.json")


NAMES = {"source": "mnist", "degradation": "noisy", "model": "unet", "task": "restoration", "kind": "cross"}


@pytest.mark.parametrize("stage", paths.CODE)
def test_code_is_relative_to_the_root_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in paths.code(stage, **NAMES):
        assert path.parts[:2] == ("src", "showreel")
        assert (registry.PACKAGE.parents[1] / path).exists()
        assert path.parts[2] not in paths.PLUMBING


def test_code_names_the_extension_and_what_its_folder_shares_but_no_other_extension() -> None:
    assert [path.as_posix() for path in paths.code("degrade", degradation="noisy")] == [
        "src/showreel/degradations/noisy.py",
        "src/showreel/degradations/parts",
        "src/showreel/stages/degrade.py",
    ]


def test_git_keeps_what_dvc_does_not_cache() -> None:
    stages = yaml.safe_load((registry.PACKAGE.parents[1] / "dvc.yaml").read_text())["stages"].values()
    outputs = [out for stage in stages for out in _outputs(stage.get("do", stage))]
    assert len(outputs) > 15
    for out in outputs:
        path, options = next(iter(out.items())) if isinstance(out, dict) else (out, {})
        in_git = paths.is_in_git(Path(path))
        assert in_git == (options.get("cache") is False), path


def _outputs(stage: dict[str, Any]) -> list[Any]:
    return [*stage["outs"], *stage.get("metrics", [])]
