import json
import os
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from showreel.params import registry
from showreel.pipeline import provenance
from showreel.pipeline.lineage import Lineage
from showreel.storage.errors import ParamsError, ShowreelError

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""The SHA-256 of `abc` in FIPS 180-2."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a package of a module and a folder of code, an input file and a folder of inputs."""
    texts = {"a.py": "A = 1", "parts/b.py": "B = 1", "unrelated.py": "C = 1", "revisions.yaml": "a: 3 # a remark\n"}
    for name, text in texts.items():
        path = tmp_path / "src/showreel" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(provenance, "SOURCE", tmp_path / "src")
    monkeypatch.setattr(registry, "PACKAGE", tmp_path / "src/showreel")
    (tmp_path / "raw").mkdir()
    for name in ("input", "raw/one", "raw/.hidden"):
        (tmp_path / name).write_bytes(b"abc")
    return tmp_path


def begun(project: Path) -> Lineage:
    inputs = [project / "input", project / "raw"]
    record, code = project / "lineage/a.json", [Path("src/showreel/a.py"), Path("src/showreel/parts")]
    return Lineage.begin("a x", record=record, code=code, inputs=inputs, params={"seed": 20})


def publish(project: Path, lineage: Lineage, content: str = "new") -> None:
    with lineage.publishing(project / "out", project / "deep/out2", device="a GPU") as (first, second):
        first.write_text(content)
        second.write_text(content)


def outputs(project: Path) -> list[str]:
    return sorted(str(path.relative_to(project)) for path in project.rglob("*out*"))


def test_outputs_appear_together_with_a_record_of_code_inputs_params_versions_and_facts(project: Path) -> None:
    publish(project, begun(project), "abc")
    record = json.loads((project / "lineage/a.json").read_text())
    assert record["command"] == "a x"
    assert record["params"] == {"seed": 20}
    assert record["inputs"] == {str(project / "input"): ABC, str(project / "raw/one"): ABC}
    assert record["outputs"] == {str(project / "out"): ABC, str(project / "deep/out2"): ABC}
    assert record["code"].keys() == {"showreel/a.py", "showreel/parts"}
    assert record["revision"] == 3
    assert record["id"] == begun(project).id
    digest = record.pop("digest")
    assert digest == provenance.value_digest(record)
    assert record["versions"]["numpy"] == metadata.version("numpy")
    assert record["device"] == "a GPU"


def test_the_record_is_the_same_at_every_run(project: Path) -> None:
    records = []
    for _ in range(2):
        publish(project, begun(project))
        records.append((project / "lineage/a.json").read_bytes())
    assert records[0] == records[1]


def test_the_origin_names_the_record_and_does_not_change_with_the_code(project: Path) -> None:
    before = begun(project).origin
    assert "\n" not in before
    assert json.loads(before) == {"record": str(project / "lineage/a.json"), "id": begun(project).id}
    (project / "src/showreel/parts/b.py").write_text("B = 2")
    assert begun(project).origin == before
    (project / "input").write_bytes(b"abd")
    assert begun(project).origin != before


def test_a_raised_revision_is_another_record(project: Path) -> None:
    before = begun(project)
    (project / "src/showreel/revisions.yaml").write_text("a: 4\n")
    assert begun(project).id != before.id
    assert begun(project).revision == 4


def test_the_key_of_checkpoints_changes_with_the_code_it_depends_on(project: Path) -> None:
    before = begun(project).key(precision="float32")
    assert begun(project).key(precision="bfloat16") != before
    (project / "src/showreel/unrelated.py").write_text("C = 2")
    assert begun(project).key(precision="float32") == before
    (project / "src/showreel/parts/b.py").write_text("B = 2")
    assert begun(project).key(precision="float32") != before


