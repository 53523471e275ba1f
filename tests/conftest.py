"""The checkouts that tests share: one without data, and each engine's as it stood before each of its stages.

Fuzzing is the same at every run; `pytest --hypothesis-profile=thorough tests/faults -k fuzz` looks further.
"""

import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from checkouts import Checkout
from engines import ENGINES, PORTFOLIO, Engine, History
from hypothesis import HealthCheck, settings
from looked_on import KILLS, prepared, resumed, train
from tensorflow_count import Count
from visits import Visit

from showreel.pipeline import locks

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Once = Callable[[str, Callable[[Path], object]], Path]

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

settings.register_profile(
    "quick", max_examples=100, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2000, derandomize=False)
settings.load_profile("quick")


COUNT = pytest.StashKey["Count"]()


def pytest_configure(config: pytest.Config) -> None:
    """Count the processes that import TensorFlow, once a run."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.stash[COUNT] = Count()
        config.stash[COUNT].start()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell how many there were."""
    if COUNT in config.stash:
        terminalreporter.write_line(f"TensorFlow was imported by {config.stash[COUNT].total()} processes")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse a test file that imports Keras outside of tests/networks: that would cost each worker seconds."""
    heavy = {"keras", "tensorflow"}
    before = heavy & sys.modules.keys()
    report = yield
    if not before and heavy & sys.modules.keys() and collector.path.parent.name != "networks":
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} imports Keras before any test runs; move it into tests/networks"
    return report


def pytest_make_parametrize_id(val: object) -> str | None:
    """Bytes are told by their number: gzip puts the time into them, and all workers must give a test the same name."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that the tests of one file share."""
    return Checkout.fresh(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Folders that all workers of a run share: who asks first fills one, the others wait for it; nobody changes it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def filled(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with locks.alone(shared / f"{name}.lock", name):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return filled


@pytest.fixture(params=ENGINES)
def history(request: pytest.FixtureRequest, once: Once) -> History:
    """The history of one engine."""
    engine = Engine(request.param)
    return History.read(engine, once(f"history-of-{engine.name}", partial(History.write, engine)))


@pytest.fixture(scope="session")
def waiting(once: Once) -> Checkout:
    """A checkout in which all watchers wait for a training to begin; tests copy it."""
    return Checkout(once("waiting", prepared))


@pytest.fixture(scope="session")
def watched(once: Once, waiting: Checkout) -> Checkout:
    """A checkout in which all watchers looked on while a network was trained; tests leave it as it is, or copy it."""
    return Checkout(once("watched", lambda folder: train(waiting.copied(folder / "project"))) / "project")


@pytest.fixture(
    params=[name if name == "before the checkpoint" else pytest.param(name, marks=pytest.mark.faults) for name in KILLS]
)
def kill(request: pytest.FixtureRequest) -> str:
    """When a training that is watched is killed: a name in `looked_on.KILLS`."""
    return str(request.param)


@pytest.fixture
def went_on(once: Once, waiting: Checkout, kill: str) -> tuple[Checkout, Checkout]:
    """Two checkouts: as a killed training left it, and once the training had gone on to its end."""
    name = f"killed-{list(KILLS).index(kill)}"
    folder = once(name, lambda folder: resumed(waiting, folder, KILLS[kill]))
    return Checkout(folder / "killed"), Checkout(folder / "project")


def _portfolio(*command: str) -> Callable[[Path], object]:
    return lambda folder: Checkout.fresh(folder, PORTFOLIO).run(*command)


@pytest.fixture(scope="session")
def made_by_dvc(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which DVC has run three experiments, a study and the gallery; tests copy it, or leave it alone."""
    made = Checkout(once("made-by-dvc", _portfolio("dvc", "repro")))
    return made.copied(tmp_path_factory.mktemp("dvc") / "project")  # its locks are for one worker


@pytest.fixture(scope="session")
def made_by_snakemake(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which Snakemake has run one experiment, what its weights come from, and a study of it."""
    targets = ("denoiser", "results/denoiser-crossed/poster.png")
    made = Checkout(once("made-by-snakemake", _portfolio("snakemake", "--cores", "2", *targets)))
    return made.copied(tmp_path_factory.mktemp("snakemake") / "project")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Chromium; without it the tests that need it are skipped."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; `make browser` installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: "Browser") -> Iterator[Visit]:
    """A page of its own, on which nothing may go wrong."""
    visit = Visit(browser)
    yield visit
    visit.context.close()
    assert visit.complaints == []
