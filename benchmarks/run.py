"""All side-by-side measurements, as a table, as JSON and as a page of the documentation.

    python benchmarks/run.py [NAME …] [--rounds N] [--check]

Without names it runs every question of `QUESTIONS`. What was measured replaces those questions in `results.json`; the
page `docs/reference/benchmarks.md` is made from that file. `--check` writes nothing: it says which ratios are worse
than the committed ones by more than the noise of both.
"""

import argparse
import importlib
import statistics
from collections.abc import Iterator
from pathlib import Path

import harness
from harness import OURS, Result

QUESTIONS = ("training", "preparing", "feeding", "evaluating", "rendering", "starting", "engines")
KEPT = Path(__file__).with_name("results.json")
PAGE = Path(__file__).parents[1] / "docs/reference/benchmarks.md"
HEAD = """\
# Benchmarks

Made by `make bench`: cases take turns, so that the machine's drift disturbs all of them alike. Ratios compare, not
rates: the machine below is small and noisy.

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(QUESTIONS)}; default: all")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    parsed = parser.parse_args()
    if unknown := set(parsed.names) - set(QUESTIONS):
        parser.error(f"there is no {min(unknown)}; there are: {', '.join(QUESTIONS)}")
    before = harness.from_json(KEPT.read_text()) if KEPT.exists() else []
    found: list[Result] = []
    for name in parsed.names or QUESTIONS:
        measured = importlib.import_module(name).measure(parsed.rounds)
        print(harness.table(measured), flush=True)
        found += measured
    if parsed.check:
        print("\n".join(_worse(before, found)) or "nothing is worse by more than the noise")
        return
    questions = {result.question for result in found}
    kept = [result for result in before if result.question not in questions] + found
    KEPT.write_text(harness.to_json(kept))
    PAGE.write_text(_page(kept))


def _page(results: list[Result]) -> str:
    notes = [f"- {result.question}: {note}" for result in results for note in result.notes]
    facts = [f"| {name} | {value} |" for name, value in harness.machine().items()]
    return HEAD + "\n".join(
        [harness.table(results), "", *notes, "", "## The machine", "", "| | |", "| --- | --- |", *facts, ""]
    )


def _worse(before: list[Result], found: list[Result]) -> Iterator[str]:
    """Tell the ratios whose median fell by more than half the range of both measurements."""
    known = {result.question: result for result in before}
    for result in found:
        for case in result.rates:
            if case == OURS or case not in known.get(result.question, result).rates or result.question not in known:
                continue
            old, new = known[result.question].ratios(case), result.ratios(case)
            noise = (max(old) - min(old) + max(new) - min(new)) / 2
            if statistics.median(new) < statistics.median(old) - noise:
                yield (
                    f"{result.question}, against {case}: {statistics.median(new):.2f}, "
                    f"was {statistics.median(old):.2f} ± {noise:.2f}"
                )


if __name__ == "__main__":
    main()
