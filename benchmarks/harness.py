"""Side-by-side measurements on a machine whose speed drifts: the cases of a question take turns, round by round.

A case is a function that measures itself once and returns a rate: more is better. Ours is compared with each other case
within every round, and what counts is the median of those ratios; minimum and maximum tell the noise. What has nothing
to be compared with, such as how a stage's memory grows, is a table of its own.
"""

import json
import multiprocessing
import os
import platform
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from tqdm import tqdm

OURS = "showreel"
PACKAGES = ("showreel", "tensorflow", "keras", "numpy", "h5py", "scikit-image", "dvc", "snakemake")
PEERS = ("torch", "matplotlib")

UNITS = "matrix units"
"""The fact that tells kinds of processors apart: which of `FEATURES` they have."""

FEATURES = ("amx_bf16", "avx512_bf16", "avx512_vnni", "avx512f", "avx2")

HEADINGS = ("measured", "case", "median rate", "ours ÷ it: median (least … most)", "target")

Case = Callable[[], float]


@dataclass(frozen=True)
class Result:
    """What one question came to.

    Attributes:
        question: what was measured, on what.
        unit: of the rates; more is better.
        rates: case → its rate in each round.
        targets: case → the least that ours should be as a multiple of it.
        notes: what else was found, such as differences between the cases' results.
        skipped: case → why it was not measured.
        own: other cases that are ours, such as a whole stage beside its core: being faster there is no loss.
        told: a table of what has no other case to be compared with, its first row the headings; may be empty.
        machine: what it was measured on, as `machine` tells it.
    """

    question: str
    unit: str
    rates: Mapping[str, list[float]]
    targets: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    told: tuple[tuple[str, ...], ...] = ()
    machine: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """What a newer result must share to replace this one: its question and the kind of processor."""
        return self.question, self.machine.get(UNITS, "")

    def ratios(self, case: str) -> list[float]:
        """Return ours as a multiple of a case, round by round."""
        return [ours / other for ours, other in zip(self.rates[OURS], self.rates[case], strict=True)]


def paired(cases: Mapping[str, Case], rounds: int, *, title: str, warm: int = 1) -> dict[str, list[float]]:
    """Let cases take turns, after some rounds that do not count, and return their rates."""
    rates: dict[str, list[float]] = {name: [] for name in cases}
    for number in tqdm(range(warm + rounds), desc=title, unit=" rounds", disable=None):
        for name, case in cases.items():
            rate = case()
            if number >= warm:
                rates[name].append(rate)
    return rates


def apart(beginnings: Mapping[str, Callable[[], Case]], rounds: int, *, title: str, warm: int = 1) -> dict[str, Any]:
    """Measure cases that each live in a process of their own, since their libraries or settings cannot share one.

    Args:
        beginnings: name → a module's function that prepares a case and returns it; it runs in the new process.
        rounds: as of `paired`.
        title: as of `paired`.
        warm: as of `paired`.
    """
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pools = {
            name: stack.enter_context(ProcessPoolExecutor(1, context, _begin, (beginning,)))
            for name, beginning in beginnings.items()
        }
        cases = {name: lambda pool=pool: pool.submit(_measure).result() for name, pool in pools.items()}
        return paired(cases, rounds, title=title, warm=warm)


_case: Case


def _begin(beginning: Callable[[], Case]) -> None:
    global _case
    _case = beginning()


def _measure() -> float:
    return _case()


def peak_megabytes() -> float:
    """Return the most memory that this process has held so far; `getrusage` would count what its parent had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def machine() -> dict[str, str]:
    """Return what the rates rest on: processor, cores, memory, system, versions."""
    lines = Path("/proc/cpuinfo").read_text().partition("\n\n")[0].splitlines()  # of the first processor
    told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    model, family, number = (told.get(name, "unknown") for name in ("model name", "cpu family", "model"))
    flags = told.get("flags", "").split()
    known = {
        "processor": f"{model}, family {family}, model {number}",
        UNITS: ", ".join(feature for feature in FEATURES if feature in flags),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    return known | {name: version for name in (*PACKAGES, *PEERS) if (version := _version(name))}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def table(results: Iterable[Result]) -> str:
    """Return what was compared as a Markdown table: a row a case, with ours as a multiple of it."""
    rows = [line(HEADINGS), line("---" for _ in HEADINGS)]
    for result in results:
        question = result.question
        for name, rates in result.rates.items():
            rate = f"{_number(statistics.median(rates))} {result.unit}"
            rows.append(line((question, name, rate, _compared(result, name), _target(result, name))))
            question = ""
        rows += [line(("", name, f"not measured: {why}", "", "")) for name, why in result.skipped.items()]
    return "\n".join(rows)


def _compared(result: Result, case: str) -> str:
    if case == OURS:
        return ""
    ratios = result.ratios(case)
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f})"


def _target(result: Result, case: str) -> str:
    if case not in result.targets:
        return ""
    least = result.targets[case]
    return f"≥ {least:g}: {'met' if statistics.median(result.ratios(case)) >= least else 'missed'}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def line(cells: Iterable[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def machines(results: Iterable[Result]) -> list[Mapping[str, str]]:
    """Return what results were measured on, each machine (and its versions) once."""
    known: list[Mapping[str, str]] = []
    for result in results:
        if result.machine not in known:
            known.append(result.machine)
    return known


def to_json(results: Sequence[Result]) -> str:
    """Return machines and results as JSON; a result names its machine by its place among them."""
    known = machines(results)
    told = [asdict(result) | {"machine": known.index(result.machine)} for result in results]
    return json.dumps({"machines": known, "results": told}, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> list[Result]:
    """Return the results of `to_json`."""
    read = json.loads(text)
    return [
        Result(**values | {
            "notes": tuple(values["notes"]),
            "own": tuple(values["own"]),
            "told": tuple(map(tuple, values["told"])),
            "machine": read["machines"][values["machine"]],
        })
        for values in read["results"]
    ]  # fmt: skip
