"""What can be wrong with a result, and the commands that mend it."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Sorts of findings, the worst first."""

    DAMAGED = "damaged"
    MISSING = "missing"
    BROKEN_CHAIN = "broken chain"
    UNKNOWN_ORIGIN = "unknown origin"
    STALE = "stale"
    PUBLISHED = "published"
    NEVER_RUN = "never run"
    ORPHANED = "orphaned"


class Mend(NamedTuple):
    """A command in two parts, so that several of one sort can be given as one; both empty where there is none."""

    command: str
    targets: tuple[str, ...] = ()


NO_COMMAND = Mend("")


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: its sort.
        path: the file or folder that is to blame; params.yaml for a changed value.
        stage: the one that it concerns, "" if none.
        detail: what is wrong, as a sentence that goes on after the path. Findings with one kind, path and detail have
            one cause.
        mend: what to run.
        otherwise: what to run where that does not help.
        fault: whether the command fails for it.
    """

    kind: Kind
    path: str
    stage: str
    detail: str
    mend: Mend
    otherwise: Mend = NO_COMMAND
    fault: bool = True
