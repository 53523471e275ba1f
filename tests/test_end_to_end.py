"""The whole pipeline on tiny data through both engines: what reruns, what does not, and that the results are equal."""

import json
import os
import re
import shutil
from ast import literal_eval
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from checkouts import Checkout
from engines import EXPERIMENTS, GALLERY
from samples import write_properties

from showreel.pipeline.provenance import file_digest

pytestmark = pytest.mark.slow


def test_every_result_is_there_and_the_scores_are_numbers(made_by_dvc: Checkout) -> None:
    for experiment in EXPERIMENTS:
        results = made_by_dvc.folder / "results" / experiment
        metrics = json.loads((results / "metrics.json").read_text())
        assert metrics["count"] > 100
        assert all(isinstance(value, int | float) for value in metrics.values())
        assert (results / "reel.gif").read_bytes().startswith(b"GIF89a")
        assert len((results / "history.csv").read_text().splitlines()) == 3


def test_both_engines_make_the_same_bytes(made_by_dvc: Checkout, made_by_snakemake: Checkout) -> None:
    outputs = made_by_dvc.outputs()
    site = [path for path in outputs if path.startswith("gallery/")]
    assert len(outputs) == (5 + 4) + (13 + 3) * len(EXPERIMENTS) + 1 + len(site)
    assert len([path for path in site if path.endswith(".html")]) == 2 + len(EXPERIMENTS)
    assert outputs == made_by_snakemake.outputs()


def test_both_engines_record_the_same_parameters(made_by_dvc: Checkout, made_by_snakemake: Checkout) -> None:
    stages = yaml.safe_load((made_by_dvc.folder / "dvc.lock").read_text())["stages"]
    in_dvc = {
        out["path"]: stage.get("params", {}).get("params.yaml") for stage in stages.values() for out in stage["outs"]
    }
    records = made_by_snakemake.folder / ".snakemake/metadata"
    in_snakemake = {b64decode(path.name).decode(): _values(path) for path in records.iterdir()}
    assert in_dvc == in_snakemake
    assert in_dvc["models/denoiser.keras"]["models.unet"] == {"depth": 1, "filters": 2}


@pytest.mark.parametrize("engine", ["made_by_dvc", "made_by_snakemake"])
def test_the_list_shows_what_an_engine_made_as_up_to_date(engine: str, request: pytest.FixtureRequest) -> None:
    states = _listed_states(request.getfixturevalue(engine))
    assert states == dict.fromkeys(EXPERIMENTS, "up to date")


def test_snakemake_has_nothing_to_do_after_dvc(made_by_dvc: Checkout) -> None:
    assert _snakemake_jobs(made_by_dvc) == set()
    assert "up to date" in made_by_dvc.run("dvc", "repro")


def test_a_gallery_is_made_of_what_is_there_and_all_is_proved(made_by_dvc: Checkout, tmp_path: Path) -> None:
    checkout = made_by_dvc.copied(tmp_path / "here")
    assert "all right" in checkout.run("showreel", "verify")
    shutil.rmtree(checkout.folder / "results/identity")
    checkout.run("dvc", "repro", "--single-item", "gallery")
    shown = sorted(path.name for path in (checkout.folder / "gallery/experiments").iterdir())
    assert shown == ["denoiser", "superresolution"]
    assert "identity" in (checkout.folder / "gallery/index.html").read_text()


def test_an_export_makes_the_gallery_stale_and_both_engines_let_it_be_tried(
    made_by_dvc: Checkout, made_by_snakemake: Checkout, tmp_path: Path
) -> None:
    checkouts = [made.copied(tmp_path / name) for name, made in (("1", made_by_dvc), ("2", made_by_snakemake))]
    for checkout, engine in zip(checkouts, ("dvc", "snakemake"), strict=True):
        network = file_digest(checkout.folder / "models/denoiser.keras")
        properties = {"network": network, "channels": "1", "multiple": "2", "scale": "1"}
        write_properties(checkout.folder / "exports/denoiser.onnx", properties)
        checkout.run(*GALLERY[engine])
        assert (checkout.folder / "gallery/experiments/denoiser/try.html").exists()
        record = json.loads((checkout.folder / "lineage/gallery.json").read_text())
        assert record["inputs"]["exports/denoiser.onnx"] == file_digest(checkout.folder / "exports/denoiser.onnx")
        assert "all right" in checkout.run("showreel", "verify")
    assert checkouts[0].outputs() == checkouts[1].outputs()


