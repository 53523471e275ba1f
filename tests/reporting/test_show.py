"""`showreel show` as people and scripts see it."""

import json
from pathlib import Path

import project
import pytest

from showreel.cli import parser

METRICS = {
    "psnr": 20.0, "psnr_low": 19.5, "psnr_high": 20.5, "ssim": 0.8, "mse": 0.01, "count": 1234, "parameters": 56789,
    "input_psnr": 9.0, "baseline_psnr": 18.0, "gain": 2.0,
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which everything has run, as the current folder."""
    stages = project.make(tmp_path)
    (tmp_path / "results/denoiser/metrics.json").write_text(json.dumps(METRICS))
    facts = {"devices": ["AMD EPYC"], "precision": "float32", "versions": {"keras": "3.15.1"}}
    project.write_record(tmp_path, stages["train@denoiser"], **facts)
    project.enter(tmp_path, monkeypatch)
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert parser.main(["show", *arguments]) == 0
    return capsys.readouterr().out


def test_all_that_matters_is_there(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [" ".join(line.split()) for line in shown(capsys, "denoiser").splitlines()]
    assert lines[0] == "denoiser up to date"
    assert {
        "dataset digits (source: digits)",
        "task restoration",
        "input digits-noisy (degradation: noisy, sigma: 0.5)",
        "weights random",
        "model unet (depth: 1, filters: 2)",
        "training epochs: 2, batch_size: 128, learning_rate: 0.001, precision: float32, deterministic: false, "
        "devices: 1",
        "scores on 1,234 test examples, with 95 % intervals; the network gains +2.00 dB on the strongest baseline",
        "PSNR in dB SSIM MSE",
        "network 20.00 (19.50 – 20.50) 0.800 0.01000 56,789 parameters",
        "median 18.00 (17.50 – 18.50) 0.600 – untrained size: 3",
        "input 9.00 – –",
        "GIF results/denoiser/reel.gif",
        "seconds logs/train/denoiser.csv (not here)",
        "devices AMD EPYC",
        "versions keras 3.15.1",
        f"commit {project.COMMIT[:12]}",
        "dvc repro render@denoiser",
        "snakemake --cores 2 denoiser",
        "showreel verify --rebuild denoiser",
    } <= {*lines}


def test_a_reason_is_given_once_with_all_its_stages(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (made / project.CODE).write_text("# edited\n")
    lines = shown(capsys, "identity").splitlines()
    assert lines[:2] == ["identity  published", "published  training changed (train, evaluate)"]
    assert not lines[2]


def test_json_holds_the_entry_of_the_list_and_more(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert parser.main(["list", "denoiser", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    known = json.loads(shown(capsys, "denoiser", "--json"))
    assert entry.items() <= known.items()
    assert known["input"] == {"name": "digits-noisy", "degradation": "noisy", "sigma": 0.5}
    assert known["baselines"] == [{
        "baseline": "median", "kind": "untrained", "options": {"size": 3}, "psnr": 18, "psnr_low": 17.5,
        "psnr_high": 18.5, "ssim": 0.6,
    }]  # fmt: skip
    assert known["files"]["model"] == {"path": "models/denoiser.keras", "here": True}
    assert known["provenance"]["precision"] == "float32"
    assert known["provenance"]["commit"] == project.COMMIT
    assert {"data/prepared/digits.h5", "data/prepared/digits-noisy.h5"} <= known["provenance"]["data"].keys()


def test_an_experiment_that_never_ran_has_no_scores(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("data", "models", "results", "lineage"):
        (made / folder).rename(made / f"{folder}.away")
    text = shown(capsys, "identity")
    assert text.startswith("identity  never run\n")
    assert "scores on" not in text
    known = json.loads(shown(capsys, "identity", "--json"))
    assert (known["scores"], known["baselines"], known["provenance"]) == ({}, [], None)
    assert known["input"] == {"name": "digits"}


def test_a_network_that_does_not_beat_its_baseline_is_not_called_better(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (made / "results/denoiser/metrics.json").write_text(json.dumps(METRICS | {"baseline_psnr": 19.9, "gain": 0.1}))
    assert "the network gains +0.10 dB on the strongest baseline, not better by its interval" in shown(
        capsys, "denoiser"
    )


NESTED = pytest.param(f"baseline,kind,options,psnr\na,untrained,{'[' * 100_000},1\n", id="nested")


@pytest.mark.parametrize(
    "text", ["", "baseline\nmedian\n", "baseline,kind,options,psnr\na,untrained,{},high\n", "\0", "a,b\n1\n", NESTED]
)
def test_a_damaged_table_of_baselines_is_named(made: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (made / "results/denoiser/baselines.csv").write_text(text)
    assert parser.main(["show", "denoiser"]) == 1
    assert "results/denoiser/baselines.csv: damaged (" in capsys.readouterr().err


def test_what_a_foreign_record_says_does_no_harm_to_a_terminal(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = made / "lineage/train/denoiser.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"precision": "\x1b]0;title\x07", "params": {"seed": "\x1b[2J\x9b"}}))
    assert shown(capsys, "denoiser").replace("\n", "").isprintable()


def test_an_unknown_experiment_is_refused(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert parser.main(["show", "denoisr"]) == 2
    assert "did you mean 'denoiser'?" in capsys.readouterr().err
