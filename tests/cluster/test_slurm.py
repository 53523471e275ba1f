"""The tiny portfolio on a real Slurm of one node: the same bytes as without it, also when a job or the node is lost."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from checkouts import Checkout
from engines import EXPERIMENTS, PORTFOLIO

SCRIPT = Path(__file__).with_name("slurm.sh")
COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "unshare")
MISSING = [name for name in COMMANDS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")]
PLUGIN = "snakemake_executor_plugin_slurm"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.slurm,
    pytest.mark.skipif(bool(MISSING), reason=f"not found: {', '.join(MISSING)}; run {SCRIPT.name} install"),
    pytest.mark.skipif(find_spec(PLUGIN) is None, reason=f"not found: {PLUGIN}; see requirements-slurm.txt"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the node needs a PID namespace, which only root may make"),
]

PARAMS = PORTFOLIO.replace("epochs: 2", "epochs: 40")
"""With trainings that last long enough to be interrupted."""
ON_SLURM = ("snakemake", "--workflow-profile", "profiles/slurm", "--jobs", "2")
SOONER = ("--slurm-init-seconds-before-status-checks", "2")
LIMIT = 1200
"""Seconds after which a run hangs."""

Job = dict[str, str]
"""What `scontrol show job` says: JobState, Comment (the rule and its wildcards), TresPerJob, Restarts and more."""


@pytest.fixture(scope="module", autouse=True)
def slurm() -> Iterator[None]:
    """A cluster that Slurm's commands find; `_slurm("crash")` takes its node away."""
    configuration = _slurm("start").strip().removeprefix("export SLURM_CONF=")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", configuration)
        yield
    _slurm("stop")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The digests of what Snakemake makes without a cluster."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("local"), PARAMS)
    checkout.run("snakemake", "--cores", "2", "all_gifs")
    return checkout.outputs()


@pytest.fixture(scope="module")
def made_on_slurm(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which Slurm has run everything."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("slurm"), PARAMS)
    checkout.run(*ON_SLURM, *SOONER, "all_gifs")
    return checkout


def test_slurm_makes_the_same_bytes(made_on_slurm: Checkout, expected: dict[str, str]) -> None:
    assert made_on_slurm.outputs() == expected
    assert {job["JobState"] for job in _jobs(made_on_slurm)} == {"COMPLETED"}


def test_each_training_and_study_asks_for_one_gpu_and_nothing_else_does(made_on_slurm: Checkout) -> None:
    asked = {job["Comment"]: job.get("TresPerJob") for job in _jobs(made_on_slurm)}
    asking = {f"rule_train_wildcards_{name}" for name in EXPERIMENTS} | {"rule_cross_wildcards_denoiser-crossed"}
    assert asked == {comment: "gres:gpu:1" if comment in asking else None for comment in asked}
    assert asking < set(asked)


def test_a_cancelled_training_is_submitted_again(tmp_path: Path, expected: dict[str, str]) -> None:
    checkout = Checkout.fresh(tmp_path, PARAMS)
    with _started(checkout, "denoiser") as snakemake:
        training = _training(checkout, snakemake)
        subprocess.run(["scancel", training["JobId"]], check=True)
        _succeed(checkout, snakemake)
    assert "results/denoiser/reel.gif" in checkout.outputs()
    assert checkout.outputs().items() <= expected.items()
    jobs = _jobs(checkout)
    again = [job["JobState"] for job in jobs if job["Comment"] == training["Comment"]]
    assert again == ["CANCELLED", "COMPLETED"]
    others = [job["JobState"] for job in jobs if job["Comment"] != training["Comment"]]
    assert others == 6 * ["COMPLETED"], "download, prepare, degrade, the other training, evaluate, render"


def test_a_node_that_is_lost_and_comes_back_loses_nothing(tmp_path: Path, expected: dict[str, str]) -> None:
    checkout = Checkout.fresh(tmp_path, PARAMS)
    prepared = tmp_path / "data/prepared/digits.h5"
    with _started(checkout, "all_gifs") as snakemake:
        training = _training(checkout, snakemake)
        finished = {job["Comment"] for job in _jobs(checkout) if job["JobState"] == "COMPLETED"}
        kept = prepared.stat()
        _slurm("crash")
        _slurm("recover")
        _succeed(checkout, snakemake)
    assert checkout.outputs() == expected
    assert prepared.stat().st_mtime_ns == kept.st_mtime_ns
    started = [job["Comment"] for job in _jobs(checkout)]
    again = {job["Comment"] for job in _jobs(checkout) if job["Restarts"] != "0"}
    assert sorted(started) == sorted(set(started))
    assert training["Comment"] in again
    assert finished
    assert not again & finished
    assert "Nothing to be done" in checkout.run("snakemake", "--dry-run", "--cores", "1", "all_gifs")


def _slurm(action: str) -> str:
    return subprocess.run([SCRIPT, action], check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def _started(checkout: Checkout, target: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run Snakemake on the cluster in the background; what it prints goes to `snakemake.log`."""
    command = (*ON_SLURM, *SOONER, target)
    with (checkout.folder / "snakemake.log").open("wb") as log:
        snakemake = subprocess.Popen(command, cwd=checkout.folder, env=checkout.environment, stdout=log, stderr=log)
    try:
        yield snakemake
    finally:
        snakemake.kill()
        snakemake.wait()


def _succeed(checkout: Checkout, snakemake: subprocess.Popen[bytes]) -> None:
    assert snakemake.wait(LIMIT) == 0, (checkout.folder / "snakemake.log").read_text()


def _training(checkout: Checkout, snakemake: subprocess.Popen[bytes]) -> Job:
    """Wait until a training has come to its epochs, and return its job."""
    while snakemake.poll() is None:
        for job in _jobs(checkout):
            if job["Comment"].startswith("rule_train") and job["JobState"] == "RUNNING" and job["RunTime"] > "00:00:12":
                assert [path.name for path in (checkout.folder / "models").glob("*.keras")] == ["random.keras"]
                return job
        time.sleep(0.5)
    raise AssertionError((checkout.folder / "snakemake.log").read_text())


def _jobs(checkout: Checkout) -> list[Job]:
    """Return all jobs that Slurm has had from a checkout, in the order in which they were submitted."""
    command = ("scontrol", "show", "job", "--oneliner")
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    jobs = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines]
    ours = [job for job in jobs if job.get("WorkDir") == str(checkout.folder)]
    return sorted(ours, key=lambda job: int(job["JobId"]))
