"""The checkout that the tests of one file share."""

import pytest
from checkouts import Checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that the tests of one file share."""
    return Checkout.fresh(tmp_path_factory.mktemp("checkout"))
