"""`showreel verify` on a small project: what is right goes unmentioned, each sort of fault is named with its mend."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import project
import pytest
import yaml
from conftest import Checkout
from dvc.repo import Repo

from showreel import cli, params
from showreel.verification import accounts, digests, graph
from showreel.verification.audit import Audit, audit

Told = set[tuple[str, str, str]]
"""Kind, path and stage of findings."""

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


OUTSIDE = """{"command": "train denoiser", "inputs": {"../../etc": ""}, "outputs": {}, "code": {}, "params": {}}"""


def check(root: Path, experiments: list[str] | None = None) -> Audit:
    return audit(root, params.load(root / "params.yaml"), source=root / "src", experiments=experiments)


def told(root: Path, experiments: list[str] | None = None) -> Told:
    return {(finding.kind, finding.path, finding.stage) for finding in check(root, experiments).findings}


def mends(root: Path) -> dict[str, str]:
    return {one.path: " ".join([one.mend.command, *one.mend.targets]) for one in check(root).findings}


SOURCES = pytest.mark.parametrize("sources", [{"lock": False}, {"records": False}, {}], ids=["records", "lock", "both"])


@SOURCES
def test_a_project_in_order_has_no_findings(tmp_path: Path, sources: dict[str, bool]) -> None:
    project.make(tmp_path, **sources)
    found = check(tmp_path)
    assert found.findings == []
    assert found.runs == 9
    assert check(tmp_path, ["denoiser"]).runs == 6


@SOURCES
@pytest.mark.parametrize("path", EVERY_KIND_OF_FILE)
def test_one_changed_bit_is_one_finding(tmp_path: Path, path: str, sources: dict[str, bool]) -> None:
    project.make(tmp_path, **sources)
    project.flip(tmp_path / path)
    (finding,) = check(tmp_path).findings
    assert finding.kind == "damaged"
    assert finding.path in (path, "data/raw/digits")


@pytest.mark.parametrize("place", [0.0, 0.3, 0.5, 0.9])
def test_one_changed_bit_in_a_record_is_one_finding(tmp_path: Path, place: float) -> None:
    project.make(tmp_path)
    project.flip(tmp_path / "lineage/train/denoiser.json", place)
    assert told(tmp_path) == {("damaged", "lineage/train/denoiser.json", "train@denoiser")}


@SOURCES
def test_a_missing_output_is_named_once_though_others_read_it(tmp_path: Path, sources: dict[str, bool]) -> None:
    project.make(tmp_path, **sources)
    (tmp_path / "data/prepared/digits/clean.h5").unlink()
    assert told(tmp_path) == {("missing", "data/prepared/digits/clean.h5", "prepare@digits")}


@SOURCES
def test_changed_code_makes_all_stages_stale_in_one_line(
    tmp_path: Path, sources: dict[str, bool], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = project.make(tmp_path, **sources)
    (tmp_path / project.CODE).write_text("# edited\n")
    assert told(tmp_path) == {("stale", project.CODE, name) for name in stages}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("showreel.find.PACKAGE", tmp_path / "src/showreel")
    assert cli.main(["verify"]) == 1
    first, mend, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"stale: {project.CODE} has changed since it ran (9 stages: download@digits, ")
    assert mend.strip() in (
        "run: dvc repro --glob 'render@*'",
        "run: snakemake --cores 1 data/raw/digits data/prepared/digits/clean.h5 data/prepared/digits/noisy.h5 "
        "denoiser identity",
    )
    assert last.endswith(": 9 stale")


@SOURCES
def test_a_changed_value_makes_stale_what_used_it_and_both_values_are_named(
    tmp_path: Path, sources: dict[str, bool]
) -> None:
    project.make(tmp_path, **sources)
    (tmp_path / "params.yaml").write_text(project.PARAMS.replace("sigma: 0.5", "sigma: 0.3"))
    (finding,) = check(tmp_path).findings
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
    assert told(tmp_path) == {("broken chain", "models/denoiser.keras", "evaluate@denoiser")}


def test_an_input_that_was_made_again_makes_its_readers_stale(tmp_path: Path) -> None:
    stages = project.make(tmp_path, lock=False)
    project.write_keras(tmp_path / "models/denoiser.keras", 0.25)
    project.write_record(tmp_path, stages["train@denoiser"])
    assert told(tmp_path) == {("stale", "models/denoiser.keras", "evaluate@denoiser")}


def test_a_missing_link_is_a_broken_chain_and_its_file_of_unknown_origin(tmp_path: Path) -> None:
    project.make(tmp_path, lock=False)
    (tmp_path / "lineage/degrade/digits/noisy.json").unlink()
    noisy = "data/prepared/digits/noisy.h5"
    assert told(tmp_path) == {
        ("unknown origin", noisy, "degrade@digits-noisy"),
        ("broken chain", noisy, "train@denoiser"),
        ("broken chain", noisy, "evaluate@denoiser"),
    }


def test_results_without_any_account_are_of_unknown_origin(tmp_path: Path) -> None:
    project.make(tmp_path)
    shutil.copy(tmp_path / "models/denoiser.keras", tmp_path / "models/other.keras")
    (tmp_path / "models/.denoiser.x.keras").write_bytes(b"left over by a run that was killed")
    (tmp_path / "results/denoiser/notes.txt").write_text("mine")
    assert told(tmp_path) == {("unknown origin", "models/other.keras", "")}


def test_what_has_not_run_is_a_fault_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(project.PARAMS)
    found = check(tmp_path).findings
    assert {finding.kind for finding in found} == {"never run"}
    assert not any(finding.fault for finding in found)
    assert all(finding.fault for finding in check(tmp_path, ["denoiser"]).findings)


def test_a_stage_that_is_no_longer_declared_is_orphaned(tmp_path: Path) -> None:
    project.make(tmp_path, records=False)
    lines = [line for line in project.PARAMS.splitlines(keepends=True) if "identity" not in line]
    (tmp_path / "params.yaml").write_text("".join(lines))
    assert told(tmp_path) == {("orphaned", "dvc.lock", f"{verb}@identity") for verb in ("train", "evaluate", "render")}
    assert not any(finding.fault for finding in check(tmp_path).findings)


def test_a_run_that_the_lock_does_not_know_of_asks_for_sync(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    (tmp_path / "results/denoiser/poster.png").write_bytes((tmp_path / "results/denoiser/reel.gif").read_bytes())
    project.write_record(tmp_path, stages["render@denoiser"])
    assert told(tmp_path) == {("stale", "dvc.lock", "render@denoiser")}
    assert mends(tmp_path) == {"dvc.lock": "showreel sync"}


def test_a_record_of_other_files_than_the_lock_knows_is_a_broken_chain(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    project.write_record(tmp_path, stages["render@denoiser"], outputs={"results/denoiser/reel.gif": "0" * 64})
    project.write_lock(tmp_path, stages, records=True)
    assert told(tmp_path) == {("broken chain", "lineage/render/denoiser.json", "render@denoiser")}


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"command": "train identity"}', "\udcff", OUTSIDE])
def test_a_malformed_record_is_damaged(tmp_path: Path, content: str) -> None:
    project.make(tmp_path)
    (tmp_path / "lineage/train/denoiser.json").write_bytes(content.encode(errors="surrogateescape"))
    assert told(tmp_path) == {("damaged", "lineage/train/denoiser.json", "train@denoiser")}


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n", "schema: '1.0'\n", "schema: '2.0'\nstages: {a: 1}\n"])
def test_a_malformed_lock_is_damaged_and_the_records_still_count(tmp_path: Path, content: str) -> None:
    project.make(tmp_path)
    (tmp_path / "dvc.lock").write_text(content)
    project.flip(tmp_path / "models/denoiser.keras")
    assert told(tmp_path) == {
        ("damaged", "dvc.lock", ""), ("damaged", "models/denoiser.keras", "train@denoiser")
    }  # fmt: skip


CUT_SHORT: dict[str, Callable[[bytes], bytes]] = {
    "data/prepared/digits/noisy.h5": lambda content: content[: len(content) // 2],
    "models/denoiser.keras": lambda content: content.replace(b"\x00\x00\x00?" * 9, b"\x00\x00\x80>" * 9),
    "results/denoiser/reel.gif": lambda content: content[:40],
    "results/denoiser/poster.png": lambda content: content[:60],
    "results/denoiser/scores.csv": lambda content: content + b"3,4,5\n",
    "results/denoiser/metrics.json": lambda content: content[:-1],
}


@pytest.mark.parametrize("path", CUT_SHORT)
def test_a_file_that_was_recorded_damaged_is_found_by_reading_it(tmp_path: Path, path: str) -> None:
    stages = project.make(tmp_path, lock=False)
    content = (tmp_path / path).read_bytes()
    (tmp_path / path).write_bytes(CUT_SHORT[path](content))
    assert (tmp_path / path).read_bytes() != content
    for stage in stages.values():
        project.write_record(tmp_path, stage)
    (finding,) = check(tmp_path).findings
    assert (finding.kind, finding.path) == ("damaged", path)
    assert finding.detail.startswith("cannot be read: ")
    assert finding.mend.command == "showreel"


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
    assert mends(tmp_path) == {
        "results/denoiser/metrics.json": "git restore results/denoiser/metrics.json",
        "models/denoiser.keras": "dvc checkout --force models/denoiser.keras",
        "results/denoiser/scores.csv": "dvc repro render@denoiser",
    }
    project.flip(place)
    assert mends(tmp_path)["models/denoiser.keras"].startswith(f"rm -f {place.relative_to(tmp_path)} && dvc repro ")


def test_the_command_answers_machines_and_its_exit_code_says_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("showreel.find.PACKAGE", tmp_path / "src/showreel")
    assert cli.main(["verify", "den*", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    assert cli.main(["verify"]) == 0
    assert capsys.readouterr().out.endswith("all right\n")
    project.flip(tmp_path / "models/denoiser.keras")
    assert cli.main(["verify", "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["mend"] == "dvc repro render@denoiser"
    assert cli.main(["verify", "identity"]) == 0
    assert cli.main(["verify", "nothing"]) == 2
    assert cli.main(["verify", "--rebuild", "nothing"]) == 2
    assert cli.main(["verify", "identity", "--rebuild", "identity"]) == 2


def test_verify_loads_neither_tensorflow_nor_an_engine() -> None:
    code = "import sys, showreel.verification.report; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras", "dvc", "snakemake"}.intersection(loaded)


def test_folders_have_the_digest_that_dvc_gives_them(checkout: Checkout) -> None:
    folder = checkout.folder / "made"
    for name in ("b.txt", "a-b/c", "a/d", "a.b", "é", ".hidden", ".snakemake_timestamp", "sub/__pycache__/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    checkout.run("dvc", "stage", "add", "--quiet", "--run", "--name", "keep", "--outs-persist", "made", "true")
    locked = accounts.read(checkout.folder, checkout.folder / "src").lock["keep"].outputs["made"]
    names = digests.files_under(checkout.folder, "made", digests.ignored_names(checkout.folder))
    inside = {name.removeprefix("made/"): digests.of_file(checkout.folder / name).md5 for name in names}
    assert len(inside) == 6
    assert digests.of_folder(inside) == locked


def test_the_graph_is_that_of_dvc(checkout: Checkout) -> None:
    declared = graph.stages(params.load(checkout.folder / "params.yaml"))
    with Repo(str(checkout.folder)) as repo:
        in_dvc = {str(stage.name): stage for stage in repo.index.stages if "@" in str(stage.name)}
        assert declared.keys() == in_dvc.keys()
        for name, stage in declared.items():
            outputs = {str(out) for out in in_dvc[name].outs} - {str(graph.record(stage.command))}
            inputs = {str(dep) for dep in in_dvc[name].deps if not str(dep).startswith(("src/", "params.yaml"))}
            assert in_dvc[name].cmd == f"showreel {stage.command}"
            assert {str(path) for path in stage.outputs} == outputs
            assert {str(path) for path in stage.inputs} == inputs
