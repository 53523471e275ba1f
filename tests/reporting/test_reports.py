"""What DVC and Snakemake show of results: two runs compared, and the report."""

import json
import re
import shlex
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from checkouts import ROOT, Checkout
from engines import EXPERIMENTS

pytestmark = pytest.mark.slow

STUDY = "denoiser-crossed"
"""The study of the portfolio."""


@pytest.fixture(scope="module")
def two_runs(made_by_dvc: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose last commit and workspace differ in one value."""
    checkout = made_by_dvc.copied(tmp_path_factory.mktemp("runs") / "here")
    checkout.commit()
    checkout.run("dvc", "exp", "run", "--name", "less-noise", "-S", "inputs.digits-noisy.sigma=0.3", "render@denoiser")
    return checkout


@pytest.mark.faults
def test_parameters_and_metrics_show_what_changed(two_runs: Checkout) -> None:
    assert _json(two_runs, "dvc params diff --json") == {
        "params.yaml": {"inputs.digits-noisy.sigma": {"old": 0.5, "new": 0.3, "diff": -0.2}}
    }
    metrics = _json(two_runs, "dvc metrics diff --json")
    assert list(metrics) == ["results/denoiser/metrics.json"]
    assert metrics["results/denoiser/metrics.json"]["input_psnr"]["diff"] > 2


def test_metrics_are_of_every_experiment_and_study(two_runs: Checkout) -> None:
    files = _json(two_runs, "dvc metrics show --json")[""]["data"]
    assert set(files) == {f"results/{name}/metrics.json" for name in (*EXPERIMENTS, STUDY)}
    assert all(files[f"results/{name}/metrics.json"]["data"]["psnr"] > 0 for name in EXPERIMENTS)


def test_plots_are_curves_distributions_and_posters_of_both_runs(two_runs: Checkout) -> None:
    plots = _json(two_runs, "dvc plots diff HEAD less-noise --json")["data"]
    kinds = ("history.csv", "scores.csv", "poster.png")
    files = {f"results/{name}/{kind}" for name in EXPERIMENTS for kind in kinds}
    assert set(plots) == files | {f"results/{STUDY}/poster.png"}
    for path, shown in plots.items():
        assert {revision for plot in shown for revision in plot["revisions"]} == {"HEAD", "less-noise"}
        if not path.endswith(".png"):
            assert "<DVC_METRIC" not in json.dumps(shown[0]["content"])
            assert shown[0]["content"]["title"]["text"].startswith(Path(path).parent.name)


def test_the_page_of_plots_has_the_numbers_of_both_runs(two_runs: Checkout) -> None:
    two_runs.run("dvc", "plots", "diff", "HEAD", "less-noise", "--targets", "results/denoiser/.*")
    page = (two_runs.folder / "dvc_plots/index.html").read_text()
    curve, distribution = map(json.loads, re.findall(r"var spec = (.*);\n", page))
    assert {(row["rev"], row["epoch"]) for row in curve["data"]["values"]} == {
        (revision, epoch) for revision in ("HEAD", "less-noise") for epoch in ("1", "2")
    }
    assert {row["rev"] for row in distribution["data"]["values"] if float(row["score"]) > 0} == {"HEAD", "less-noise"}
    assert page.count("_results_denoiser_poster.png") == 2


def test_the_table_of_experiments_in_the_guide_is_narrow(two_runs: Checkout) -> None:
    guide = (ROOT / "docs/howto/comparing.md").read_text()
    found = re.search(r"^dvc exp show --md .*$", guide, re.MULTILINE)
    assert found
    heading, *rows = two_runs.run(*shlex.split(found[0])).strip().splitlines()
    columns = [column.rpartition(":")[2].strip() for column in heading.strip("|").split("|")]
    scores = ["baseline_psnr", "gain", "input_psnr", "psnr"]
    assert columns == ["Experiment", "Created", *scores, "inputs.digits-noisy.sigma"]
    assert "less-noise" in rows[-1]


@pytest.fixture(scope="module")
def reported(made_by_dvc: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which Snakemake reports what DVC has made."""
    checkout = made_by_dvc.copied(tmp_path_factory.mktemp("report") / "here")
    checkout.run("showreel", "sync")
    assert "ERROR" not in checkout.run("snakemake", "--report", "report.html")
    return checkout


def test_the_report_holds_every_result_in_one_file(reported: Checkout) -> None:
    page = (reported.folder / "report.html").read_text()
    assert not re.search(r"""<(script|link|img|iframe)[^>]*(src|href)=["']?https?:""", page)
    results = _variable(page, "results")
    names = ("baselines.csv", "history.csv", "metrics.json", "poster.png", "reel.gif")
    assert set(results) == {f"results/{experiment}/{name}" for experiment in EXPERIMENTS for name in names}
    for path, result in results.items():
        assert b64decode(result["data_uri"].partition("base64,")[2]) == (reported.folder / path).read_bytes()
        assert Path(path).parent.name in result["caption"]
        assert "system-message" not in result["caption"]
        if Path(path).suffix in (".gif", ".png"):
            assert result["mime_type"] == "image/png", "shown in the page, not only offered for download"


def test_the_report_shows_all_scores_at_once_and_has_a_menu_for_each_data_set(reported: Checkout) -> None:
    page = (reported.folder / "report.html").read_text()
    overview, results = _variable(page, "workflow_desc"), _variable(page, "results")
    assert "system-message" not in overview
    for experiment in EXPERIMENTS:
        psnr = json.loads((reported.folder / f"results/{experiment}/metrics.json").read_text())["psnr"]
        assert results[f"results/{experiment}/reel.gif"]["labels"]["network"] == f"{psnr:.2f} dB"
        assert results[f"results/{experiment}/reel.gif"]["labels"]["score"] == "PSNR"
        assert f"{psnr:.2f} dB" in overview
    menus = _variable(page, "categories")
    assert list(menus) == ["digits"]
    assert sorted(menus["digits"]) == ["Learning curves", "Reels", "Scores"]


def _json(checkout: Checkout, command: str) -> Any:
    """Run a command of DVC that answers in JSON; what it says about missing files stands on other lines."""
    answer = checkout.run(*command.split())
    return json.loads(next(line for line in answer.splitlines() if line.startswith("{")))


def _variable(page: str, name: str) -> Any:
    """Return what a variable of the report's script holds."""
    return json.loads(re.findall(rf"^    var {name} = (.*);$", page, re.MULTILINE)[0])
