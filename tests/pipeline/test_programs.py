import pytest

from showreel.pipeline.programs import ask
from showreel.storage.errors import ShowreelError


def test_what_a_program_prints_and_its_exit_code_come_back() -> None:
    done = ask("sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 3)


def test_a_program_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ShowreelError, match=r"dvc: there is no such program on the PATH; .*activate"):
        ask("dvc", "status")
