"""How scores are written, as it is read from a task's source."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from showreel.params import registry
from showreel.reporting import scores
from showreel.scoring.score import Score

LOWER = 'SCORES: dict[str, Score] = {"bits": Score("bits a character", ".3f", better="lower")}\n'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with one task, whose scores a test writes."""
    task = tmp_path / "tasks/spelling"
    task.mkdir(parents=True)
    (task / "learning.py").touch()
    monkeypatch.setattr(registry, "PACKAGE", tmp_path)
    monkeypatch.setattr(scores, "of", scores.of.__wrapped__)
    registry.names.cache_clear()
    yield task / "scores.py"
    registry.names.cache_clear()


@pytest.mark.parametrize("task", registry.names("tasks"))
def test_what_is_read_from_the_source_is_what_is_imported(task: str) -> None:
    assert scores.of(task) == registry.module("tasks", task, "scores").SCORES


def test_nothing_is_imported_where_the_source_says_it_all(package: Path) -> None:
    package.write_text(f"import a_package_that_is_not_here, math\n{LOWER}".replace('.3f"', '.3f", tolerance=math.inf'))
    assert scores.of("spelling") == {"bits": Score("bits a character", ".3f", better="lower", tolerance=math.inf)}
    assert scores.first("spelling")[0] == "bits"


def test_a_source_that_computes_its_scores_is_imported(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package.write_text("DIGITS = '.1f'\nSCORES = {'error': Score('error', DIGITS)}\n")
    monkeypatch.setattr(
        registry, "module", lambda folder, name, part: type("Scores", (), {"SCORES": {"imported": Score("a")}})
    )
    assert scores.of("spelling") == {"imported": Score("a")}


@pytest.mark.parametrize(("high", "beaten"), [(1.9, False), (2.0, True), (2.1, True)])
def test_of_a_score_that_is_better_the_lower_it_is_the_upper_bound_counts(
    package: Path, high: float, beaten: bool
) -> None:
    package.write_text(LOWER)
    known = {"bits": 1.5, "bits_low": 1.0, "bits_high": high, "baseline_bits": 2.0}
    assert scores.is_beaten("spelling", known) == beaten
    assert not scores.is_beaten("spelling", {"bits": 1.5, "baseline_bits": 2.0})
    assert scores.written("spelling", known, "bits") == "1.500"
    assert scores.written("spelling", known, "bits", "input_") == "–"
