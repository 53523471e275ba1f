import sys
from pathlib import Path

import pytest
from engines import PARAMS

from showreel.cli import parser
from showreel.storage.errors import ParamsError
from showreel.watching import choice

PACKAGES = {"dvclive", "tensorboard"}


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_a_package_that_is_missing_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS + f"watch: {{{name}: true}}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, name, None)
    assert parser.main(["train", "denoiser"]) == 2
    said = f"watch.{name}: needs the package {name}, which is not installed; pip install 'showreel[live]', or set it to"
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_packages_that_nobody_asked_for_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    choice.check_installed(["dvclive"])
    with pytest.raises(ParamsError):
        choice.check_installed(["dvclive", "tensorboard"])
