"""What a check or a rebuild came to: for people, one line a cause; for machines, all of it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from showreel.pipeline import graph
from showreel.verification.audit import Audit
from showreel.verification.compare import Difference
from showreel.verification.findings import Finding
from showreel.verification.mending import joined
from showreel.verification.rebuild import Rebuild
from showreel.verification.same import Sameness

NAMED = 3
"""Stages or paths that a line names before it only counts."""


SHORT_COMMIT = 12


class Report(NamedTuple):
    """The answer, twice, and whether the command may end with 0."""

    right: bool
    text: str
    json: str


def of_audit(audit: Audit) -> Report:
    """Tell one line a cause, with the command that mends it, and a last line that sums up."""
    right = not any(finding.fault for finding in audit.findings)
    figures = {"runs": audit.runs, "files": audit.files, "bytes": audit.size}
    before = graph.ancestors(audit.stages)
    plain = {"right": right, **figures, "findings": [_plain(finding, before) for finding in audit.findings]}
    return Report(right, "\n".join([*_lines(audit, before), _summary(audit)]), _json(plain))


def of_rebuild(rebuild: Rebuild) -> Report:
    """Tell one line a stage, one a file that differs, and the verdict."""
    lines = []
    for stage in rebuild.stages:
        lines.append(f"{stage.stage}: {'differs' if stage.differences else 'identical'}")
        lines += [f"    {difference.path}: {_distance(difference)}" for difference in stage.differences]
    first = f"; the first stage that differs is {rebuild.first}" if rebuild.first else ""
    kept = f"; the new files are in {rebuild.scratch}" if rebuild.scratch else ""
    lines.append(f"{rebuild.experiment}: {rebuild.verdict}{first}{kept}")
    stages = [
        {"stage": stage.stage, "differences": [difference._asdict() for difference in stage.differences]}
        for stage in rebuild.stages
    ]
    plain = {**rebuild._asdict(), "first": rebuild.first, "stages": stages}
    return Report(rebuild.verdict != "different", "\n".join(lines), _json(plain))


def of_sameness(sameness: Sameness) -> Report:
    """Tell one line a stage, one a file that differs, and a last line that sums up."""
    lines = []
    for stage, differences in sameness.stages.items():
        lines.append(f"{stage}: {'differs' if differences else 'the same'}")
        lines += [f"    {difference.path}: {_distance(difference)}" for difference in differences]
    told = (
        f"{len(sameness.differing)} of {len(sameness.stages)} stages differ" if sameness.differing else "the same bytes"
    )
    lines.append(f"the code of {sameness.commit[:SHORT_COMMIT]} and the code here: {told}")
    stages = [
        {"stage": stage, "differences": [difference._asdict() for difference in differences]}
        for stage, differences in sameness.stages.items()
    ]
    plain = {"commit": sameness.commit, "same": not sameness.differing, "stages": stages}
    return Report(not sameness.differing, "\n".join(lines), _json(plain))


def _json(plain: object) -> str:
    return json.dumps(plain, indent=1, ensure_ascii=False)


def _distance(difference: Difference) -> str:
    """Name what cannot be compared, and the largest of the differences that can."""
    largest = sorted(difference.figures.items(), key=lambda item: -item[1])
    told = [f"{name} by {distance:.3g}" if distance else name for name, distance in largest[:NAMED]]
    more = [f"{len(largest) - NAMED} more"] if len(largest) > NAMED else []
    return ", ".join([*difference.breaks[:NAMED], *told, *more])


def _lines(audit: Audit, before: Mapping[str, set[str]]) -> Iterator[str]:
    for group in _groups(audit.findings):
        first = group[0]
        paths = list(dict.fromkeys(finding.path for finding in group))
        stages = list(dict.fromkeys(finding.stage for finding in group if finding.stage))
        yield f"{first.kind}: {_paths(paths)} {first.detail}{_stages(stages)}"
        for command in joined((finding.mend for finding in group), before):
            yield f"    run: {command}"


def _groups(findings: list[Finding]) -> list[list[Finding]]:
    """Put together what has one cause: the same is said of the same path, or the same file is missing everywhere."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        path = "" if finding.detail in SHARED_DETAILS else finding.path
        groups.setdefault((finding.kind, path, finding.detail), []).append(finding)
    return list(groups.values())


SHARED_DETAILS = frozenset({"not on the disk"})
"""What is said of many paths at once."""


def _paths(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _stages(names: list[str]) -> str:
    """Name few stages, count many."""
    if not names:
        return ""
    shown = ", ".join(names[:NAMED])
    return f" ({shown})" if len(names) <= NAMED else f" ({len(names)} stages: {shown}, …)"


def _plain(finding: Finding, before: Mapping[str, set[str]]) -> dict[str, object]:
    command = " ; ".join(joined([finding.mend], before))
    return {**finding._asdict(), "mend": command}


def _summary(audit: Audit) -> str:
    counts = Counter(finding.kind for finding in audit.findings if finding.fault)
    verdict = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "all right"
    return f"{audit.runs} stage runs, {audit.files} files, {audit.size / 1e6:,.1f} MB: {verdict}"
