import json
from pathlib import Path

import pytest
from checkouts import ROOT

from showreel.params import loading
from showreel.pipeline import paths
from showreel.reporting.sources import source

NAME = "photos-denoiser"


def test_an_experiment_is_what_it_was_when_it_was_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = loading.load(ROOT / paths.PARAMS)
    monkeypatch.chdir(tmp_path)
    assert source(NAME, declared)[1:6] == ("restoration", "photos", "photos-noisy", "noisy", "unet")
    record = paths.record("train", NAME)
    record.parent.mkdir(parents=True)
    then = {"task": "restoration", "dataset": "photos", "input": "photos-downscaled", "model": "upscaler"}
    record.write_text(json.dumps({"params": {f"experiments.{NAME}": then}}))
    assert source(NAME, declared)[1:6] == ("restoration", "photos", "photos-downscaled", "downscaled", "upscaler")
    record.write_text(json.dumps({"params": {f"experiments.{NAME}": then | {"input": "photos"}}}))
    assert source(NAME, declared)[1:6] == ("restoration", "photos", "photos", "", "upscaler")


@pytest.mark.parametrize("content", ["", "[1]", '{"params": 1}', '{"params": {"experiments.photos-denoiser": {}}}'])
def test_a_record_that_does_not_tell_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    declared = loading.load(ROOT / paths.PARAMS)
    monkeypatch.chdir(tmp_path)
    record = paths.record("train", NAME)
    record.parent.mkdir(parents=True)
    record.write_text(content)
    assert source(NAME, declared)[1:6] == ("restoration", "photos", "photos-noisy", "noisy", "unet")
