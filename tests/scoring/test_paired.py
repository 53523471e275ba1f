import json
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from showreel.params import registry
from showreel.scoring import paired as module
from showreel.scoring.paired import Side, as_json, as_text, compare
from showreel.scoring.score import Columns, Score
from showreel.storage.errors import ShowreelError

HIGHER, LOWER = Score("PSNR", unit="dB"), Score("error", better="lower")


def paired(reference: NDArray[np.float32], other: NDArray[np.float32], score: Score = HIGHER) -> module.Paired:
    return module.paired(reference, other, score)


def side(label: str, psnr: ArrayLike, truth: str = "0", given: str = "noisy", **columns: ArrayLike) -> Side:
    scores = np.asarray(psnr, np.float32).astype(np.float64)
    others = {name: np.asarray(values, np.float64) for name, values in columns.items()}
    return Side(label, "restoration", truth, given, {"psnr": scores, "ssim": scores * 0.01} | others, scores)


def test_differences_and_shares_are_those_counted_by_hand() -> None:
    result = paired(np.array([1, 2, 3, 4], np.float32), np.array([2, 2, 2, 8], np.float32))
    assert (result.difference, result.better, result.worse) == (1.0, 0.5, 0.25)
    assert result.low < 1 < result.high


def test_of_a_score_that_is_better_the_lower_it_is_lower_ones_are_better() -> None:
    result = paired(np.array([1, 2, 3, 4], np.float32), np.array([2, 2, 2, 8], np.float32), LOWER)
    assert (result.difference, result.better, result.worse) == (1.0, 0.25, 0.5)
    assert paired(np.array([1, 2], np.float32), np.array([2, 3], np.float32), LOWER).side(LOWER) == "worse"
    assert paired(np.array([2, 3], np.float32), np.array([1, 2], np.float32), LOWER).side(LOWER) == "better"


def test_equal_differences_leave_no_doubt() -> None:
    result = paired(np.array([1, 2, 3], np.float32), np.array([2, 3, 4], np.float32))
    assert (result.difference, result.low, result.high, result.better) == (1, 1, 1, 1)


def test_the_interval_is_that_of_the_normal_approximation_where_examples_are_many() -> None:
    differences = np.random.default_rng(3).normal(0.2, 1, 5000).astype(np.float32)
    result = paired(np.zeros(5000, np.float32), differences)
    reach = 1.96 * differences.std(ddof=1) / np.sqrt(5000)
    assert result.low == pytest.approx(differences.mean() - reach, abs=0.003)
    assert result.high == pytest.approx(differences.mean() + reach, abs=0.003)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(4)
    covered = 0
    for _ in range(200):
        result = paired(np.zeros(200, np.float32), generator.normal(0.5, 1, 200).astype(np.float32))
        covered += result.low <= 0.5 <= result.high
    assert 180 <= covered <= 199


def test_pairing_finds_what_means_alone_would_not() -> None:
    generator = np.random.default_rng(5)
    difficulty = generator.normal(20, 5, 400)
    reference, other = difficulty, difficulty + generator.normal(0.1, 0.2, 400)
    assert paired(reference.astype(np.float32), other.astype(np.float32)).low > 0


def test_other_test_examples_are_refused() -> None:
    with pytest.raises(ShowreelError, match="b and a were not scored on the same test examples"):
        compare(side("a", [1, 2]), [side("b", [1, 2], truth="1")])
    with pytest.raises(ShowreelError, match="same test examples"):
        compare(side("a", [1, 2]), [side("b", [1, 2, 3])])


def test_other_tasks_are_refused() -> None:
    with pytest.raises(ShowreelError, match="b and a learn different tasks, segmentation and restoration"):
        compare(side("a", [1, 2]), [side("b", [1, 2])._replace(task="segmentation")])


def test_the_text_says_who_is_better_or_that_nobody_knows() -> None:
    noise = np.random.default_rng(6).normal(0, 1, 100)
    text = as_text(side("a", np.zeros(100)), [side("b", np.full(100, 2.0)), side("c", noise)])
    assert "b is better than a by 2.00 dB on average, on 100.0% of the examples" in text
    assert "c and a cannot be told apart" in text
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_every_score_has_a_table_with_its_digits_and_its_direction() -> None:
    reference, other = side("a", np.full(9, 20.0), mse=np.full(9, 0.25)), side("b", np.full(9, 21.5), mse=np.full(9, 0))
    tables = as_text(reference, [other]).split("\n\n")[1:4]
    cells = [table.splitlines()[2].split() for table in tables]
    assert [row[1:4] for row in cells] == [["21.50", "dB", "+1.50"], ["0.2150", "+0.0150", "+0.0150"], [
        "0.000000", "-0.250000", "-0.250000",
    ]]  # fmt: skip
    assert [table.splitlines()[0].split("  ")[0].strip() or table.split()[0] for table in tables][:2] == [
        "PSNR",
        "SSIM",
    ]
    assert "MSE (lower is better)" in tables[2]
    assert [row[-2:] for row in cells] == [["100.0%", "0.0%"]] * 3


