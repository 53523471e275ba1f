import json

import numpy as np
import pytest
from numpy.typing import ArrayLike

from showreel.scoring.paired import Contestant, as_json, as_text, compare, paired
from showreel.storage.errors import ShowreelError


def contestant(label: str, psnr: ArrayLike, truth: str = "0", given: str = "noisy") -> Contestant:
    scores = np.asarray(psnr, np.float32)
    return Contestant(label, truth, given, {"psnr": scores, "ssim": scores * np.float32(0.01)})


def test_differences_and_shares_are_those_counted_by_hand() -> None:
    result = paired(np.array([1, 2, 3, 4], np.float32), np.array([2, 2, 2, 8], np.float32))
    assert (result.difference, result.better, result.worse) == (1.0, 0.5, 0.25)
    assert result.low < 1 < result.high


def test_equal_differences_leave_no_doubt() -> None:
    result = paired(np.array([1, 2, 3], np.float32), np.array([2, 3, 4], np.float32))
    assert (result.difference, result.low, result.high, result.better) == (1, 1, 1, 1)


def test_the_interval_is_that_of_the_normal_approximation_where_images_are_many() -> None:
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


def test_other_test_images_are_refused() -> None:
    with pytest.raises(ShowreelError, match="b and a were not scored on the same test images"):
        compare(contestant("a", [1, 2]), [contestant("b", [1, 2], truth="1")])
    with pytest.raises(ShowreelError, match="same test images"):
        compare(contestant("a", [1, 2]), [contestant("b", [1, 2, 3])])


def test_the_text_says_who_is_better_or_that_nobody_knows() -> None:
    noise = np.random.default_rng(6).normal(0, 1, 100)
    told = as_text(contestant("a", np.zeros(100)), [contestant("b", np.full(100, 2.0)), contestant("c", noise)])
    assert "b is better than a by 2.00 dB on average, on 100.0% of the images" in told
    assert "c and a cannot be told apart" in told
    assert not any(line != line.rstrip() for line in told.splitlines())


def test_scores_that_disagree_are_pointed_out() -> None:
    ones = np.ones(50, np.float32)
    reference = Contestant("a", "0", "noisy", {"psnr": ones, "ssim": ones})
    told = as_text(reference, [Contestant("b", "0", "noisy", {"psnr": ones * 2, "ssim": np.full(50, 0.5, np.float32)})])
    assert told.endswith("by SSIM it is the other way round")


def test_scores_of_which_one_alone_decides_are_told_apart() -> None:
    ones, swing = np.ones(50, np.float32), np.tile(np.array([0, 2], np.float32), 25)
    told = as_text(
        Contestant("a", "0", "noisy", {"psnr": ones, "ssim": ones}),
        [Contestant("b", "0", "noisy", {"psnr": swing, "ssim": ones * 2})],
    )
    assert told.endswith("b and a cannot be told apart by PSNR: the interval holds 0; by SSIM b is better")


def test_networks_that_were_given_other_inputs_are_not_called_better_without_a_word() -> None:
    told = as_text(contestant("a", [1, 2]), [contestant("b", [2, 3], given="clean")])
    assert told.endswith("b was given clean, a noisy: this compares the tasks, not the networks")


def test_machines_get_the_same_numbers() -> None:
    first, second = contestant("a", [1, 2, 3]), contestant("b", [2, 3, 5])
    told = json.loads(as_json(first, [second]))
    assert (told["reference"], told["images"]) == ("a", 3)
    result = compare(first, [second])["b"]["psnr"]
    assert told["compared"]["b"]["psnr"]["difference"] == result.difference == pytest.approx(4 / 3)
