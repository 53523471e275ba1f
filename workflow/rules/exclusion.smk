# One engine at a time. DVC lists the paths that its running stages read and write; Snakemake enters all outputs there
# for as long as it runs. So each refuses to start, or to go on, beside the other, and says which process is in its way.
import atexit
import contextlib

from snakemake.exceptions import WorkflowError

FOLDERS = ("data", "models", "results", "gallery", "lineage")


def claim_outputs():
    """Enter the folders of all outputs into DVC's list until this process ends."""
    from dvc.lock import LockError
    from dvc.repo import Repo
    from dvc.rwlock import rwlock

    held = contextlib.ExitStack()
    with Repo() as repo:
        folders = [repo.fs.join(repo.root_dir, folder) for folder in FOLDERS]
        hardlink = repo.config["core"].get("hardlink_lock", False)
        try:
            held.enter_context(
                rwlock(repo.tmp_dir, repo.fs, "snakemake", [], folders, hardlink)
            )
        except LockError as error:
            raise WorkflowError(f"DVC is at work here: {error}") from None
    atexit.register(held.close)


onstart:
    claim_outputs()
