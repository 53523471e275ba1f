"""A record of another form than expected is a finding, not a traceback."""

import json
from pathlib import Path

import project
import pytest

from showreel.pipeline import provenance

RECORD = Path("lineage/train/denoiser.json")


def changed(**values: object) -> str:
    """Return a record of the right form but for some values."""
    right = {"id": "", "command": "train denoiser", "commit": "", "code": {}, "revision": 1}
    right |= {"inputs": {}, "params": {}, "versions": {}, "outputs": {}}
    record = right | values
    return json.dumps({"digest": provenance.value_digest(record)} | record)


CONTENTS = {
    "nothing": "",
    "cut": "{",
    "a list": "[]",
    "empty": "{}",
    "a command alone": '{"command": "train identity"}',
    "no text": "\udcff",
    "nested": "[" * 100_000,
    "of another stage": changed(command="train identity"),
    "of no stage": changed(command=""),
    "outside of the project": changed(inputs={"../../etc": ""}),
    "an absolute path": changed(outputs={"/etc": ""}),
    "a digest that is none": changed(outputs={"models/denoiser.keras": 5}),
    "a commit that is none": changed(commit="HEAD; rm -rf ~"),
    "a revision that is none": changed(revision="1"),
    "of an earlier version": '{"code": {}, "command": "train denoiser", "inputs": {}, "outputs": {}, "params": {}}',
    "changed afterwards": changed(digest="0" * 64),
}


@pytest.mark.parametrize("content", CONTENTS)
def test_a_malformed_record_is_damaged(tmp_path: Path, content: str) -> None:
    project.make(tmp_path)
    (tmp_path / RECORD).write_bytes(CONTENTS[content].encode(errors="surrogateescape"))
    assert project.findings(tmp_path) == {("damaged", str(RECORD), "train@denoiser")}


def test_each_of_these_reasons_is_another_one(tmp_path: Path) -> None:
    """A record of the right form is refused for what is changed in it alone."""
    project.make(tmp_path)
    (tmp_path / RECORD).write_text(changed())
    assert not any(finding.path == str(RECORD) for finding in project.check(tmp_path).findings)
    details = set()
    for content in CONTENTS.values():
        (tmp_path / RECORD).write_bytes(content.encode(errors="surrogateescape"))
        details.add(project.check(tmp_path).findings[0].detail)
    assert len(details) == len(CONTENTS) - 3  # four have no revision


def test_a_record_of_an_earlier_version_says_what_to_do(tmp_path: Path) -> None:
    project.make(tmp_path)
    (tmp_path / RECORD).write_text(CONTENTS["of an earlier version"])
    (finding,) = project.check(tmp_path).findings
    assert "without a revision, as those of earlier versions: delete it, and run its stage again" in finding.detail


def test_what_a_record_says_does_no_harm_to_a_terminal(tmp_path: Path) -> None:
    stages = project.make(tmp_path)
    project.write_record(tmp_path, stages["train@denoiser"], params={"\x1b[2J": "\x1b]0;title\x07"})
    (tmp_path / "lineage/train/identity.json").write_text(changed(command="\x1b[2J"))
    assert all(finding.detail.isprintable() for finding in project.check(tmp_path).findings)
