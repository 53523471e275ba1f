"""`showreel compare` with revisions that are none, experiments without a past, and pages where they cannot go."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import files, refused
from samples import make_results
from test_hostile_results import NAME, PARAMS, RESULTS, TABLES

from showreel.cli import parser

pytestmark = pytest.mark.slow

OTHER, LATER = "photos-other", "photos-later"
MORE = f"""\
  {OTHER}: {{task: restoration, dataset: photos, input: photos-noisy, model: unet, weights: random}}
  {LATER}: {{task: restoration, dataset: photos, input: photos-noisy, model: unet, weights: random}}
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git and DVC repository in which two of three experiments have results."""
    folder = tmp_path_factory.mktemp("good") / "project"
    folder.mkdir()
    (folder / "params.yaml").write_text(PARAMS + MORE)
    for name in (NAME, OTHER):
        make_results(folder, name)
    for command in (
        "git init --quiet",
        "dvc init --quiet",
        "git add --all",
        "git -c user.name=t -c user.email=t@t commit --quiet -m made",
    ):
        subprocess.run(command.split(), cwd=folder, check=True)
    return folder


@pytest.fixture
def project(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "project"))


REVISIONS = [
    "", "-", "--upload-pack=touch${IFS}pwned", "--help", "--all", "-h", "--output=pwned", "../..", ":params.yaml",
    "HEAD:params.yaml", "^HEAD", "HEAD..HEAD", "HEAD^@", "HEAD~9", "@{-1}", "HEAD\x1b[2J", "HEAD;touch", "$(touch)",
    "x" * 5000, "HEAD^{tree}", ":/nothing", "\u202ex", "*", "?", "[a-z]*", "exp/../x",
]  # fmt: skip


@pytest.mark.parametrize("revision", REVISIONS, ids=range(len(REVISIONS)))
def test_hostile_revisions_are_refused(good: Path, capsys: pytest.CaptureFixture[str], revision: str) -> None:
    assert "no such revision" in refused(good, f"compare {NAME} {NAME}@{revision}", capsys)


def test_spaces_in_a_revision_are_no_arguments(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(good)
    with contextlib.chdir(good):
        assert parser.main(["compare", NAME, f"{NAME}@HEAD --force"]) == 1
    assert "HEAD --force: git knows no such revision" in capsys.readouterr().err
    assert files(good) == before


@pytest.mark.parametrize("name", ["@HEAD", "@", "../x@HEAD", "nobody", "-x"])
def test_names_of_nobody_are_refused(good: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    refused(good, f"compare {NAME} {name}", capsys, code=2)


def test_one_experiment_twice_is_refused(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "named twice" in refused(good, f"compare {NAME} {NAME} --page page", capsys, code=2)


def test_a_revision_and_today_are_compared(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.chdir(good):
        assert parser.main(["compare", NAME, f"{NAME}@HEAD", "--page", str(tmp_path / "page")]) == 0
    assert "cannot be told apart" in capsys.readouterr().out
    assert len(list((tmp_path / "page/experiments").iterdir())) == 2


@pytest.mark.parametrize("page", ["", " --page page"])
def test_an_experiment_without_that_past_is_refused(good: Path, capsys: pytest.CaptureFixture[str], page: str) -> None:
    assert f"results/{LATER}" in refused(good, f"compare {NAME} {LATER}@HEAD{page}", capsys)


def test_an_experiment_without_results_is_refused(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"results/{LATER}/scores.csv: missing" in refused(good, f"compare {NAME} {LATER} --page page", capsys)


@pytest.mark.faults
@pytest.mark.parametrize("damage", TABLES)
def test_damaged_scores_are_refused(project: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    path = project / RESULTS / "scores.csv"
    path.write_text("\n".join(TABLES[damage](path.read_text().splitlines())))
    said = refused(project, f"compare {OTHER} {NAME} --page page", capsys)
    assert "scores.csv: damaged" in said or "same test examples" in said


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "thesis.tex").write_text("years of work")


def a_link_to_a_gallery(path: Path) -> None:
    (path.parent / "site/assets").mkdir(parents=True)
    (path.parent / "site/assets/gallery.css").touch()
    path.symlink_to("site")


PLACES: dict[str, Callable[[Path], object]] = {
    "a folder of other things": a_folder,
    "a file": lambda path: path.write_text("years of work"),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to a gallery": a_link_to_a_gallery,
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("place", PLACES)
def test_pages_replace_nothing_but_pages(project: Path, capsys: pytest.CaptureFixture[str], place: str) -> None:
    PLACES[place](project / "page")
    said = refused(project, f"compare {OTHER} {NAME} --page page", capsys, code=2)
    assert "page: is no" in said


@pytest.mark.parametrize(
    "page", [".", "..", "results", "results/", "/", "./lineage/..", ".git", "gallery", "./gallery"]
)
def test_the_project_itself_is_not_replaced(project: Path, capsys: pytest.CaptureFixture[str], page: str) -> None:
    with contextlib.chdir(project):
        assert parser.main(["gallery"]) == 0
    refused(project, f"compare {OTHER} {NAME} --page {page}", capsys, code=2)


@pytest.mark.parametrize("page", ["readonly/page", "/proc/page", "params.yaml/page", "x" * 300])
def test_pages_where_nothing_can_be_written(project: Path, capsys: pytest.CaptureFixture[str], page: str) -> None:
    (project / "readonly").mkdir()
    if page.startswith("readonly"):
        (project / "readonly").chmod(0o555)
        if os.access(project / "readonly", os.W_OK):
            pytest.skip("root may write anywhere; a read-only mount is tried in test_gallery_faults")
    refused(project, f"compare {OTHER} {NAME} --page {page}", capsys)


def test_a_damaged_experiment_leaves_the_page_as_it_was(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = f"compare {OTHER} {NAME} --page page"
    with contextlib.chdir(project):
        assert parser.main(command.split()) == 0
    (project / RESULTS / "sheet.json").write_text("{}")
    assert f"{RESULTS}/sheet.json: damaged" in refused(project, command, capsys)
