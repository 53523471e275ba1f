import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkouts import ROOT

from showreel.cli import completion, parser


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_there_is_a_script_for_each_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parser.main(["--print-completion", shell])
    assert not end.value.code
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("compare", "rebuild", "apply"))


def completed(folder: Path, *words: str) -> list[str]:
    """Return what a real bash offers for the last word."""
    cli = Path(sys.executable).with_name("showreel")
    line = " ".join(f"'{word}'" for word in words)
    script = f"""
        source <({cli} --print-completion bash)
        COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; COMP_LINE="{" ".join(words)}"
        _shtab_showreel; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {"PATH": f"{cli.parent}:/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_commands_options_and_the_experiments_of_this_project() -> None:
    assert completed(ROOT, "showreel", "comp") == ["compare"]
    assert "--json" in completed(ROOT, "showreel", "show", "--")
    assert completed(ROOT, "showreel", "show", "mnist-d") == ["mnist-denoiser"]
    assert completed(ROOT, "showreel", "verify", "--rebuild", "mnist-d") == ["mnist-denoiser"]
    assert completed(ROOT, "showreel", "new", "") == ["dataset", "degradation", "model", "task"]


def test_the_program_starts_without_what_writes_the_scripts() -> None:
    code = "import sys, showreel.cli.parser; showreel.cli.parser._parser(); print('shtab' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
