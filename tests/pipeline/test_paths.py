from pathlib import Path
from typing import Any

import pytest
import yaml

from showreel.params import registry
from showreel.pipeline import paths

PATHS = (
    paths.model,
    paths.reel,
    paths.examples,
    paths.history,
    paths.metrics,
    paths.scores,
    paths.gif,
    paths.poster,
)


def test_paths_are_those_of_the_documentation() -> None:
    assert paths.raw("mnist").as_posix() == "data/raw/mnist"
    assert paths.prepared("mnist", "noisy").as_posix() == "data/prepared/mnist/noisy.h5"
    assert paths.model("mnist-denoiser").as_posix() == "models/mnist-denoiser.keras"
    assert paths.gif("mnist-denoiser").as_posix() == "results/mnist-denoiser/reel.gif"


def test_no_two_outputs_of_an_experiment_share_a_path() -> None:
    assert len({path("a") for path in PATHS}) == len(PATHS)


def test_code_is_relative_to_the_root_wherever_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in paths.code("train", models="unet"):
        assert path.parts[:2] == ("src", "showreel")
        assert (registry.PACKAGE.parents[1] / path).is_file()


def test_code_holds_the_extension_and_what_its_folder_shares_but_no_other_extension() -> None:
    names = [path.as_posix().removeprefix("src/showreel/") for path in paths.code("degrade", degradations="noisy")]
    assert {"stages/degrade.py", "degradations/noisy.py", "degradations/noise.py", "degradations/baseline.py"} <= {
        *names
    }
    assert {"degradations/downscaled.py", "degradations/clean.py", "degradations/__init__.py"}.isdisjoint(names)
    assert names == sorted(set(names))


def test_a_stage_without_extensions_has_its_own_code_alone() -> None:
    assert not {path.parent.name for path in paths.code("render")} & {"models", "datasets", "degradations"}


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
