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
from typing import Any

import pytest
import yaml
from checkouts import Checkout
from engines import EXPERIMENTS, GALLERY
from samples import write_properties

from showreel.pipeline.provenance import file_digest

pytestmark = pytest.mark.slow

STUDY = "denoiser-crossed"


def test_every_result_is_there_and_the_scores_are_numbers(made_by_dvc: Checkout) -> None:
    for experiment in EXPERIMENTS:
        results = made_by_dvc.folder / "results" / experiment
        metrics = json.loads((results / "metrics.json").read_text())
        assert metrics["count"] > 100
        assert all(isinstance(value, int | float) for value in metrics.values())
        assert (results / "reel.gif").read_bytes().startswith(b"GIF89a")
        assert len((results / "history.csv").read_text().splitlines()) == 3


def test_the_study_of_a_network_has_a_row_a_strength_and_a_picture(made_by_dvc: Checkout) -> None:
    results = made_by_dvc.folder / "results" / STUDY
    header, *rows = (results / "cells.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["0.25", "0.5"]
    assert {"baseline", "gain", "gain_low", "gain_high"} <= set(header.split(","))
    metrics = json.loads((results / "metrics.json").read_text())
    assert all(isinstance(value, int | float) for value in metrics.values())
    own = json.loads((made_by_dvc.folder / "results/denoiser/metrics.json").read_text())
    assert metrics["sigma_0.5_gain"] == own["gain"]
    assert (results / "poster.png").read_bytes().startswith(b"\x89PNG")


def test_both_engines_make_the_same_bytes(made_by_dvc: Checkout, made_by_snakemake: Checkout) -> None:
    outputs, others = made_by_dvc.outputs(), made_by_snakemake.outputs()
    site = [path for path in outputs if path.startswith("gallery/")]
    data, experiment, study, rest = 3 + 3 + 3, 13 + 3, 3 + 1, ("models/random.keras", "lineage/gallery.json")
    assert len(outputs) == data + experiment * len(EXPERIMENTS) + study + len(rest) + len(site)
    shown = {Path(path).parent.name for path in site if path.endswith("index.html")}
    assert shown >= {*EXPERIMENTS, STUDY}
    assert others.items() <= outputs.items()
    made = {path for path in outputs if {"denoiser", STUDY} & {*Path(path).parts, Path(path).name.split(".")[0]}}
    assert {path for path in made if not path.startswith("gallery/")} <= set(others)
    assert len(others) == 3 + 2 * 2 + (3 + 1) + experiment + study + 1, "one experiment, its parent and its study"


def test_a_second_training_begins_with_the_first_ones_weights_and_says_so(made_by_dvc: Checkout) -> None:
    parent, own = (
        json.loads((made_by_dvc.folder / f"lineage/train/{name}.json").read_text()) for name in ("identity", "denoiser")
    )
    assert own["parent"] == {"id": parent["id"], "record": "lineage/train/identity.json"}
    assert own["inputs"]["models/identity.keras"] == parent["outputs"]["models/identity.keras"]
    assert "parent" not in parent


def test_both_engines_record_the_same_parameters(made_by_dvc: Checkout, made_by_snakemake: Checkout) -> None:
    stages = yaml.safe_load((made_by_dvc.folder / "dvc.lock").read_text())["stages"]
    in_dvc: dict[str, dict[str, Any]] = {}
    for name, stage in stages.items():
        revision = stage["params"]["src/showreel/revisions.yaml"][name.split("@")[0]]
        values = stage["params"].get("params.yaml", {}) | {"revision": revision}
        in_dvc |= {out["path"]: values for out in stage["outs"]}
    records = made_by_snakemake.folder / ".snakemake/metadata"
    in_snakemake = {b64decode(path.name).decode(): _values(path) for path in records.iterdir()}
    assert in_snakemake == {path: in_dvc[path] for path in in_snakemake}
    assert "results/denoiser-crossed/poster.png" in in_snakemake
    assert in_dvc["models/denoiser.keras"]["models.unet"] == {"depth": 1, "filters": 2}


def test_the_list_shows_what_an_engine_made_as_up_to_date(made_by_dvc: Checkout, made_by_snakemake: Checkout) -> None:
    states = _listed_states(made_by_dvc)
    assert {name: states[name] for name in EXPERIMENTS} == dict.fromkeys(EXPERIMENTS, "up to date")
    assert _listed_states(made_by_snakemake)["denoiser"] == "up to date"


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
    made_by_dvc: Checkout, tmp_path: Path
) -> None:
    checkouts = [made_by_dvc.copied(tmp_path / name) for name in ("1", "2")]
    checkouts[1].run("showreel", "sync")
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
    checkout.run("showreel", "sync", "denoiser")
    checkout.commit()
    checkout.run("dvc", "exp", "run", "-S", "inputs.digits-noisy.sigma=0.3", "render@denoiser")
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
    assert "DVC has taken over" in made_by_snakemake.run("showreel", "sync", "denoiser")
    assert "up to date" in made_by_snakemake.run("dvc", "repro", "render@denoiser")
    assert _snakemake_jobs(made_by_snakemake, "denoiser") == set()
    assert "both engines are up to date" in made_by_snakemake.run("showreel", "sync", "denoiser")


