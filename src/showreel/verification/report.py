"""What a check or a rebuild came to: for people, one line a cause; for machines, all of it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from showreel.params.text import shown
from showreel.pipeline.records import NO_RECORD, SHORT_COMMIT
from showreel.verification.check import Check
from showreel.verification.compare import Difference
from showreel.verification.findings import Finding, Kind
from showreel.verification.mending import joined
from showreel.verification.rebuild import Rebuild
from showreel.verification.same import Sameness

NAMED = 3
"""Stages or paths that a line names before it only counts."""


class Report(NamedTuple):
    """The answer, twice, and whether the command may end with 0."""

    right: bool
    text: str
    json: str


def of_check(check: Check) -> Report:
    """Report one line a cause, with the command that mends it, and a last line that sums up."""
    right = not any(finding.fault for finding in check.findings)
    counts = {"runs": check.runs, "files": check.files, "bytes": check.size}
    values = {"right": right, **counts, "findings": [_plain(finding) for finding in check.findings]}
    return Report(right, "\n".join([*_lines(check.findings), _summary(check)]), _json(values))


def of_rebuild(rebuild: Rebuild) -> Report:
    """Report one line a stage, one a file that differs, and the verdict."""
    stages = {stage.stage: stage.differences for stage in rebuild.stages}
    first = f"; the first stage that differs is {rebuild.first}" if rebuild.first else ""
    scratch = f"; the new files are in {rebuild.scratch}" if rebuild.scratch else ""
    last = f"{rebuild.experiment}: {rebuild.verdict}{first}{scratch}"
    values = {**rebuild._asdict(), "first": rebuild.first, "stages": _plain_stages(stages)}
    return Report(rebuild.verdict != "different", "\n".join([*_stage_lines(stages, "identical"), last]), _json(values))


def of_sameness(sameness: Sameness) -> Report:
    """Report one line a stage, one a file that differs, and a last line that sums up."""
    count = f"{len(sameness.differing)} of {len(sameness.stages)} stages differ"
    verdict = count if sameness.differing else "the same bytes"
    last = f"the code of {sameness.commit[:SHORT_COMMIT]} and the code here: {verdict}"
    stages = _plain_stages(sameness.stages)
    values = {"commit": sameness.commit, "same": not sameness.differing, "stages": stages}
    text = "\n".join([*_stage_lines(sameness.stages, "the same"), last])
    return Report(not sameness.differing, text, _json(values))


def _stage_lines(stages: Mapping[str, list[Difference]], equal: str) -> Iterator[str]:
    for stage, differences in stages.items():
        yield f"{stage}: {'differs' if differences else equal}"
        yield from (f"    {difference.path}: {_distance(difference)}" for difference in differences)


def _plain_stages(stages: Mapping[str, list[Difference]]) -> list[dict[str, object]]:
    return [
        {"stage": stage, "differences": [difference._asdict() for difference in differences]}
        for stage, differences in stages.items()
    ]


def _json(values: object) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False)


def _distance(difference: Difference) -> str:
    """Name what cannot be compared, and the largest of the differences that can."""
    largest = sorted(difference.figures.items(), key=lambda item: -item[1])
    numbers = [f"{name} by {distance:.3g}" if distance else name for name, distance in largest[:NAMED]]
    more = [f"{len(largest) - NAMED} more"] if len(largest) > NAMED else []
    return ", ".join([*difference.breaks[:NAMED], *numbers, *more])


def _lines(findings: list[Finding]) -> Iterator[str]:
    for group in _groups(findings):
        first = group[0]
        paths = list(dict.fromkeys(shown(finding.path) for finding in group))
        stages = list(dict.fromkeys(finding.stage for finding in group if finding.stage))
        yield f"{first.kind}: {_paths(paths)} {first.detail}{_stages(stages)}"
        mends = joined(finding.mend for finding in group if finding.fault)
        if others := joined(finding.otherwise for finding in group if finding.fault):
            mends[-1:] = [f"{mends[-1]}; if that does not help: {' && '.join(others)}"]
        yield from (f"    run: {command}" for command in mends)


def _groups(findings: list[Finding]) -> list[list[Finding]]:
    """Put together what has one cause: the same is said of one path, or of all that is missing or no record."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        path = "" if finding.kind is Kind.MISSING or finding.detail.startswith(NO_RECORD) else finding.path
        groups.setdefault((finding.kind, path, finding.detail), []).append(finding)
    return list(groups.values())


def _paths(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _stages(names: list[str]) -> str:
    """Name few stages, count many."""
    if not names:
        return ""
    some = ", ".join(names[:NAMED])
    return f" ({some})" if len(names) <= NAMED else f" ({len(names)} stages: {some}, …)"


def _plain(finding: Finding) -> dict[str, object]:
    """Return a finding in JSON's types, its commands as they are typed."""
    commands = {name: " ; ".join(joined([getattr(finding, name)])) for name in ("mend", "otherwise")}
    return {**finding._asdict(), **commands}


def _summary(check: Check) -> str:
    counts = Counter(finding.kind for finding in check.findings if finding.fault)
    published = len({finding.stage for finding in check.findings if finding.kind is Kind.PUBLISHED})
    aside = f" ({published} published)" if published and not counts[Kind.PUBLISHED] else ""
    verdict = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "all right"
    return f"{check.runs} stage runs, {check.files} files, {check.size / 1e6:,.1f} MB: {verdict}{aside}"
