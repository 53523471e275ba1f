"""`showreel list` as people and scripts see it."""

import json
from pathlib import Path

import project
import pytest

from showreel.cli import parser

SCORES = {
    "psnr": 20.926, "psnr_low": 20.9, "input_psnr": 9.38, "baseline_psnr": 14.4, "gain": 6.526, "ssim": 0.877,
}  # fmt: skip
STUDIES = """\
crosses:
  crossed: {of: denoiser, dataset: digits, values: [0.5]}
"""


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which everything has run, as the current folder."""
    project.make(tmp_path)
    project.enter(tmp_path, monkeypatch)
    return tmp_path


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert parser.main(["list", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_state_and_scores_stand_beside_the_gif(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (made / "results/denoiser/metrics.json").write_text(json.dumps(SCORES))
    heading, row = listed(capsys, "den*")
    assert heading.split() == [
        "experiment", "task", "state", "score", "input", "baseline", "network", "gain", "GIF",
    ]  # fmt: skip
    cells = [cell for cell in row.split("  ") if cell]
    assert [cell.strip() for cell in cells] == [
        "denoiser", "restoration", "up to date", "PSNR", "9.38 dB", "14.40 dB", "20.93 dB", "+6.53 dB",
        "results/denoiser/reel.gif",
    ]  # fmt: skip


def test_what_an_experiment_does_not_have_is_a_dash(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (made / "results/denoiser/reel.gif").unlink()
    assert listed(capsys, "den*")[1].split()[-6:] == ["–", "–", "20.00", "dB", "–", "–"]


def test_lines_are_whole_and_line_up_however_long(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    (made / "params.yaml").write_text(project.PARAMS.replace("sigma: 0.5", f"sigma: 0.5{'1' * 300}"))
    lines = listed(capsys)
    assert [line.split()[0] for line in lines] == ["experiment", "denoiser", "identity"]
    assert {line.index("20.00 dB") for line in lines[1:]} == {lines[0].index("network")}
    assert "stale: inputs.digits-noisy.sigma 0.5 → 0.5" in lines[1]
    assert not any(line.endswith(" ") for line in lines)


def test_json_is_an_array_of_objects(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (made / "params.yaml").write_text(project.PARAMS.replace("sigma: 0.5", "sigma: 0.3"))
    (made / "results/identity/reel.gif").unlink()
    denoiser, identity = json.loads("\n".join(listed(capsys, "--json")))
    reason = {"stage": "degrade@digits-noisy", "state": "stale", "text": "inputs.digits-noisy.sigma 0.5 → 0.3"}
    assert denoiser == {
        "experiment": "denoiser",
        "task": "restoration",
        "score": "psnr",
        "state": "stale",
        "reasons": [reason],
        "scores": {"psnr": 20.0, "ssim": 0.8, "mse": 0.01, "count": 3},
        "beats_baseline": None,
        "gif": "results/denoiser/reel.gif",
    }
    assert (identity["state"], identity["gif"]) == ("incomplete", None)


@pytest.mark.parametrize("text", ["", '{"psnr": 1', "[1]", '{"psnr": "high"}', "null"])
def test_a_damaged_file_of_scores_is_named(made: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (made / "results/denoiser/metrics.json").write_text(text)
    assert parser.main(["list"]) == 1
    error = capsys.readouterr().err
    assert "results/denoiser/metrics.json: " in error
    assert error.endswith("evaluate again\n")


@pytest.mark.parametrize(
    ("low", "gain", "shown"),
    [
        (14.41, 0.1, "+0.10 dB  results"),
        (14.4, 0.1, "+0.10 dB, not better  results"),
        (14.2, 0.1, "+0.10 dB, not better  results"),
        (13.0, -0.5, "-0.50 dB, not better  results"),
    ],
)
def test_a_network_whose_interval_reaches_its_strongest_baseline_is_not_called_better(
    made: Path, capsys: pytest.CaptureFixture[str], low: float, gain: float, shown: str
) -> None:
    path = made / "results/denoiser/metrics.json"
    path.write_text(json.dumps(SCORES | {"psnr_low": low, "gain": gain}))
    assert shown in listed(capsys, "den*")[1]
    assert json.loads("\n".join(listed(capsys, "den*", "--json")))[0]["beats_baseline"] == ("not" not in shown)


def test_studies_stand_below_their_experiments(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (made / "params.yaml").write_text(project.PARAMS.replace("crosses: {}\n", "") + STUDIES)
    lines = listed(capsys)
    assert lines[3] == ""
    assert lines[4].split() == ["study", "kind", "of", "state", "picture"]
    assert lines[5].split("  ")[0] == "crossed"
    assert lines[5].split()[1:3] == ["cross", "denoiser"]
    assert lines[5].endswith("–")
    assert len(listed(capsys, "identity")) == 2
    study = json.loads("\n".join(listed(capsys, "--json")))[-1]
    assert (study["study"], study["kind"], study["of"], study["picture"]) == ("crossed", "cross", "denoiser", None)
