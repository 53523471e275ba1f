"""All measurements, as tables, as JSON and as a page of the documentation.

    python benchmarks/run.py [NAME …] [--rounds N] [--check]

Without names it runs every question. What was measured replaces those questions in `results.json`, one after the other,
so that an interruption loses only the one that runs; the others stay as they are, with the machine that they were
measured on. So do those of other kinds of processors: what is faster depends on their arithmetic. The page
`docs/reference/benchmarks.md` is made from that file. `--check` writes nothing: it says which ratios are worse than the
committed ones of this kind of processor by more than the noise of both, by default those of `SHORT`.
"""

import argparse
import dataclasses
import importlib
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import harness
from harness import OURS, Result

SHORT = ("training", "preparing", "feeding", "evaluating", "rendering", "starting")
LONG = ("reached", "engines", "growth", "whole")
"""What takes a quarter of an hour and more, or has nothing to be compared with."""

KEPT = Path(__file__).with_name("results.json")
PAGE = Path(__file__).parents[1] / "docs/reference/benchmarks.md"
HEAD = """\
# Benchmarks

Made by `make bench`: cases take turns, so that the machine's drift disturbs all of them alike. Ratios compare, not
rates: what they were measured on, told below, is small and noisy. A letter after a question names its machine.

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SHORT + LONG)}; default: all")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    parsed = parser.parse_args()
    if unknown := set(parsed.names) - {*SHORT, *LONG}:
        parser.error(f"there is no {min(unknown)}; there are: {', '.join(SHORT + LONG)}")
    before = harness.from_json(KEPT.read_text()) if KEPT.exists() else []
    kept, found, here = before, list[Result](), harness.machine()
    for name in parsed.names or (SHORT if parsed.check else SHORT + LONG):
        for result in importlib.import_module(name).measure(parsed.rounds):
            found.append(dataclasses.replace(result, machine=here))
            print(_text(found[-1:]), flush=True)
            kept = _replaced(kept, found[-1:])
            if not parsed.check:
                KEPT.write_text(harness.to_json(kept))
                PAGE.write_text(page(kept))
    if parsed.check:
        print("\n".join(_worse(before, found)) or "nothing is worse by more than the noise")


def _replaced(kept: Sequence[Result], measured: Sequence[Result]) -> list[Result]:
    """Return results with new ones in place of the old ones of their kind of processor, questions side by side."""
    merged = {result.key: result for result in (*kept, *measured)}
    questions = list(dict.fromkeys(result.question for result in merged.values()))
    return sorted(merged.values(), key=lambda result: questions.index(result.question))


def page(results: Sequence[Result]) -> str:
    """Return the page of the documentation; where machines differ, each question names its own by a letter."""
    machines = harness.machines(results)
    names = [chr(ord("A") + place) for place in range(len(machines))]
    if len(machines) > 1:
        owners = (names[machines.index(result.machine)] for result in results)
        results = [
            dataclasses.replace(result, question=f"{result.question} ({owner})")
            for result, owner in zip(results, owners, strict=True)
        ]
    title = "## The machine" if len(machines) == 1 else "## The machines"
    return HEAD + "\n".join([_text(results), "", title, "", *_facts(names, machines), ""])


def _text(results: Sequence[Result]) -> str:
    """Return the comparisons as one table with notes beneath, then a section for each table of what is only told."""
    compared = [result for result in results if result.rates]
    notes = [f"- {result.question}: {note}" for result in compared for note in result.notes]
    parts = [harness.table(compared) if compared else "", "\n".join(notes)]
    return "\n\n".join(filter(None, (*parts, *(_section(result) for result in results if result.told))))


def _section(result: Result) -> str:
    headings, *rows = result.told
    lines = map(harness.line, (headings, ("---",) * len(headings), *rows))
    return "\n\n".join((f"## {result.question[0].upper()}{result.question[1:]}", "\n".join(lines), *result.notes))


def _facts(names: Sequence[str], machines: Sequence[Mapping[str, str]]) -> list[str]:
    """Return a row a fact and a column a machine."""
    facts = dict.fromkeys(fact for machine in machines for fact in machine)
    headings = names if len(machines) > 1 else ["" for _ in names]
    rows = [(fact, *(machine.get(fact, "–") for machine in machines)) for fact in facts]
    return [harness.line(row) for row in (("", *headings), ("---",) * (len(machines) + 1), *rows)]


def _worse(before: Sequence[Result], found: Sequence[Result]) -> Iterator[str]:
    """Tell the ratios whose median fell by more than the noise, and those that only one of both measurements has.

    Results of other kinds of processors are not looked at. The noise is twice the sum of both median deviations from
    the median: a few passes that end late do not widen it.
    """
    known = {result.key: result for result in before}
    for result in found:
        earlier = known.get(result.key, Result(result.question, result.unit, {}))
        cases = {*earlier.rates, *result.rates} - {OURS, *result.own}
        for case in sorted(cases):
            what = f"{result.question}, against {case}"
            if case not in earlier.rates or case not in result.rates:
                yield f"{what}: {'not measured now' if case in earlier.rates else 'nothing committed on its kind'}"
                continue
            old, new = earlier.ratios(case), result.ratios(case)
            noise = 2 * (_deviation(old) + _deviation(new))
            if statistics.median(new) < statistics.median(old) - noise:
                yield f"{what}: {statistics.median(new):.2f}, was {statistics.median(old):.2f} ± {noise:.2f}"
        if not cases:
            yield f"{result.question}: has nothing to be compared with"


def _deviation(values: Sequence[float]) -> float:
    """Return the median distance from the median."""
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values)


if __name__ == "__main__":
    main()