@pytest.mark.faults
def test_revisions_are_compared_image_by_image(made_by_snakemake: Checkout, tmp_path: Path) -> None:
    checkout = made_by_snakemake.copied(tmp_path / "here")
    checkout.run("showreel", "sync")
    checkout.commit()
    checkout.run("dvc", "exp", "run", "-S", "degradations.noisy.sigma=0.3", "render@denoiser")
    told = json.loads(checkout.run("showreel", "compare", "denoiser@HEAD", "denoiser", "--json", "--page", "page"))
    before = json.loads(checkout.run("git", "show", "HEAD:results/denoiser/metrics.json"))["psnr"]
    after = json.loads((checkout.folder / "results/denoiser/metrics.json").read_text())["psnr"]
    compared = told["compared"]["denoiser"]["psnr"]
    assert compared["difference"] == pytest.approx(after - before, abs=1e-3)
    assert compared["better"] + compared["worse"] > 0.9
    assert len(list((checkout.folder / "page/experiments").iterdir())) == 2
    refusal = checkout.run("showreel", "compare", "denoiser", "denoiser@HEAD~9", exit_code=1)
    assert "git knows no such revision" in refusal


def test_dvc_takes_over_what_snakemake_made(made_by_snakemake: Checkout) -> None:
    assert "DVC has taken over" in made_by_snakemake.run("showreel", "sync")
    assert "up to date" in made_by_snakemake.run("dvc", "repro", "--glob", "render@*")
    assert _snakemake_jobs(made_by_snakemake) == set()
    assert "both engines are up to date" in made_by_snakemake.run("showreel", "sync")


CHANGES = {
    "sigma": (
        ("params.yaml", "sigma: 0.5", "sigma: 0.3"),
        {"degrade@digits-noisy"},
        {"degrade", "train denoiser", "evaluate denoiser", "render denoiser"},
    ),
    "epochs": (
        ("params.yaml", "epochs: 2", "epochs: 3"),
        {f"train@{name}" for name in EXPERIMENTS},
        {f"{stage} {name}" for stage in ("train", "evaluate", "render") for name in EXPERIMENTS},
    ),
    "drawing": (
        ("src/showreel/stages/render.py", "LAST_MILLISECONDS = 3000", "LAST_MILLISECONDS = 2000"),
        {f"render@{name}" for name in EXPERIMENTS},
        {f"render {name}" for name in EXPERIMENTS},
    ),
    "order": (
        ("params.yaml", "downscaled: {factor: 2, sigma: 0.05}", "downscaled: {sigma: 0.05, factor: 2} # reordered"),
        set(),
        set(),
    ),
}  # fmt: skip
QUICK = ("sigma", "epochs")


@pytest.mark.parametrize("change", [pytest.param(c, marks=[] if c in QUICK else pytest.mark.faults) for c in CHANGES])
def test_a_change_makes_stale_what_depends_on_it_and_nothing_else(made_by_dvc: Checkout, change: str) -> None:
    made_by_dvc.run("showreel", "sync")
    (name, old, new), directly, in_turn = CHANGES[change]
    with _edited(made_by_dvc.folder / name, old, new):
        assert set(json.loads(made_by_dvc.run("dvc", "status", "--json"))) == directly
        assert _snakemake_jobs(made_by_dvc) == in_turn
        stale = {job.split()[1] for job in in_turn if " " in job}
        expected = {name: "stale" if name in stale else "up to date" for name in EXPERIMENTS}
        assert _listed_states(made_by_dvc) == expected


def _values(record: Path) -> dict[str, object] | None:
    """Return the parameters in Snakemake's record of an output; the rules hand them over as one JSON text."""
    params = json.loads(record.read_text())["params"]
    return json.loads(literal_eval(params[0])) if params else None


def _listed_states(checkout: Checkout) -> dict[str, str]:
    entries = json.loads(checkout.run("showreel", "list", "--json"))
    return {entry["experiment"]: entry["state"] for entry in entries if "experiment" in entry}


def _snakemake_jobs(checkout: Checkout) -> set[str]:
    """Return what a dry run would run: rules, with the experiment where there is one."""
    text = checkout.run("snakemake", "--dry-run", "--cores", "1", "all_gifs")
    jobs = re.split(r"\n(?=\[)", text)
    found = set()
    for job in jobs:
        rule = re.search(r"^rule (\w+):", job, re.MULTILINE)
        experiment = re.search(r"wildcards: .*experiment=(\S+)", job)
        if rule and rule[1] != "all_gifs":
            found.add(f"{rule[1]} {experiment[1]}" if experiment else rule[1])
    return found


@contextmanager
def _edited(path: Path, old: str, new: str) -> Iterator[None]:
    """Replace a piece of text in a file for a while, and put the file's time back with its text."""
    text, status = path.read_text(), path.stat()
    assert old in text
    path.write_text(text.replace(old, new))
    try:
        yield
    finally:
        path.write_text(text)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
