"""The stage `gallery`, whose output is a folder, meets with every accident: under both engines and by hand."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from checkouts import Checkout
from engines import Accident, Engine, History
from samples import make_results
from test_both_engines import HELD
from test_hostile_results import NAME, PARAMS
from test_kills import leftovers

from showreel.params import registry

pytestmark = pytest.mark.slow

HAND = Engine("hand")
MOMENTS = {
    "before it works": ("import", "showreel.stages.gallery", 1),
    "before it writes": ("tempfile.mkdtemp", "gallery", 1),
    "between two pages": ("open", "/index.html'", 2),
    "before a picture is copied": ("shutil.copyfile", "sheet.png", 1),
    "before its data are written": ("open", "/data.js'", 1),
    "before the folder appears": ("ctypes.dlsym", "renameat2", 1),
    "before the record": ("os.rename", "lineage/gallery.json", 1),
}
"""The moments at which it is killed: what they are, and the audit event just before which it strikes."""

BEFORE_THE_LAST_PAGE = ("open", "/compare.html'", 1)
QUICK = "before the folder appears"
WITHOUT_AN_OLD_ONE = MOMENTS | {QUICK: ("os.rename", ".gallery.", 1)}
"""Engines remove an output before they run its stage, so that no two folders change places."""

AFTER = "before the record"
SOME = [pytest.param(moment, marks=[] if moment == QUICK else pytest.mark.faults) for moment in MOMENTS]
WHILE_THE_OLD_ONE_GOES = ("os.remove", "index.html", 1)
FULL = "prlimit --pid $PPID --fsize={}"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A project with the results of one experiment, and a gallery that is older than they are."""
    folder = tmp_path_factory.mktemp("alone") / "project"
    folder.mkdir()
    (folder / "params.yaml").write_text(PARAMS)
    shutil.copytree(registry.PACKAGE, folder / "src/showreel", ignore=shutil.ignore_patterns("__pycache__"))
    make_results(folder, NAME)
    checkout = Checkout(folder)
    HAND.run(checkout, "gallery")
    metrics = folder / f"results/{NAME}/metrics.json"
    metrics.write_text(metrics.read_text().replace('"ssim": 0.5', '"ssim": 0.625'))
    return checkout


