"""Each engine with a tiny experiment, as it stood before each of its stages; made once in a session."""

import pytest
from checkouts import Checkout
from engines import ENGINES, PARAMS, STAGES, Engine, History


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
