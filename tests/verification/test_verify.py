"""`showreel verify` on a small project: what is right goes unmentioned, each sort of fault is named with its mend."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import project
import pytest

from showreel.pipeline.graph import Stage
from showreel.verification import report

EVERY_KIND_OF_FILE = (
    "data/raw/digits/images.npy",
    "data/raw/digits/labels/a.npy",
    "data/prepared/digits.h5",
    "data/prepared/digits-noisy.h5",
    "models/denoiser.keras",
    "models/denoiser.reel.h5",
    "models/denoiser.chosen.h5",
    "results/denoiser/history.csv",
    "results/denoiser/metrics.json",
    "results/denoiser/scores.csv",
    "results/denoiser/reel.gif",
    "results/denoiser/poster.png",
    "gallery/index.html",
)
NOISY, NETWORK = "data/prepared/digits-noisy.h5", "models/denoiser.keras"

ENGINES = pytest.mark.parametrize("lock", [True, False], ids=["dvc", "snakemake"])


@pytest.fixture
def stages(tmp_path: Path) -> dict[str, Stage]:
    """The stages of a project in which all is right."""
    return project.make(tmp_path)


def edit(root: Path, old: str, new: str) -> None:
    """Change params.yaml."""
    assert old in project.PARAMS
    (root / "params.yaml").write_text(project.PARAMS.replace(old, new))


def test_a_project_in_order_has_no_findings(tmp_path: Path, stages: dict[str, Stage]) -> None:
    found = project.check(tmp_path, strict=True)
    assert found.findings == []
    assert found.runs == len(stages) == 10
    assert project.check(tmp_path, ["denoiser"]).runs == 6
    assert project.check(tmp_path, ["denoiser"]).findings == []


@pytest.mark.parametrize("path", EVERY_KIND_OF_FILE)
@pytest.mark.usefixtures("stages")
def test_one_changed_bit_is_one_finding(tmp_path: Path, path: str) -> None:
    project.flip(tmp_path / path)
    (finding,) = project.check(tmp_path).findings
    assert (finding.kind, finding.path) == ("damaged", path)
    assert "by the digest in lineage/" in finding.detail


@pytest.mark.parametrize("path", EVERY_KIND_OF_FILE)
@pytest.mark.usefixtures("stages")
def test_a_missing_output_is_named_once_though_others_read_it(tmp_path: Path, path: str) -> None:
    (tmp_path / path).unlink()
    (finding,) = project.check(tmp_path).findings
    assert (finding.kind, finding.path) == ("missing", path)


@pytest.mark.parametrize("place", [number / 20 for number in range(21)])
@pytest.mark.usefixtures("stages")
def test_one_changed_bit_in_a_record_is_one_finding(tmp_path: Path, place: float) -> None:
    project.flip(tmp_path / "lineage/train/denoiser.json", place)
    assert project.findings(tmp_path) == {("damaged", "lineage/train/denoiser.json", "train@denoiser")}


def test_results_of_other_code_are_published_and_a_fault_only_to_the_strict(
    tmp_path: Path, stages: dict[str, Stage]
) -> None:
    (tmp_path / project.CODE).write_text("# edited\n")
    found = project.check(tmp_path)
    names = [name for name, stage in stages.items() if Path(project.FOLDER) in stage.code]
    assert names == ["train@denoiser", "evaluate@denoiser", "train@identity", "evaluate@identity"]
    assert {finding[:3] for finding in found.findings} == {("published", project.FOLDER, name) for name in names}
    assert report.of_check(found).right
    assert report.of_check(found).text.splitlines()[-1].endswith(": all right (4 published)")
    strict = report.of_check(project.check(tmp_path, strict=True))
    assert not strict.right
    assert strict.text.splitlines()[-1].endswith(": 4 published")


@ENGINES
def test_one_cause_is_one_line_with_the_command_that_mends_it(tmp_path: Path, lock: bool) -> None:
    project.make(tmp_path, lock=lock)
    (tmp_path / project.CODE).unlink()
    assert "run: " not in report.of_check(project.check(tmp_path)).text
    first, *mends, _ = report.of_check(project.check(tmp_path, strict=True)).text.splitlines()
    assert first == (
        f"published: {project.FOLDER} is gone since it ran "
        "(4 stages: train@denoiser, evaluate@denoiser, train@identity, …)"
    )
    command = "dvc repro render@denoiser render@identity" if lock else "snakemake --cores 1 denoiser identity"
    assert mends == [f"    run: {command}"]


@pytest.mark.parametrize("commit", ["", f"{project.COMMIT}+"])
def test_results_of_code_that_no_commit_has_are_stale(tmp_path: Path, stages: dict[str, Stage], commit: str) -> None:
    project.write_record(tmp_path, stages["render@identity"], commit=commit)
    project.write_record(tmp_path, stages["gallery"])
    (tmp_path / "src/showreel/stages/render.py").write_text("# edited\n")
    assert project.findings(tmp_path) == {
        ("stale", "src/showreel/stages/render.py", "render@identity"),
        ("published", "src/showreel/stages/render.py", "render@denoiser"),
    }


@pytest.mark.usefixtures("stages")
def test_a_changed_value_makes_stale_what_used_it_and_both_values_are_named(tmp_path: Path) -> None:
    edit(tmp_path, "sigma: 0.5", "sigma: 0.3")
    (finding,) = project.check(tmp_path).findings
    assert finding[:3] == ("stale", "params.yaml", "degrade@digits-noisy")
    assert finding.detail == "has inputs.digits-noisy.sigma = 0.3, which was 0.5"


def test_values_that_come_and_go_are_named(tmp_path: Path, stages: dict[str, Stage]) -> None:
    edit(tmp_path, "filters: 2}", "filters: 2}\n  # a comment")
    assert project.findings(tmp_path) == set()
    edit(tmp_path, "precision: float32}", "precision: float32, deterministic: true}")
    details = {finding.detail for finding in project.check(tmp_path).findings}
    assert details == {"has training.deterministic = True, which was not there"}
    (finding,) = project.check(tmp_path, ["identity"]).findings
    assert finding.mend == ("dvc repro", ("render@identity",))
    (tmp_path / "params.yaml").write_text(project.PARAMS)
    project.write_record(tmp_path, stages["train@identity"], params={"training": {"devices": 2}, "watch": "all"})
    details = {finding.detail for finding in project.check(tmp_path, ["identity"]).findings}
    assert details >= {"no longer has training.devices, which was 2", "no longer has watch, which was 'all'"}


@pytest.mark.usefixtures("stages")
def test_code_that_changed_along_with_a_value_is_stale_too(tmp_path: Path) -> None:
    (tmp_path / "src/showreel/stages/degrade.py").write_text("# edited\n")
    edit(tmp_path, "sigma: 0.5", "sigma: 0.3")
    assert project.findings(tmp_path) == {
        ("stale", "params.yaml", "degrade@digits-noisy"),
        ("stale", "src/showreel/stages/degrade.py", "degrade@digits-noisy"),
    }


@pytest.mark.usefixtures("stages")
def test_a_raised_revision_makes_its_stages_stale(tmp_path: Path) -> None:
    path = tmp_path / "src/showreel/revisions.yaml"
    path.write_text(path.read_text().replace("train: 1", "train: 2"))
    found = project.check(tmp_path).findings
    assert {finding[:3] for finding in found} == {
        ("stale", "src/showreel/revisions.yaml", f"train@{name}") for name in ("denoiser", "identity")
    }
    assert {finding.detail for finding in found} == {"has train: 2, which was 1"}


def test_a_model_put_in_place_of_the_trained_one_breaks_the_chain(tmp_path: Path, stages: dict[str, Stage]) -> None:
    project.write_keras(tmp_path / NETWORK, 0.25)
    project.write_record(tmp_path, stages["evaluate@denoiser"])
    assert project.findings(tmp_path) == {("broken chain", NETWORK, "evaluate@denoiser")}


def test_an_input_that_was_made_again_makes_its_readers_stale(tmp_path: Path, stages: dict[str, Stage]) -> None:
    project.write_keras(tmp_path / NETWORK, 0.25)
    project.write_record(tmp_path, stages["train@denoiser"])
    assert project.findings(tmp_path) == {
        ("stale", NETWORK, "evaluate@denoiser"),
    }


def test_a_record_that_was_written_again_makes_its_readers_stale(tmp_path: Path, stages: dict[str, Stage]) -> None:
    project.write_record(tmp_path, stages["degrade@digits-noisy"], versions={"numpy": "3"})
    assert project.findings(tmp_path) == {("stale", "lineage/prepared/digits-noisy.json", "evaluate@denoiser")}


def test_a_file_that_came_into_a_folder_makes_its_readers_stale(tmp_path: Path, stages: dict[str, Stage]) -> None:
    (tmp_path / "data/raw/digits/new.npy").touch()
    assert project.findings(tmp_path) == {("unknown origin", "data/raw/digits/new.npy", "download@digits")}
    project.write_record(tmp_path, stages["download@digits"])
    assert project.findings(tmp_path) == {("stale", "data/raw/digits/new.npy", "prepare@digits")}


def test_a_file_from_outside_the_pipeline_is_fine_while_it_stays_as_it_was_read(
    tmp_path: Path, stages: dict[str, Stage]
) -> None:
    path = tmp_path / "exports/denoiser.onnx"
    path.parent.mkdir()
    path.write_text("an export")
    read = {str(path.relative_to(tmp_path)): project.sha256(path)}
    inputs = {name: project.sha256(tmp_path / name) for place in stages["gallery"].inputs for name in (str(place),)}
    project.write_record(tmp_path, stages["gallery"], inputs=inputs | read)
    assert project.findings(tmp_path) == set()
    path.write_text("another one")
    for reason in ("has changed since it was read", "is gone since it was read"):
        (finding,) = project.check(tmp_path).findings
        assert finding[:4] == ("stale", "exports/denoiser.onnx", "gallery", reason)
        path.unlink(missing_ok=True)
    assert project.mends(tmp_path) == {
        "exports/denoiser.onnx": ("git restore exports/denoiser.onnx", "dvc repro --single-item gallery")
    }


@pytest.mark.usefixtures("stages")
def test_a_missing_link_is_a_broken_chain_and_its_file_of_unknown_origin(tmp_path: Path) -> None:
    (tmp_path / "lineage/prepared/digits-noisy.json").unlink()
    assert project.findings(tmp_path) == {
        ("unknown origin", NOISY, "degrade@digits-noisy"),
        ("broken chain", NOISY, "train@denoiser"),
        ("broken chain", NOISY, "evaluate@denoiser"),
    }


@pytest.mark.usefixtures("stages")
def test_results_without_any_record_are_of_unknown_origin(tmp_path: Path) -> None:
    shutil.copy(tmp_path / NETWORK, tmp_path / "models/other.keras")
    (tmp_path / "models/.denoiser.x.keras").write_bytes(b"left over by a run that was killed")
    (tmp_path / "results/denoiser/notes.txt").write_text("mine")
    assert project.findings(tmp_path) == {("unknown origin", "models/other.keras", "")}


def test_what_has_not_run_is_a_fault_only_when_asked_for(tmp_path: Path) -> None:
    project.make(tmp_path)
    for folder in ("data", "models", "results", "lineage", "gallery"):
        shutil.rmtree(tmp_path / folder)
    found = project.check(tmp_path).findings
    assert {finding.kind for finding in found} == {"never run"}
    assert len(found) == 10
    assert not any(finding.fault for finding in found)
    found = project.check(tmp_path, ["denoiser"]).findings
    assert len(found) == 6
    assert all(finding.fault for finding in found)


@pytest.mark.usefixtures("stages")
def test_a_stage_that_is_no_longer_declared_is_orphaned(tmp_path: Path) -> None:
    lines = [line for line in project.PARAMS.splitlines(keepends=True) if "identity" not in line]
    (tmp_path / "params.yaml").write_text("".join(lines))
    verbs = ("train", "evaluate", "render")
    assert project.findings(tmp_path) == {
        *(("orphaned", f"lineage/{verb}/identity.json", f"{verb}@identity") for verb in verbs),
        ("stale", "params.yaml", "gallery"),
    }
    assert not any(finding.fault for finding in project.check(tmp_path).findings if finding.stage != "gallery")


def test_each_fault_has_its_mend_and_what_helps_where_that_does_not(tmp_path: Path) -> None:
    project.make(tmp_path)
    paths = ("results/denoiser/metrics.json", "lineage/train/identity.json", NETWORK, "data/raw/digits/labels/a.npy")
    for path in paths:
        project.flip(tmp_path / path)
    (tmp_path / "results/denoiser/reel.gif").unlink()
    again = "dvc repro --force --single-item"
    anew = f'chmod -R u+w "$(dvc cache dir)" && {again}'
    assert project.mends(tmp_path) == {
        paths[0]: (f"git restore {paths[0]}", f"{again} evaluate@denoiser"),
        paths[1]: (f"git restore {paths[1]}", f"{again} train@identity"),
        paths[2]: (f"dvc checkout --force {NETWORK}", f"{anew} train@denoiser"),
        paths[3]: ("dvc checkout --force data/raw/digits", f"{anew} download@digits"),
        "results/denoiser/reel.gif": (
            "dvc checkout --force results/denoiser/reel.gif", f"{anew} render@denoiser",
        ),
    }  # fmt: skip
    (tmp_path / "dvc.lock").unlink()
    mends = project.mends(tmp_path)
    assert mends[paths[0]] == (f"git restore {paths[0]}", "showreel evaluate denoiser")
    assert mends[paths[2]] == ("showreel train denoiser", "")


@pytest.mark.usefixtures("stages")
def test_what_is_missing_is_one_line_and_so_are_records_of_an_earlier_version(tmp_path: Path) -> None:
    for path in ("models/denoiser.keras", "results/identity/metrics.json"):
        (tmp_path / path).unlink()
    for name in ("denoiser", "identity"):
        (tmp_path / f"lineage/render/{name}.json").write_text("{}")
    lines = report.of_check(project.check(tmp_path)).text.splitlines()
    assert [line.split(" is not")[0].split(" not on")[0] for line in lines if "    run: " not in line][:2] == [
        "damaged: lineage/render/denoiser.json, lineage/render/identity.json",
        "missing: models/denoiser.keras, results/identity/metrics.json",
    ]
    assert lines[-1].endswith(": 2 damaged, 2 missing")
    assert len(lines) == len(["damaged", "its mend", "missing", "git's mend", "DVC's mend", "the summary"])


@pytest.mark.usefixtures("stages")
def test_both_mends_stand_in_one_line(tmp_path: Path) -> None:
    anew = 'chmod -R u+w "$(dvc cache dir)" && dvc repro --force --single-item'
    project.flip(tmp_path / NETWORK)
    found = report.of_check(project.check(tmp_path))
    assert found.text.splitlines()[:2] == [
        f"damaged: {NETWORK} is not what train@denoiser wrote, by the digest in lineage/train/denoiser.json "
        "(train@denoiser)",
        f"    run: dvc checkout --force {NETWORK}; if that does not help: {anew} train@denoiser",
    ]
    (finding,) = json.loads(found.json)["findings"]
    assert finding["mend"] == f"dvc checkout --force {NETWORK}"
    assert finding["otherwise"] == f"{anew} train@denoiser"


def test_the_command_answers_machines_and_its_exit_code_says_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from showreel.cli import parser

    project.make(tmp_path)
    project.enter(tmp_path, monkeypatch)
    assert parser.main(["verify", "den*", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    assert parser.main(["verify"]) == 0
    assert capsys.readouterr().out.endswith("all right\n")
    (tmp_path / project.CODE).write_text("# edited\n")
    assert parser.main(["verify"]) == 0
    assert parser.main(["verify", "--strict"]) == 1
    project.flip(tmp_path / NETWORK)
    capsys.readouterr()
    assert parser.main(["verify", "--json"]) == 1
    finding = json.loads(capsys.readouterr().out)["findings"][0]
    assert finding["mend"] == f"dvc checkout --force {NETWORK}"
    assert parser.main(["verify", "identity"]) == 0
    assert parser.main(["verify", "nothing"]) == 2
    assert parser.main(["verify", "--rebuild", "nothing"]) == 2
    assert parser.main(["verify", "identity", "--rebuild", "identity"]) == 2


def test_verify_loads_neither_tensorflow_nor_an_engine() -> None:
    code = "import sys, showreel.verification.report; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras", "dvc", "snakemake"}.intersection(loaded)
