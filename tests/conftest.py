"""The checkouts that tests share: one without data, and each engine's as it stood before each of its stages.

Fuzzing is the same at every run; `pytest --hypothesis-profile=thorough tests/faults -k fuzz` looks further.
"""

import pytest
from checkouts import Checkout
from engines import ENGINES, PARAMS, PORTFOLIO, STAGES, Engine, History
from hypothesis import HealthCheck, settings
from looked_on import prepared, train

settings.register_profile(
    "quick", max_examples=100, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2000, derandomize=False)
settings.load_profile("quick")


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
    """A checkout in which DVC has run three experiments; tests leave it as it is, or copy it."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("dvc"), PORTFOLIO)
    checkout.run("dvc", "repro", "--glob", "render@*")
    return checkout


@pytest.fixture(scope="session")
def made_by_snakemake(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which Snakemake has run three experiments."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("snakemake"), PORTFOLIO)
    checkout.run("snakemake", "--cores", "4", "all_gifs")
    return checkout
