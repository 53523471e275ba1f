"""The heat map of a cross study."""

import numpy as np
import pandas as pd
import pytest

from showreel.drawing.colours import BACKGROUND, BASELINE, NETWORK, TEXT
from showreel.scoring.score import Score
from showreel.studies.cross import drawing

STRENGTHS = [0.1, 0.5, 1.0]
SCORE = Score("accuracy", ".1f", "%")


def cells(network: list[float], baseline: list[float], **more: list[float]) -> pd.DataFrame:
    frame = pd.DataFrame({"sigma": STRENGTHS, "count": 7, "baseline": "majority", "accuracy": network})
    return frame.assign(accuracy_low=network, accuracy_high=network, baseline_accuracy=baseline, **more)


def colour(picture: np.ndarray, row: int, column: int) -> tuple[int, ...]:
    """Return the colour of a cell at its upper left corner, where nothing is written."""
    return tuple(map(int, picture[drawing._top(row) + 1, drawing._left(column) + 1]))


def brightness(picture: np.ndarray, row: int) -> list[int]:
    return [sum(colour(picture, row, column)) for column in range(len(STRENGTHS))]


def draw(frame: pd.DataFrame, score: Score = SCORE, trained: float | None = 0.5) -> np.ndarray:
    return drawing.heat_map("crossed", frame, score=score, over="sigma", trained=trained)


def test_a_better_score_is_lighter_over_all_rows() -> None:
    picture = draw(cells([90.0, 60.0, 10.0], [50.0, 50.0, 20.0]))
    network, baseline = brightness(picture, 0), brightness(picture, 1)
    assert network[0] > network[1] > baseline[0] == baseline[1] > baseline[2] > network[2] == 0


def test_a_lower_score_is_lighter_where_lower_is_better() -> None:
    picture = draw(cells([90.0, 60.0, 10.0], [50.0, 50.0, 20.0]), Score("error", ".1f", better="lower"))
    network = brightness(picture, 0)
    assert network[0] == 0
    assert network == sorted(network)


def test_a_gain_has_the_colour_of_the_side_that_is_better() -> None:
    picture = draw(cells([2.0, 1.0, 0.0], [0.0, 1.0, 2.0], gain=[2.0, 0.0, -2.0]))
    assert colour(picture, 2, 0) == NETWORK
    assert colour(picture, 2, 1) == BACKGROUND
    assert colour(picture, 2, 2) == BASELINE


def test_the_strength_of_the_training_stands_out_unless_the_data_set_is_another() -> None:
    frame = cells([2.0, 1.0, 0.0], [0.0, 1.0, 2.0])
    head = slice(drawing.HEADER - 24, drawing.HEADER)

    def has(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
        return bool((picture[head] == colour).all(axis=-1).any())

    assert has(draw(frame), NETWORK)
    assert has(draw(frame), TEXT)
    assert not has(draw(frame, trained=None), NETWORK)


@pytest.mark.parametrize("rows", [1, 12])
def test_the_picture_is_as_wide_as_there_are_strengths_and_as_its_title_at_least(rows: int) -> None:
    frame = pd.concat([cells([2.0, 1.0, 0.0], [0.0, 1.0, 2.0])] * 12).head(rows)
    picture = draw(frame)
    assert picture.dtype == np.uint8
    assert picture.shape[1] == max(480, drawing._left(rows) - drawing.GAP + drawing.MARGIN + drawing.GAP)


def test_scores_that_are_all_equal_can_be_drawn() -> None:
    draw(cells([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], gain=[0.0, 0.0, 0.0]))


def test_a_study_without_baselines_has_the_rows_of_the_network_alone() -> None:
    frame = cells([2.0, 1.0, 0.0], [0.0, 1.0, 2.0])
    alone = draw(frame.drop(columns="baseline_accuracy"))
    assert alone.shape[0] == draw(frame).shape[0] - drawing.CELL_HEIGHT - drawing.GAP
