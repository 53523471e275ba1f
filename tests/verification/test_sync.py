"""What `showreel sync` says of an engine that fails; that it lets both take over is shown by tests/faults."""

import subprocess
from pathlib import Path

import project
import pytest

from showreel.params import loading
from showreel.storage.errors import ShowreelError
from showreel.verification import sync

HEADER = "Assuming unrestricted shared filesystem usage.\n\nSNAKEMAKE\n=========\n  Date: today\n\n"
CAUSES = {
    f"""{HEADER}Building DAG of jobs...
MissingInputException in rule train in file "Snakefile", line 1:
Missing input files for rule train:
    output: models/denoiser.keras
    affected files:
        models/random.keras
""": 'MissingInputException in rule train in file "Snakefile", line 1: Missing input files for rule train: '
    "output: models/denoiser.keras affected files: models/random.keras",
    f"{HEADER}Error: Directory cannot be locked.\n\nDetails elsewhere": "Error: Directory cannot be locked.",
    "Traceback (most recent call last):\n  File ...\n\nSyntaxError: Colon expected.\n\n\nKeyError: 2\n": (
        "SyntaxError: Colon expected.; KeyError: 2"
    ),
    "ERROR: Stage 'a' not found inside 'dvc.yaml' file\n": "ERROR: Stage 'a' not found inside 'dvc.yaml' file",
    "'./dvc.yaml' is invalid.\n\nDid not find ','": "'./dvc.yaml' is invalid. Did not find ','",
    "": "it does not say why",
}


@pytest.mark.parametrize("printed", CAUSES)
def test_the_cause_is_what_the_engine_says_of_its_error(printed: str) -> None:
    assert sync.cause(printed) == CAUSES[printed]


def test_a_cause_is_short() -> None:
    assert len(sync.cause("x" * 100_000)) == len(sync.cause(f"Error: {'x' * 100_000}")) == sync.LONGEST_CAUSE


NOTHING_TO_DO = {"dvc": (0, "{}"), "snakemake": (0, "Nothing to be done")}


def synced(root: Path, monkeypatch: pytest.MonkeyPatch, **answers: tuple[int, str]) -> str:
    """Return what is said of engines that give some answers: exit code and output."""

    def ask(*command: str) -> "subprocess.CompletedProcess[str]":
        code, printed = (NOTHING_TO_DO | answers)[command[0]]
        return subprocess.CompletedProcess(command, code, printed, "")

    monkeypatch.setattr(sync, "ask", ask)
    project.make(root)
    project.enter(root, monkeypatch)
    return sync.sync(["denoiser"], loading.load(root / "params.yaml"), root=root)


def test_where_both_are_up_to_date_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert synced(tmp_path, monkeypatch) == "both engines are up to date"


def test_an_engine_that_fails_is_named_with_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = (1, f"{HEADER}ValueError in file x:\nno number")
    with pytest.raises(ShowreelError, match=r"^`snakemake --dry-run` failed: ValueError in file x: no number$"):
        synced(tmp_path, monkeypatch, snakemake=answer)


def test_where_neither_is_up_to_date_there_is_nothing_to_take_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = (0, "Nothing to be done; missing provenance/metadata")
    with pytest.raises(ShowreelError, match="neither engine has these experiments up to date"):
        synced(tmp_path, monkeypatch, dvc=(0, '{"train@denoiser": []}'), snakemake=forgotten)


def test_what_is_not_as_its_record_says_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ShowreelError, match="still wants to run something"):
        synced(tmp_path, monkeypatch, snakemake=(0, "Job stats"))
    project.flip(tmp_path / "models/denoiser.keras")
    declared = loading.load(tmp_path / "params.yaml")
    with pytest.raises(ShowreelError, match=r"^models/denoiser\.keras: is not what train@denoiser wrote, .*verify`$"):
        sync.sync(["denoiser"], declared, root=tmp_path)
