"""`make readme`: the README shows what the results are, and it makes the same of the same results."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import readme
from checkouts import ROOT
from samples import make_results

from showreel.params import loading
from showreel.pipeline import paths
from showreel.pipeline.provenance import file_digest
from showreel.storage.errors import ShowreelError


def test_the_table_is_what_the_results_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = readme.README.read_text()
    assert text == readme.refreshed(text, readme.results(loading.load(paths.PARAMS))), "run `make readme`"


@pytest.mark.parametrize("name", readme.TABLED)
def test_the_gifs_are_those_of_the_records(name: str) -> None:
    record = json.loads((ROOT / paths.record("render", name)).read_text())
    digest = file_digest(ROOT / readme.PICTURES / f"{name}.gif")
    assert digest == record["outputs"][str(paths.gif(name))], "run `make readme`"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results of the experiments that the README shows, and with a README."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copy(ROOT / "params.yaml", folder)
    for name in readme.PICTURED:
        make_results(folder, name, baseline="" if name.endswith("identity") else "total_variation", better_by=1)
    (folder / "README.md").write_text(f"# Before\n\n{readme.BEGIN}old\n{readme.END}\nAfter\n")
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, in which the script runs."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_row_is_what_the_files_of_its_experiment_say(project: Path) -> None:
    metrics = project / paths.metrics("mnist-denoiser")
    metrics.write_text(json.dumps(json.loads(metrics.read_text()) | {"psnr": 21.139, "psnr_low": 21.1, "gain": 5.386}))
    table = readme.results(loading.load(paths.PARAMS)).splitlines()
    assert len(table) == 5
    assert table[0].startswith("| experiment | input | strongest tuned baseline | network PSNR | SSIM | gain | epochs")
    assert table[2].startswith("| [identity](docs/pictures/mnist-identity.gif) | the target itself | none | ")
    assert table[3].startswith(
        "| [denoiser](docs/pictures/mnist-denoiser.gif) | mnist-noisy (sigma 0.5), 9.00 dB | total var"
    )
    assert table[3].endswith(" | 21.14 dB | 0.500 | +5.39 dB | 4 |")


def test_what_stands_around_the_table_stays() -> None:
    text = f"before\n{readme.BEGIN}\n| old |\n\n{readme.END}after\n"
    assert readme.refreshed(text, "| new |\n") == f"before\n{readme.BEGIN}\n| new |\n\n{readme.END}after\n"
    with pytest.raises(ShowreelError, match=r"README.md: the lines .* are missing"):
        readme.refreshed("| old |\n", "| new |\n")


def test_nothing_changes_while_a_gif_is_missing(project: Path) -> None:
    paths.gif("mnist-superresolution").unlink()
    before = readme.README.read_text()
    with pytest.raises(ShowreelError, match=r"reel.gif: missing; run `dvc repro render@mnist-superresolution`"):
        readme.main()
    assert readme.README.read_text() == before
    assert not readme.PICTURES.exists()


@pytest.mark.skipif(readme.chromium() is None, reason="there is no Chromium; `make browser` installs it")
def test_the_second_time_nothing_changes(project: Path) -> None:
    # In processes of their own: Playwright does not start twice in one, and other tests have a browser open.
    command = [sys.executable, str(ROOT / "docs/readme.py")]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    gifs = {f"docs/pictures/{name}.gif" for name in readme.TABLED}
    assert set(first.split()) == {"README.md", "docs/pictures/gallery.png", *gifs}
    assert second == ""
    assert readme.README.read_text().startswith(f"# Before\n\n{readme.BEGIN}\n| experiment | ")
    for name in readme.TABLED:
        assert (readme.PICTURES / f"{name}.gif").read_bytes() == paths.gif(name).read_bytes()