CROSS, OF_DENOISER = f"cross {STUDY}", {"train denoiser", "evaluate denoiser", "render denoiser"}
EVERY = {f"{stage} {name}" for stage in ("train", "evaluate", "render") for name in EXPERIMENTS}
COMMENT = ("\nfrom ", "\n# edited\nfrom ")
"""An edit of code that changes no result, which no engine can tell."""
PACKAGE = "src/showreel"

CHANGES: dict[str, tuple[tuple[str, str, str], set[str], set[str]]] = {
    "sigma": (
        ("params.yaml", "sigma: 0.5}", "sigma: 0.3}"),
        {"degrade@digits-noisy"},
        {"degrade digits-noisy", CROSS, *OF_DENOISER},
    ),
    "epochs": (
        ("params.yaml", "epochs: 2", "epochs: 3"),
        {f"train@{name}" for name in EXPERIMENTS},
        {*EVERY, CROSS},
    ),
    "weights": (
        ("params.yaml", "model: unet, weights: identity", "model: unet, weights: random"),
        {f"{stage}@denoiser" for stage in ("train", "evaluate")} | {"gallery"},
        {*OF_DENOISER, CROSS},
    ),
    "what the task learns": (
        (f"{PACKAGE}/tasks/restoration/learning.py", *COMMENT),
        {f"{stage}@{name}" for stage in ("train", "evaluate") for name in EXPERIMENTS} | {f"cross@{STUDY}", "gallery"},
        {*EVERY, CROSS},
    ),
    "how all train": (
        (f"{PACKAGE}/training/loop.py", *COMMENT),
        {f"{stage}@{name}" for stage in ("train", "evaluate") for name in EXPERIMENTS} | {f"cross@{STUDY}"},
        {*EVERY, CROSS},
    ),
    "a degradation": (
        (f"{PACKAGE}/degradations/noisy.py", *COMMENT),
        {"degrade@digits-noisy", f"cross@{STUDY}"},
        {"degrade digits-noisy", CROSS, *OF_DENOISER},
    ),
    "drawing": (
        (f"{PACKAGE}/stages/render.py", *COMMENT),
        {f"render@{name}" for name in EXPERIMENTS},
        {f"render {name}" for name in EXPERIMENTS},
    ),
    "revision": (
        (f"{PACKAGE}/revisions.yaml", "evaluate: ", "evaluate: 1"),
        {f"evaluate@{name}" for name in EXPERIMENTS},
        {f"{stage} {name}" for stage in ("evaluate", "render") for name in EXPERIMENTS},
    ),
    "plumbing": ((f"{PACKAGE}/storage/prepared.py", *COMMENT), set(), set()),
    "more plumbing": ((f"{PACKAGE}/pipeline/lineage.py", *COMMENT), set(), set()),
    "order": (
        ("params.yaml", "degradation: downscaled, factor: 2", "factor: 2, degradation: downscaled"),
        set(),
        set(),
    ),
}
"""Change → file, text and replacement; the stages that DVC calls stale for it; the jobs that Snakemake would run."""
QUICK = ("sigma", "what the task learns", "a degradation", "revision", "plumbing")


@pytest.mark.parametrize("change", [pytest.param(c, marks=[] if c in QUICK else pytest.mark.faults) for c in CHANGES])
def test_a_change_makes_stale_what_depends_on_it_and_nothing_else(made_by_dvc: Checkout, change: str) -> None:
    made_by_dvc.run("showreel", "sync")
    (name, old, new), directly, in_turn = CHANGES[change]
    with _edited(made_by_dvc.folder / name, old, new):
        assert set(json.loads(made_by_dvc.run("dvc", "status", "--json"))) == directly
        assert _snakemake_jobs(made_by_dvc) == in_turn
        if name == "params.yaml":
            stale = {job.split()[1] for job in in_turn}
            expected = {name: "stale" if name in stale else "up to date" for name in EXPERIMENTS}
            assert _listed_states(made_by_dvc).items() >= expected.items()


def _values(record: Path) -> dict[str, object] | None:
    """Return the parameters in Snakemake's record of an output; the rules hand them over as one JSON text."""
    params = json.loads(record.read_text())["params"]
    return json.loads(literal_eval(params[0])) if params else None


def _listed_states(checkout: Checkout) -> dict[str, str]:
    entries = json.loads(checkout.run("showreel", "list", "--json"))
    return {entry["experiment"]: entry["state"] for entry in entries if "experiment" in entry}


def _snakemake_jobs(checkout: Checkout, target: str = "all_gifs") -> set[str]:
    """Return what a dry run would run: each job's rule, and whose it is."""
    text = checkout.run("snakemake", "--dry-run", "--cores", "1", target)
    jobs = re.split(r"\n(?=\[)", text)
    found = set()
    for job in jobs:
        rule = re.search(r"^(?:local)?rule (\w+):", job, re.MULTILINE)
        name = re.search(r"wildcards: \w+=(\S+)", job)
        if rule and rule[1] != target:
            found.add(f"{rule[1]} {name[1]}" if name else rule[1])
    return found


@contextmanager
def _edited(path: Path, old: str, new: str) -> Iterator[None]:
    """Replace a piece of text in a file for a while, and put the file's time back with its text."""
    text, status = path.read_text(), path.stat()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    try:
        yield
    finally:
        path.write_text(text)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
