"""The checkouts that tests share: one without data, and each engine's as it stood before each of its stages.

Fuzzing is the same at every run; `pytest --hypothesis-profile=thorough tests/faults -k fuzz` looks further.
"""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from checkouts import Checkout
from engines import ENGINES, PARAMS, PORTFOLIO, STAGES, Engine, History
from hypothesis import HealthCheck, settings
from looked_on import prepared, train
from visits import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

settings.register_profile(
    "quick", max_examples=100, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2000, derandomize=False)
settings.load_profile("quick")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Bytes are told by their number: gzip puts the time into them, and all workers must give a test the same name."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that the tests of one file share."""
    return Checkout.fresh(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def histories() -> dict[str, History]:
    return {}


@pytest.fixture(params=ENGINES)
def history(
    request: pytest.FixtureRequest, histories: dict[str, History], tmp_path_factory: pytest.TempPathFactory
) -> History:
    """The history of one engine."""
    engine = Engine(request.param)
    if engine.name not in histories:
        folder = tmp_path_factory.mktemp(engine.name)
        (folder / "now").mkdir()
        checkout, stood = Checkout.fresh(folder / "now", PARAMS), {}
        for stage in STAGES:
            stood[stage] = checkout.copied(folder / f"before-{stage}")
            engine.run(checkout, stage)
        histories[engine.name] = History(engine, stood | {"": checkout})
    return histories[engine.name]


@pytest.fixture(scope="session")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which all watchers wait for a training to begin; tests copy it."""
    return prepared(tmp_path_factory.mktemp("waiting"))


@pytest.fixture(scope="session")
def watched(waiting: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which all watchers looked on while a network was trained."""
    checkout = waiting.copied(tmp_path_factory.mktemp("watched") / "project")
    train(checkout)
    return checkout


@pytest.fixture(scope="session")
def made_by_dvc(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which DVC has run three experiments and the gallery; tests leave it as it is, or copy it."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("dvc"), PORTFOLIO)
    checkout.run("dvc", "repro")
    return checkout


@pytest.fixture(scope="session")
def made_by_snakemake(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which Snakemake has run three experiments and the gallery."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("snakemake"), PORTFOLIO)
    checkout.run("snakemake", "--cores", "4", "all_gifs", "gallery")
    return checkout


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