def test_scores_that_disagree_are_pointed_out() -> None:
    ones = np.ones(50)
    text = as_text(side("a", ones, ssim=ones), [side("b", ones * 2, ssim=ones / 2)])
    assert text.endswith("by SSIM it is the other way round")
    text = as_text(side("a", ones, ssim=ones, mse=ones), [side("b", ones * 2, ssim=ones / 2, mse=ones * 2)])
    assert text.endswith("by SSIM and MSE it is the other way round")
    text = as_text(side("a", ones, ssim=ones, mse=ones), [side("b", ones * 2, ssim=ones * 2, mse=ones / 2)])
    assert text.endswith("on 100.0% of the examples")


def test_scores_of_which_one_alone_decides_are_told_apart() -> None:
    ones, swing = np.ones(50), np.tile([0.0, 2.0], 25)
    text = as_text(side("a", ones, ssim=ones), [side("b", swing, ssim=ones * 2)])
    assert text.endswith("b and a cannot be told apart by PSNR: the interval holds 0; by SSIM b is better")


def test_networks_that_were_given_other_inputs_are_not_called_better_without_a_word() -> None:
    text = as_text(side("a", [1, 2]), [side("b", [2, 3], given="clean")])
    assert text.endswith("b was given clean, a noisy: this compares what they were given, not the networks")


def test_machines_get_the_same_numbers() -> None:
    first, second = side("a", [1, 2, 3]), side("b", [2, 3, 5])
    content = json.loads(as_json(first, [second]))
    assert (content["reference"], content["task"], content["score"], content["examples"]) == (
        "a", "restoration", "psnr", 3,
    )  # fmt: skip
    result = compare(first, [second])["b"]["psnr"]
    assert content["compared"]["b"]["psnr"]["difference"] == result.difference == pytest.approx(4 / 3)


class Pooled:
    """The scores of a task whose errors are summed over all examples before they are divided."""

    SCORES: ClassVar = {"rate": Score("error rate", ".1%", better="lower"), "evenness": Score("evenness", ".2f")}

    @staticmethod
    def summary(columns: Columns) -> dict[str, float]:
        wrong, total = columns["counts"].sum(axis=0)
        return {"rate": float(wrong / total), "evenness": float(columns["counts"][:, 0].std())}


@pytest.fixture
def pooled(monkeypatch: pytest.MonkeyPatch) -> tuple[Side, Side]:
    """Two sides of 200 examples; the second makes half as many errors."""
    monkeypatch.setattr(registry, "module", lambda folder, name, part: Pooled)
    generator = np.random.default_rng(7)
    totals = generator.integers(50, 500, 200).astype(float)
    wrong = generator.binomial(totals.astype(int), 0.2).astype(float)
    sides = []
    for label, errors in (("a", wrong), ("b", wrong / 2)):
        counts = {"counts": np.stack([errors, totals], axis=1)}
        sides.append(Side(label, "reading", "0", "texts", counts, errors / totals))
    return sides[0], sides[1]


def test_a_pooled_score_has_the_interval_of_resampled_rows(pooled: tuple[Side, Side]) -> None:
    first, second = pooled
    result = compare(first, [second])["b"]["rate"]
    rates = [Pooled.summary(one.columns)["rate"] for one in pooled]
    assert result.difference == pytest.approx(rates[1] - rates[0])
    counts = first.columns["counts"]
    residuals = counts[:, 0] / 2 - rates[0] / 2 * counts[:, 1]  # of a ratio of sums, by the delta method
    reach = 1.96 * residuals.std(ddof=1) * np.sqrt(len(counts)) / counts[:, 1].sum()
    assert result.low == pytest.approx(result.difference - reach, abs=0.0005)
    assert result.high == pytest.approx(result.difference + reach, abs=0.0005)


def test_a_pooled_score_tells_shares_only_where_each_example_has_one(pooled: tuple[Side, Side]) -> None:
    first, second = pooled
    results = compare(first, [second])["b"]
    assert (results["rate"].better, results["rate"].worse) == (1.0, 0.0)
    assert (results["evenness"].better, results["evenness"].worse) == (None, None)
    text = as_text(first, [second])
    assert "b is better than a by 9.89% on average" in text
    assert "on 100.0% of the examples; by evenness it is the other way round" in text
    assert text.split("\n\n")[2].splitlines()[2].split()[-2:] == ["–", "–"]