def test_the_record_names_the_last_commit_of_its_code_whatever_was_committed_since(project: Path) -> None:
    def git(*words: str) -> str:
        command = ["git", "-C", str(project), "-c", "user.name=t", "-c", "user.email=t@t", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert begun(project).commit == ""
    git("init", "--quiet")
    git("add", "src")
    git("commit", "--quiet", "-m", "code")
    made = git("rev-parse", "HEAD")
    (project / "src/showreel/unrelated.py").write_text("C = 2")
    git("commit", "--quiet", "--all", "-m", "elsewhere")
    assert begun(project).commit == made
    (project / "src/showreel/parts/b.py").write_text("B = 2")
    assert begun(project).commit == f"{made}+"


@pytest.mark.parametrize("changed", ["input", "raw/one", "raw/another", "src/showreel/a.py", "src/showreel/parts/b.py"])
def test_what_changes_meanwhile_is_named_and_nothing_is_published(project: Path, changed: str) -> None:
    publish(project, begun(project), "old")
    record = (project / "lineage/a.json").read_bytes()
    lineage = begun(project)
    (project / changed).write_text("changed")
    with pytest.raises(ShowreelError, match=f"{changed.replace('/b.py', '')}: changed while `showreel a x` ran"):
        publish(project, lineage)
    assert outputs(project) == ["deep/out2", "out"]
    assert (project / "out").read_text() == "old"
    assert (project / "lineage/a.json").read_bytes() == record


@pytest.mark.parametrize("removed", ["raw/one", "src/showreel/parts/b.py"])
def test_what_vanishes_meanwhile_is_named_and_nothing_is_published(project: Path, removed: str) -> None:
    lineage = begun(project)
    (project / removed).unlink()
    with pytest.raises(ShowreelError, match=f"{removed.replace('/b.py', '')}: changed while"):
        publish(project, lineage)
    assert outputs(project) == []


def test_a_change_that_keeps_size_and_time_is_noticed(project: Path) -> None:
    lineage, status = begun(project), (project / "input").stat()
    (project / "input").write_bytes(b"abd")
    os.utime(project / "input", ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ShowreelError, match="input: changed while"):
        publish(project, lineage)


def test_a_change_while_inputs_are_digested_is_noticed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = provenance.file_digest

    def digest_and_change(path: Path) -> str:
        found = digest(path)
        if path == project / "input":
            path.write_text("changed")
        return found

    monkeypatch.setattr(provenance, "file_digest", digest_and_change)
    lineage = begun(project)
    monkeypatch.setattr(provenance, "file_digest", digest)
    with pytest.raises(ShowreelError, match="input: changed while"):
        publish(project, lineage)
    assert outputs(project) == []


def test_a_touched_file_of_the_same_content_is_no_change(project: Path) -> None:
    lineage = begun(project)
    os.utime(project / "input", (0, 2**33))
    publish(project, lineage)
    assert outputs(project) == ["deep/out2", "out"]


def test_an_edit_of_what_the_stage_does_not_run_is_no_change(project: Path) -> None:
    lineage = begun(project)
    (project / "src/showreel/unrelated.py").write_text("C = 2")
    publish(project, lineage)
    assert outputs(project) == ["deep/out2", "out"]


def test_an_error_leaves_nothing_and_names_the_output_as_the_user_knows_it(project: Path) -> None:
    with pytest.raises(ParamsError) as refusal, begun(project).publishing(project / "out") as (temporary,):
        raise ParamsError(f"{temporary}: is wrong")
    assert str(refusal.value) == f"{project / 'out'}: is wrong"
    assert outputs(project) == []


def test_a_missing_input_is_named_before_anything_runs(project: Path) -> None:
    (project / "input").unlink()
    with pytest.raises(ShowreelError, match="input: missing; run the stage that makes it"):
        begun(project)


def again(project: Path) -> Lineage:
    """Begin a run whose inputs are the outputs of another."""
    inputs, makers = [project / "out"], [project / "lineage/a.json", project / "lineage/none.json"]
    return Lineage.begin("b", record=project / "b.json", code=[], inputs=inputs, makers=makers, params={})


def test_an_input_that_is_not_what_its_maker_wrote_is_refused(project: Path) -> None:
    publish(project, begun(project))
    assert again(project).inputs.keys() == {str(project / "out")}
    (project / "out").write_text("nEw")
    with pytest.raises(ShowreelError, match=r"out: is not what its stage wrote, by .*a\.json; delete it and run"):
        again(project)


@pytest.mark.parametrize("text", ["", "[]", '{"outputs": 3}', '{"outputs": ["abc"]}'])
def test_a_damaged_record_is_named(project: Path, text: str) -> None:
    publish(project, begun(project))
    (project / "lineage/a.json").write_text(text)
    with pytest.raises(ShowreelError, match=r"a\.json: damaged \(.*; delete it and run its stage again"):
        again(project)


def test_temporary_files_of_a_killed_run_are_removed_by_the_next(project: Path) -> None:
    (project / ".out.a1b2c3d4").write_text("half")
    publish(project, begun(project))
    assert outputs(project) == ["deep/out2", "out"]
