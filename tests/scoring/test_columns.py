import io

import numpy as np
import pandas as pd
import pytest

from showreel.scoring.columns import own, read_back
from showreel.scoring.score import Columns
from showreel.scoring.tables import scores_csv

COUNT = 5
PLAIN = {"psnr": np.arange(COUNT) / 4, "ssim": np.arange(COUNT) / 8}
COUNTS = {"hits": np.arange(2 * COUNT).reshape(COUNT, 2) / 1, "loss": np.arange(COUNT) / 2}


@pytest.mark.parametrize("columns", [PLAIN, COUNTS, {"loss": COUNTS["loss"], "hits": COUNTS["hits"]}])
@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("others", [(), ("input",), ("input", "total_variation", "median")])
def test_columns_are_those_that_were_written(columns: Columns, labelled: bool, others: tuple[str, ...]) -> None:
    each = np.arange(COUNT) / 1
    labels = np.zeros(COUNT, np.int32) if labelled else None
    text = scores_csv(
        each, {"": columns} | {name: {key: c + 1 for key, c in columns.items()} for name in others}, labels
    )
    table = pd.read_csv(io.StringIO(text))
    found = read_back(table)
    assert found.keys() == columns.keys()
    for name, column in columns.items():
        np.testing.assert_array_equal(found[name], column)


def test_counts_of_one_class_stay_counts() -> None:
    text = scores_csv(
        np.zeros(COUNT), {"": {"hits": np.ones((COUNT, 1))}, "input": {"hits": np.ones((COUNT, 1))}}, None
    )
    table = pd.read_csv(io.StringIO(text))
    assert own(table) == ["hits_0"]
    assert read_back(table)["hits"].shape == (COUNT, 1)
