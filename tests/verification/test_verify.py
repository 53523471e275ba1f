"""`showreel verify` on a small project: what is right goes unmentioned, each sort of fault is named with its mend."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import project
import pytest
import yaml

from showreel.cli import parser
from showreel.verification import accounts

EVERY_KIND_OF_FILE = (
    "data/raw/digits/images.npy",
    "data/prepared/digits/noisy.h5",
    "models/denoiser.keras",
    "models/denoiser.reel.h5",
    "models/denoiser.examples.h5",
    "results/denoiser/history.csv",
    "results/denoiser/metrics.json",
    "results/denoiser/scores.csv",
    "results/denoiser/reel.gif",
    "results/denoiser/poster.png",
)


SOURCES = pytest.mark.parametrize("sources", [{"lock": False}, {"records": False}, {}], ids=["records", "lock", "both"])


@SOURCES
def test_a_project_in_order_has_no_findings(tmp_path: Path, sources: dict[str, bool]) -> None:
    project.make(tmp_path, **sources)
    found = project.check(tmp_path)
    assert found.findings == []
    assert found.runs == 10
    assert project.check(tmp_path, ["denoiser"]).runs == 6


@SOURCES
@pytest.mark.parametrize("path", EVERY_KIND_OF_FILE)
def test_one_changed_bit_is_one_finding(tmp_path: Path, path: str, sources: dict[str, bool]) -> None:
    project.make(tmp_path, **sources)
    project.flip(tmp_path / path)
    (finding,) = project.check(tmp_path).findings
    assert finding.kind == "damaged"
    assert finding.path in (path, "data/raw/digits")


@pytest.mark.parametrize("place", [0.0, 0.3, 0.5, 0.9])
def test_one_changed_bit_in_a_record_is_one_finding(tmp_path: Path, place: float) -> None:
    project.make(tmp_path)
    project.flip(tmp_path / "lineage/train/denoiser.json", place)
    assert project.told(tmp_path) == {("damaged", "lineage/train/denoiser.json", "train@denoiser")}


@SOURCES
def test_a_missing_output_is_named_once_though_others_read_it(tmp_path: Path, sources: dict[str, bool]) -> None:
    project.make(tmp_path, **sources)
    (tmp_path / "data/prepared/digits/clean.h5").unlink()
    assert project.told(tmp_path) == {("missing", "data/prepared/digits/clean.h5", "prepare@digits")}


@SOURCES
def test_changed_code_makes_all_stages_stale_in_one_line(
    tmp_path: Path, sources: dict[str, bool], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = project.make(tmp_path, **sources)
    (tmp_path / project.CODE).write_text("# edited\n")
    assert project.told(tmp_path) == {("stale", project.CODE, name) for name in stages}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("showreel.params.registry.PACKAGE", tmp_path / "src/showreel")
    assert parser.main(["verify"]) == 1
    first, *mends, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"stale: {project.CODE} has changed since it ran (10 stages: download@digits, ")
    by_snakemake = (
        "snakemake --cores 1 data/raw/digits data/prepared/digits/clean.h5 data/prepared/digits/noisy.h5 "
        "denoiser identity"
    )
    assert [mend.strip() for mend in mends] in (
        ["run: dvc repro --glob 'render@*'", "run: dvc repro --single-item gallery"],
        [f"run: {by_snakemake}", "run: showreel gallery"],
    )
    assert last.endswith(": 10 stale")


@SOURCES
def test_a_changed_value_makes_stale_what_used_it_and_both_values_are_named(
    tmp_path: Path, sources: dict[str, bool]
) -> None:
    project.make(tmp_path, **sources)
    (tmp_path / "params.yaml").write_text(project.PARAMS.replace("sigma: 0.5", "sigma: 0.3"))
    (finding,) = project.check(tmp_path).findings
    assert finding[:3] == ("stale", "params.yaml", "degrade@digits-noisy")
    assert finding.detail == "has degradations.noisy.sigma = 0.3, which was 0.5"


@pytest.mark.parametrize("sources", [{"lock": False}, {"records": False}], ids=["records", "lock"])
def test_a_model_put_in_place_of_the_trained_one_breaks_the_chain(tmp_path: Path, sources: dict[str, bool]) -> None:
    stages = project.make(tmp_path, **sources)
    first = yaml.safe_load((tmp_path / "dvc.lock").read_text()) if sources.get("lock", True) else None
    project.write_keras(tmp_path / "models/denoiser.keras", 0.25)
    if first is None:
        project.write_record(tmp_path, stages["evaluate@denoiser"])
    else:
        project.write_lock(tmp_path, stages, records=False)
        second = yaml.safe_load((tmp_path / "dvc.lock").read_text())
        second["stages"]["train@denoiser"] = first["stages"]["train@denoiser"]
        (tmp_path / "dvc.lock").write_text(yaml.safe_dump(second))
    assert project.told(tmp_path) == {("broken chain", "models/denoiser.keras", "evaluate@denoiser")}


def test_an_input_that_was_made_again_makes_its_readers_stale(tmp_path: Path) -> None:
    stages = project.make(tmp_path, lock=False)
    project.write_keras(tmp_path / "models/denoiser.keras", 0.25)
    project.write_record(tmp_path, stages["train@denoiser"])
    assert project.told(tmp_path) == {("stale", "models/denoiser.keras", "evaluate@denoiser")}


def test_a_missing_link_is_a_broken_chain_and_its_file_of_unknown_origin(tmp_path: Path) -> None:
    project.make(tmp_path, lock=False)
    (tmp_path / "lineage/degrade/digits/noisy.json").unlink()
    noisy = "data/prepared/digits/noisy.h5"
    assert project.told(tmp_path) == {
        ("unknown origin", noisy, "degrade@digits-noisy"),
        ("broken chain", noisy, "train@denoiser"),
        ("broken chain", noisy, "evaluate@denoiser"),
    }


def test_results_without_any_account_are_of_unknown_origin(tmp_path: Path) -> None:
    project.make(tmp_path)
    shutil.copy(tmp_path / "models/denoiser.keras", tmp_path / "models/other.keras")
    (tmp_path / "models/.denoiser.x.keras").write_bytes(b"left over by a run that was killed")
    (tmp_path / "results/denoiser/notes.txt").write_text("mine")
    assert project.told(tmp_path) == {("unknown origin", "models/other.keras", "")}


def test_what_has_not_run_is_a_fault_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(project.PARAMS)
    found = project.check(tmp_path).findings
    assert {finding.kind for finding in found} == {"never run"}
    assert not any(finding.fault for finding in found)
    assert all(finding.fault for finding in project.check(tmp_path, ["denoiser"]).findings)


def test_a_stage_that_is_no_longer_declared_is_orphaned(tmp_path: Path) -> None:
    project.make(tmp_path, records=False)
    lines = [line for line in project.PARAMS.splitlines(keepends=True) if "identity" not in line]
    (tmp_path / "params.yaml").write_text("".join(lines))
    assert project.told(tmp_path) == {
        *(("orphaned", "dvc.lock", f"{verb}@identity") for verb in ("train", "evaluate", "render")),
        ("stale", "params.yaml", "gallery"),
    }
    assert not any(finding.fault for finding in project.check(tmp_path).findings if finding.stage != "gallery")


def test_a_run_that_the_lock_does_not_know_of_asks_for_sync(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    (tmp_path / "results/denoiser/poster.png").write_bytes((tmp_path / "results/denoiser/reel.gif").read_bytes())
    project.write_record(tmp_path, stages["render@denoiser"])
    poster = ("stale", "results/denoiser/poster.png", "gallery")
    assert project.told(tmp_path) == {("stale", "dvc.lock", "render@denoiser"), poster}
    assert project.mends(tmp_path) == {"dvc.lock": "showreel sync", poster[1]: "dvc repro --single-item gallery"}


def test_a_record_of_other_files_than_the_lock_knows_is_a_broken_chain(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    project.write_record(tmp_path, stages["render@denoiser"], outputs={"results/denoiser/reel.gif": "0" * 64})
    project.write_lock(tmp_path, stages, records=True)
    assert project.told(tmp_path) == {("broken chain", "lineage/render/denoiser.json", "render@denoiser")}


def test_a_file_in_the_way_of_git_or_the_cache_comes_from_there(tmp_path: Path) -> None:
    project.make(tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "results/denoiser/metrics.json"], cwd=tmp_path, check=True)
    cached = accounts.read(tmp_path, tmp_path / "src").lock["train@denoiser"].outputs["models/denoiser.keras"]
    place = tmp_path / ".dvc/cache/files/md5" / cached[:2] / cached[2:]
    place.parent.mkdir(parents=True)
    shutil.copy(tmp_path / "models/denoiser.keras", place)
    for path in ("results/denoiser/metrics.json", "models/denoiser.keras", "results/denoiser/scores.csv"):
        project.flip(tmp_path / path)
    assert project.mends(tmp_path) == {
        "results/denoiser/metrics.json": "git restore results/denoiser/metrics.json",
        "models/denoiser.keras": "dvc checkout --force models/denoiser.keras",
        "results/denoiser/scores.csv": "dvc repro render@denoiser",
    }
    project.flip(place)
    assert project.mends(tmp_path)["models/denoiser.keras"].startswith(
        f"rm -f {place.relative_to(tmp_path)} && dvc repro "
    )


def test_the_command_answers_machines_and_its_exit_code_says_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("showreel.params.registry.PACKAGE", tmp_path / "src/showreel")
    assert parser.main(["verify", "den*", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    assert parser.main(["verify"]) == 0
    assert capsys.readouterr().out.endswith("all right\n")
    project.flip(tmp_path / "models/denoiser.keras")
    assert parser.main(["verify", "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["mend"] == "dvc repro render@denoiser"
    assert parser.main(["verify", "identity"]) == 0
    assert parser.main(["verify", "nothing"]) == 2
    assert parser.main(["verify", "--rebuild", "nothing"]) == 2
    assert parser.main(["verify", "identity", "--rebuild", "identity"]) == 2


def test_verify_loads_neither_tensorflow_nor_an_engine() -> None:
    code = "import sys, showreel.verification.report; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras", "dvc", "snakemake"}.intersection(loaded)
