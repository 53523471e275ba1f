"""Which tests `make test-changed` runs."""

from changed import CONTRACTS, meeting


def test_an_edit_of_a_module_brings_the_tests_that_import_it_at_second_hand_as_well() -> None:
    assert {"tests/storage/test_atomic.py", "tests/pipeline/test_lineage.py"} <= set(
        meeting(["src/showreel/storage/atomic.py"])
    )
    assert "tests/storage/test_atomic.py" not in meeting(["src/showreel/drawing/gif.py"])


def test_a_changed_test_is_run_itself_and_a_changed_helper_brings_those_that_use_it() -> None:
    assert "tests/pipeline/test_locks.py" in meeting(["tests/pipeline/test_locks.py"])
    assert "tests/test_end_to_end.py" in meeting(["tests/checkouts.py"])


def test_what_a_helper_imports_counts_as_imported_by_those_that_use_it() -> None:
    assert "tests/faults/test_hostile_results.py" in meeting(["src/showreel/drawing/png.py"])
    assert "tests/faults/test_hostile_results.py" in meeting(["tests/params/test_params.py"])


def test_what_all_tests_share_brings_all() -> None:
    assert meeting(["tests/conftest.py"]) == ["tests"]


def test_contracts_are_always_run() -> None:
    assert set(meeting([])) <= set(CONTRACTS)
    assert "tests/datasets/test_contracts.py" in meeting([])


def test_pages_bring_the_tests_of_pages() -> None:
    assert "tests/docs" in meeting(["docs/tutorial.md"])
