"""Holds accounts to the disk, to params.yaml and to each other: a chain from raw files to the GIF, link by link."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from showreel.pipeline import paths
from showreel.pipeline.graph import Stage
from showreel.verification.accounts import LOCK, Account, Accounts
from showreel.verification.disk import Disk, is_folder_digest
from showreel.verification.findings import Finding, Kind, Mend
from showreel.verification.mending import Mender
from showreel.verification.values import ABSENT, Change, changes, lookup


@dataclass(frozen=True)
class Case:
    """All that a judgement rests on.

    Attributes:
        disk: what is there.
        stages: the declared stages by name.
        values: params.yaml as plain values.
        mender: knows the commands.
    """

    disk: Disk
    stages: Mapping[str, Stage]
    values: Mapping[str, Any]
    mender: Mender


def judge(case: Case, accounts: Accounts) -> Iterator[Finding]:
    """Yield what is wrong with the runs that accounts tell of; one thing may come up more than once."""
    valid: list[Account] = []
    for name in dict.fromkeys([*accounts.lock, *accounts.records]):
        told, finding = _believed(case, accounts.lock.get(name), accounts.records.get(name))
        valid += told
        if finding:
            yield finding
        yield from _params(case, told[0])
    makers = _makers(valid)
    for account in valid:
        yield from _outputs(case, account)
        yield from _code(case, account)
        yield from _inputs(case, account, makers)


def _believed(case: Case, lock: Account | None, record: Account | None) -> tuple[list[Account], Finding | None]:
    """Choose which accounts of one stage to go by, since the engines may have run it at different times."""
    if lock is None or record is None:
        return [account for account in (lock, record) if account], None
    others = {path: digest for path, digest in lock.outputs.items() if path != record.source}
    lock_holds, record_holds = _all_hold(case.disk, lock, others), _all_hold(case.disk, record, record.outputs)
    is_known = case.disk.digest(record.source, "md5") == lock.outputs.get(record.source)
    is_told_of = record.source in lock.outputs
    if lock_holds == record_holds and (is_known or not is_told_of):
        return [lock, record], None
    if record_holds and not (lock_holds and _is_current(case, lock)):
        detail = "tells of an earlier run than the lineage record does, which agrees with what is here"
        return [record], Finding(Kind.STALE, LOCK, lock.stage, detail, Mend("showreel sync"))
    if lock_holds and (is_known or not is_told_of):
        detail = f"does not tell of the files that are here, which are those that {LOCK} tells of"
        return [lock], Finding(Kind.BROKEN_CHAIN, record.source, lock.stage, detail, case.mender.rerun(lock.stage))
    return [lock] if lock_holds else [lock, record], None


def _all_hold(disk: Disk, account: Account, digests: Mapping[str, str]) -> bool:
    return all(disk.digest(path, account.algorithm) == digest for path, digest in digests.items())


def _is_current(case: Case, lock: Account) -> bool:
    """Tell whether nothing has changed since the run in the lock: then a record that differs is no newer one."""
    return _all_hold(case.disk, lock, {**lock.inputs, **lock.code}) and not any(_params(case, lock))


def _makers(accounts: Iterable[Account]) -> dict[str, list[Account]]:
    makers: dict[str, list[Account]] = {}
    for account in accounts:
        for path in account.outputs:
            makers.setdefault(path, []).append(account)
    return makers


def _outputs(case: Case, account: Account) -> Iterator[Finding]:
    for path, digest in account.outputs.items():
        if not case.disk.under(path):
            kind, detail = Kind.MISSING, "not on the disk"
        elif case.disk.digest(path, account.algorithm) != digest:
            kind, detail = Kind.DAMAGED, f"is not what {account.stage} wrote, by the digest in {account.source}"
        else:
            continue
        yield Finding(kind, path, account.stage, detail, case.mender.restore(path, account))


def _code(case: Case, account: Account) -> Iterator[Finding]:
    for path, digest in account.code.items():
        present = case.disk.digest(path, account.algorithm)
        if present != digest:
            detail = "has changed since it ran" if present else "is gone since it ran"
            yield Finding(Kind.STALE, path, account.stage, detail, case.mender.run(account.stage))


def _params(case: Case, account: Account) -> Iterator[Finding]:
    for key, value in account.params.items():
        for change in changes(key, value, lookup(case.values, key)):
            detail = _sentence(change)
            yield Finding(Kind.STALE, str(paths.PARAMS), account.stage, detail, case.mender.run(account.stage))


def _sentence(change: Change) -> str:
    if change.old is ABSENT:
        return f"has {change.key} = {change.new!r}, which was not there"
    if change.new is ABSENT:
        return f"no longer has {change.key}, which was {change.old!r}"
    return f"has {change.key} = {change.new!r}, which was {change.old!r}"


def _inputs(case: Case, account: Account, makers: Mapping[str, list[Account]]) -> Iterator[Finding]:
    """Judge each link of the chain: what a stage read must be what its maker wrote, and what is here."""
    for path, digest in account.inputs.items():
        told = [maker for maker in _told_by(path, makers) if maker.stage != account.stage]
        wrote = {
            maker.outputs[path] for maker in told if maker.algorithm == account.algorithm and path in maker.outputs
        }
        present = case.disk.digest(path, account.algorithm)
        if not told:
            yield from _unvouched(case, account, path, present == digest)
        elif present == digest:
            if wrote and digest not in wrote:
                detail = f"is what {account.stage} read, but not what {told[0].stage} wrote"
                yield Finding(Kind.BROKEN_CHAIN, path, account.stage, detail, case.mender.run(told[0].stage))
        elif (wrote and digest not in wrote) or any(_holds(case.disk, maker, path) for maker in told):
            detail = "has been made again since it was read"
            yield Finding(Kind.STALE, path, account.stage, detail, case.mender.run(account.stage))


def _told_by(path: str, makers: Mapping[str, list[Account]]) -> list[Account]:
    """List the accounts of a file's making; the lock may tell of its folder alone."""
    parts = path.split("/")
    return [maker for end in range(len(parts), 0, -1) for maker in makers.get("/".join(parts[:end]), ())] or [
        maker for name, told in makers.items() if name.startswith(f"{path}/") for maker in told[:1]
    ]


def _holds(disk: Disk, maker: Account, path: str) -> bool:
    """Tell whether a maker's output, or the folder that it lies in, still is what it wrote."""
    return any(
        disk.digest(output, maker.algorithm) == digest
        for output, digest in maker.outputs.items()
        if output == path or (is_folder_digest(digest) and path.startswith(f"{output}/"))
    )


def _unvouched(case: Case, account: Account, path: str, unchanged: bool) -> Iterator[Finding]:
    """Judge an input whose making nobody tells of: a file from outside the pipeline is fine while it stays."""
    makers = [name for name, stage in case.stages.items() if any(_within(path, str(out)) for out in stage.outputs)]
    if makers:
        detail = f"was read, but nothing tells how {makers[0]} made it"
        yield Finding(Kind.BROKEN_CHAIN, path, account.stage, detail, case.mender.run(makers[0]))
    elif not unchanged:
        detail = "has changed since it was read"
        yield Finding(Kind.STALE, path, account.stage, detail, case.mender.run(account.stage))


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
