import json
from pathlib import Path

import pytest

from showreel.errors import ShowreelError
from showreel.listing import Entry, table


def entry(folder: Path, scores: object = None, *, rendered: bool = False) -> Entry:
    made = Entry("mnist-denoiser", folder / "metrics.json", folder / "reel.gif")
    if scores is not None:
        made.metrics.write_text(scores if isinstance(scores, str) else json.dumps(scores))
    if rendered:
        made.gif.touch()
    return made


def test_scores_stand_beside_the_gif(tmp_path: Path) -> None:
    scores = {"psnr": 20.926, "input_psnr": 9.38, "baseline_psnr": 14.4, "gain_db": 6.526, "ssim": 0.877}
    heading, row = table([entry(tmp_path, scores, rendered=True)]).splitlines()
    assert heading.split() == ["experiment", "input", "baseline", "network", "gain", "SSIM", "GIF"]
    assert " ".join(row.split()) == f"mnist-denoiser 9.38 dB 14.40 dB 20.93 dB +6.53 dB 0.877 {tmp_path}/reel.gif"


def test_an_identity_experiment_has_neither_input_nor_baseline(tmp_path: Path) -> None:
    row = table([entry(tmp_path, {"psnr": 45.0, "ssim": 0.999})]).splitlines()[1]
    assert " ".join(row.split()) == "mnist-denoiser – – 45.00 dB – 0.999 not rendered yet"


def test_an_experiment_without_results_says_so(tmp_path: Path) -> None:
    assert table([entry(tmp_path)]).splitlines()[1].endswith("not run yet")


def test_columns_line_up(tmp_path: Path) -> None:
    lines = table([entry(tmp_path), Entry("a", tmp_path / "none", tmp_path / "none")]).splitlines()
    assert {line.index("–") for line in lines[1:]} == {lines[0].index("input")}


@pytest.mark.parametrize("text", ["", '{"psnr": 1', "[1]", '{"psnr": "high"}', "null"])
def test_a_damaged_file_of_scores_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ShowreelError, match=r"metrics\.json: .*evaluate again"):
        table([entry(tmp_path, text)])