@pytest.fixture(scope="module")
def renewed(alone: Checkout, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What an undisturbed run makes of it."""
    checkout = alone.copied(tmp_path_factory.mktemp("renewed") / "project")
    HAND.run(checkout, "gallery")
    assert checkout.outputs() != alone.outputs()
    return checkout.outputs()


def remains(checkout: Checkout) -> list[str]:
    """List what a run has left behind."""
    return [path.name for path in checkout.folder.glob(".gallery.*")] + leftovers(checkout.folder)


def of_gallery(outputs: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in outputs.items() if name.startswith("gallery/")}


@pytest.mark.parametrize("moment", SOME)
def test_by_hand_the_old_gallery_stays_whole_until_the_new_one_is(
    alone: Checkout, renewed: dict[str, str], tmp_path: Path, moment: str
) -> None:
    checkout = alone.copied(tmp_path / "checkout")
    code, printed = HAND.run(checkout, "gallery", Accident("gallery", *MOMENTS[moment]))
    assert code == -9, printed
    if moment == AFTER:
        assert of_gallery(checkout.outputs()) == of_gallery(renewed)
    else:
        assert checkout.outputs() == alone.outputs()
    assert_made_good(checkout, HAND, renewed)


@pytest.mark.faults
@pytest.mark.parametrize("moment", [MOMENTS[QUICK], WHILE_THE_OLD_ONE_GOES], ids=["renaming", "removing"])
def test_by_hand_there_is_a_whole_gallery_at_every_moment(
    alone: Checkout, renewed: dict[str, str], tmp_path: Path, moment: tuple[str, str, int]
) -> None:
    checkout = alone.copied(tmp_path / "checkout")
    code, printed = HAND.run(checkout, "gallery", Accident("gallery", *moment))
    assert code == -9, printed
    assert of_gallery(checkout.outputs()) in (of_gallery(alone.outputs()), of_gallery(renewed))


@pytest.mark.parametrize("kilobytes", [pytest.param(0, marks=pytest.mark.faults), 40])
def test_by_hand_no_file_can_grow_any_more(
    alone: Checkout, renewed: dict[str, str], tmp_path: Path, kilobytes: int
) -> None:
    checkout = alone.copied(tmp_path / "checkout")
    limit = FULL.format(1024 * kilobytes)
    code, printed = HAND.run(checkout, "gallery", Accident("gallery", *MOMENTS["before it works"], action=limit))
    assert code == 1
    assert (printed.count("\n"), "File too large" in printed) == (1, True), printed
    assert checkout.outputs() == alone.outputs()
    assert remains(checkout) == []
    assert_made_good(checkout, HAND, renewed)


@pytest.mark.faults
@pytest.mark.parametrize("name", ["gallery", "lineage", "."])
def test_by_hand_a_folder_cannot_be_written(
    alone: Checkout, renewed: dict[str, str], tmp_path: Path, name: str
) -> None:
    checkout = alone.copied(tmp_path / "checkout")
    folder = checkout.folder / name
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode:
        pytest.skip("this user may not mount")
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    try:
        process = HAND.start(checkout, "gallery")
        printed = process.communicate()[0]
        assert process.returncode == 1
        assert printed.count("\n") == 1, printed
        assert re.search("Read-only file system|resource busy", printed), printed
        assert of_gallery(checkout.outputs()) in (of_gallery(alone.outputs()), of_gallery(renewed))
        assert remains(checkout) == []
    finally:
        subprocess.run(["umount", folder], check=True)
    assert_made_good(checkout, HAND, renewed)


CHANGES = {
    "a score": (f"results/{NAME}/metrics.json", "printf ' ' >> {}"),
    "a picture that was copied": (f"results/{NAME}/sheet.png", "printf x >> {}"),
    "a record": (f"lineage/train/{NAME}.json", "printf ' ' >> {}"),
    "the stage's code": ("src/showreel/gallery/page.py", "echo '# edited' >> {}"),
    "results that go": (f"results/{NAME}/history.csv", "rm {}"),
}


@pytest.mark.parametrize(
    "change", [pytest.param(c, marks=[] if c == "a score" else pytest.mark.faults) for c in CHANGES]
)
def test_what_changes_meanwhile_is_not_published(
    alone: Checkout, renewed: dict[str, str], tmp_path: Path, change: str
) -> None:
    name, action = CHANGES[change]
    checkout = alone.copied(tmp_path / "checkout")
    original = (checkout.folder / name).read_bytes()
    accident = Accident("gallery", *BEFORE_THE_LAST_PAGE, action.format(name))
    code, printed = HAND.run(checkout, "gallery", accident)
    assert code == 1
    assert re.search(r"\A.*(changed while `showreel gallery` ran|missing; run the stage).*\n\Z", printed), printed
    assert (Path(name).parent.as_posix() if name.endswith(".py") else name) in printed, "code is known by its folder"
    assert of_gallery(checkout.outputs()) == of_gallery(alone.outputs())
    assert remains(checkout) == []
    (checkout.folder / name).write_bytes(original)
    assert_made_good(checkout, HAND, renewed)


def test_a_second_hand_waits(alone: Checkout, renewed: dict[str, str], tmp_path: Path) -> None:
    checkout = alone.copied(tmp_path / "checkout")
    first = HAND.start(checkout, "gallery", Accident("gallery", *MOMENTS[QUICK], action=HELD))
    while not (checkout.folder / "reached").exists():
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.1)
    second = HAND.start(checkout, "gallery")
    time.sleep(1)
    assert second.poll() is None
    (checkout.folder / "released").touch()
    said = second.communicate()[0]
    assert (first.wait(), second.returncode) == (0, 0)
    first.communicate()
    assert f"waiting for process {first.pid} on " in said
    assert checkout.outputs() == renewed
    assert remains(checkout) == []


@pytest.fixture(scope="session")
def references() -> dict[str, dict[str, str]]:
    return {}


@pytest.fixture
def reference(history: History, references: dict[str, dict[str, str]], tmp_path: Path) -> dict[str, str]:
    """The digests of everything once an engine has made the gallery, too."""
    name = history.engine.name
    if name not in references:
        checkout = history.stood[""].copied(tmp_path / "reference")
        history.engine.run(checkout, "gallery")
        references[name] = checkout.outputs()
        assert of_gallery(references[name])
    return references[name]


@pytest.mark.faults
@pytest.mark.parametrize("moment", MOMENTS)
def test_under_an_engine_a_kill_costs_nothing_but_time(
    history: History, reference: dict[str, str], tmp_path: Path, moment: str
) -> None:
    checkout = history.stood[""].copied(tmp_path / "checkout")
    code, printed = history.engine.run(checkout, "gallery", Accident("gallery", *WITHOUT_AN_OLD_ONE[moment]))
    assert code != 0, printed
    found = checkout.outputs()
    assert found.items() <= reference.items(), "something under a final name is not whole"
    assert of_gallery(found) in ({}, of_gallery(reference)), "a part of a gallery"
    assert_made_good(checkout, history.engine, reference)


@pytest.mark.faults
@pytest.mark.parametrize("kilobytes", [0, 40])
def test_under_an_engine_no_file_can_grow_any_more(
    history: History, reference: dict[str, str], tmp_path: Path, kilobytes: int
) -> None:
    checkout = history.stood[""].copied(tmp_path / "checkout")
    limit = FULL.format(1024 * kilobytes)
    accident = Accident("gallery", *MOMENTS["before it works"], action=limit)
    code, printed = history.engine.run(checkout, "gallery", accident)
    said = printed + checkout.logs()
    assert code != 0
    assert "File too large" in said or not kilobytes, "with no room at all a log stays empty"
    assert "Traceback" not in said
    assert of_gallery(checkout.outputs()) == {}
    assert remains(checkout) == []
    assert_made_good(checkout, history.engine, reference)


@pytest.mark.faults
@pytest.mark.parametrize("change", ["results/denoiser/metrics.json", "src/showreel/gallery/page.py"])
def test_under_an_engine_what_changes_meanwhile_is_not_published(
    history: History, reference: dict[str, str], tmp_path: Path, change: str
) -> None:
    checkout = history.stood[""].copied(tmp_path / "checkout")
    original = (checkout.folder / change).read_bytes()
    accident = Accident("gallery", *BEFORE_THE_LAST_PAGE, f"printf '# ' >> {change}")
    code, printed = history.engine.run(checkout, "gallery", accident)
    assert code != 0
    assert "changed while `showreel gallery` ran" in printed + checkout.logs()
    assert of_gallery(checkout.outputs()) == {}
    (checkout.folder / change).write_bytes(original)
    assert_made_good(checkout, history.engine, reference)


@pytest.mark.faults
def test_under_an_engine_an_orphan_is_waited_for(history: History, reference: dict[str, str], tmp_path: Path) -> None:
    """The engine is killed while its worker is about to publish; the rerun waits for it, then makes the same."""
    checkout = history.stood[""].copied(tmp_path / "checkout")
    pause = Accident("gallery", *WITHOUT_AN_OLD_ONE[QUICK], action="touch reached; sleep 8")
    with history.engine.start(checkout, "gallery", pause) as engine:
        while not (checkout.folder / "reached").exists():
            assert engine.poll() is None, engine.communicate()[0]
            time.sleep(0.1)
        engine.kill()
    history.engine.recover(checkout)
    _, printed = history.engine.run(checkout, "gallery")
    assert "waiting for process" in printed + checkout.logs()
    assert checkout.outputs() == reference
    assert remains(checkout) == []


def assert_made_good(checkout: Checkout, engine: Engine, reference: dict[str, str]) -> None:
    """Run it again, and see that all is as it would be without the accident."""
    engine.run(checkout, "gallery")
    assert checkout.outputs() == reference
    assert remains(checkout) == []
