"""Which examples of a matrix run with every change."""

import pytest
from matrices import one_of_each, paired, sample


def quick(params: list[object]) -> list[object]:
    return [param.values for param in params if not param.marks]  # type: ignore[attr-defined]


def test_a_sample_runs_the_named_cases_and_keeps_the_rest_for_later() -> None:
    params = sample({"a pipe": 1, "a folder": 2, "a device": 3}, "a folder")
    assert [param.id for param in params] == ["a pipe", "a folder", "a device"]
    assert quick(params) == [(2,)]
    assert {mark.name for param in params for mark in param.marks} == {"faults"}
    assert quick(sample(["-1", "0", "nan"], "nan", "-1")) == [("-1",), ("nan",)]


def test_a_name_that_is_no_case_is_an_error() -> None:
    with pytest.raises(AssertionError, match=r"not among the cases: .'a link'"):
        sample(["a pipe"], "a link")


def test_the_first_of_each_kind_runs() -> None:
    rows = [(1, "shape"), (2, "shape"), (3, "type"), (4, "shape")]
    assert quick(one_of_each(rows, lambda number, kind: kind)) == [(1, "shape"), (3, "type")]
    assert len(one_of_each(rows, lambda number, kind: kind)) == len(rows)


def test_of_pairs_each_name_runs() -> None:
    assert quick(paired("abc", "12")) == [("a", "1"), ("b", "2"), ("c", "1")]
    assert quick(paired("ab", "123")) == [("a", "1"), ("a", "3"), ("b", "2")]
    assert len(paired("abc", "12")) == 6
