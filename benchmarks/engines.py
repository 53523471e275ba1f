"""The engines when there is nothing to do: seconds for 18, 100 and 400 experiments, and the share that is ours.

One tiny experiment is made for real, its files and its part of dvc.lock stand for all others under their names; then
all of it is up to date. Ours is what code of the package costs within the engine: the Snakefile asks it for
paths and for the code that each job depends on.
"""

import hashlib
import io
import json
import math
import os
import pstats
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import material
import yaml
from harness import Result
from tqdm import tqdm

COUNTS = (18, 100, 400)
COMMANDS = {
    "dvc status": ["dvc", "status", "--quiet"],
    "dvc repro": ["dvc", "repro", "--quiet"],
    "snakemake -n": ["snakemake", "--dry-run", "--quiet", "all", "--cores", "2", "all_gifs"],
    "showreel list": ["showreel", "list"],
}
GIF = "results/x000/reel.gif"
STAGE = {
    "alone": ["showreel", "render", "x000"],
    "DVC": ["dvc", "repro", "--quiet", "--force", "--single-item", "render@x000"],
    "Snakemake": [*["snakemake", "--quiet", "all", "--cores", "2", "--force", "--allowed-rules", "render", "--"], GIF],
}
"""How to run one stage again."""

PARAMS = {
    "seed": 20,
    "datasets": {"digits": {"source": "digits"}},
    "inputs": {"digits-noisy": {"dataset": "digits", "degradation": "noisy", "sigma": 0.5}},
    "models": {"unet": {"depth": 1, "filters": 2}},
    "training": {"epochs": 1, "batch_size": 128, "learning_rate": 0.001, "precision": "float32"},
    "crosses": {},
}
EXPERIMENT = {
    "task": "restoration", "dataset": "digits", "input": "digits-noisy", "model": "unet", "weights": "random",
}  # fmt: skip
COPIED = (
    "dvc.yaml", "Snakefile", ".dvcignore", ".gitignore", "workflow", "src", "profiles", "exports",
    "models/random.keras",
)  # fmt: skip


def measure(rounds: int) -> Iterator[Result]:
    rounds = max(1, rounds // 2)
    seconds: dict[str, list[float]] = {}
    shares: list[float] = []
    for count in COUNTS:
        with tempfile.TemporaryDirectory(prefix="showreel-bench-") as name:
            folder = Path(name)
            _project(folder, count)
            runs: dict[str, list[float]] = {command: [] for command in COMMANDS}
            for _ in tqdm(range(rounds), desc=f"{count} experiments", unit=" rounds", disable=None):
                for command, words in COMMANDS.items():
                    runs[command].append(_seconds(folder, words))
            shares.append(_share(folder))
            again = {name: _seconds(folder, words) for name, words in STAGE.items()}
            for command, times in runs.items():
                seconds.setdefault(f"`{command}`", []).append(statistics.median(times))
            for engine in ("DVC", "Snakemake"):
                overhead = again[engine] - again["alone"]
                seconds.setdefault(f"one stage under {engine}, beyond the stage", []).append(overhead)
    headings = ("nothing to do, seconds", *(f"{count} experiments" for count in COUNTS), "power at the end")
    rows = [(name, *(f"{one:.1f}" for one in times), _power(times)) for name, times in seconds.items()]
    rows.append(("our code's share, at most, of `snakemake -n`", *(f"{share:.0%}" for share in shares), ""))
    note = f"DVC does not load our code. Medians of {rounds} rounds; of one run where a stage runs."
    yield Result("engines with nothing to do", "", {}, notes=(note,), told=(headings, *rows))


def _power(seconds: list[float]) -> str:
    """Return the power of the number of experiments by which seconds grow between the two largest."""
    before, last = seconds[-2:]
    return f"{math.log(last / before) / math.log(COUNTS[-1] / COUNTS[-2]):.2f}" if min(before, last) > 0 else "–"


def _project(folder: Path, count: int) -> None:
    """Make a project of `count` experiments that is up to date for both engines."""
    for name in COPIED:
        place = material.ROOT / name
        copy = shutil.copytree if place.is_dir() else shutil.copy
        (folder / name).parent.mkdir(exist_ok=True)
        copy(place, folder / name)
    names = [f"x{number:03d}" for number in range(count)]
    declared = PARAMS | {"experiments": dict.fromkeys(names, EXPERIMENT)}
    dumper = yaml.SafeDumper
    dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]
    (folder / "params.yaml").write_text(yaml.dump(declared, Dumper=dumper, sort_keys=False))
    first = names[0]
    for command in ("git init --quiet", "dvc init --quiet"):
        _seconds(folder, command.split())
    shutil.copytree(material.ROOT / ".dvc/plots", folder / ".dvc/plots")
    for stage in (["download", "digits"], ["prepare", "digits"], ["degrade", "digits-noisy"]):
        _seconds(folder, ["showreel", *stage])
    for stage in ("train", "evaluate", "render"):
        _seconds(folder, ["showreel", stage, first])
    made = [path for path in folder.rglob(f"*{first}*") if ".git" not in path.parts and "logs" not in path.parts]
    for path in sorted(made):
        for name in names[1:]:
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, path.with_name(path.name.replace(first, name)))
    for record in sorted((folder / "lineage").rglob(f"{first}.json")):
        text = json.dumps({key: value for key, value in json.loads(record.read_text()).items() if key != "digest"})
        for name in names[1:]:
            record.with_name(f"{name}.json").write_text(text.replace(first, name))
    _seconds(folder, ["showreel", "gallery"])
    _commit(folder, names)
    _seconds(folder, ["snakemake", "--quiet", "all", "--cores", "2", "--touch", "all_gifs"])
    states = {one["state"] for one in json.loads(_printed(folder, ["showreel", "list", "--json"]))}
    if states != {"up to date"}:
        raise SystemExit(f"the project was not made right: {states}")


def _commit(folder: Path, names: list[str]) -> None:
    """Let DVC take everything for made; the others' entries in dvc.lock are the first's, as most of their files are."""
    first, *others = names
    shared = ["download@digits", "prepare@digits", "degrade@digits-noisy"]
    own = [f"{stage}@{first}" for stage in ("train", "evaluate", "render")]
    _seconds(folder, ["dvc", "commit", "--quiet", "--force", *shared, *own])
    lock = folder / "dvc.lock"
    locked = yaml.safe_load(lock.read_text())
    text = yaml.dump({stage: locked["stages"][stage] for stage in own}, sort_keys=False)
    for name in others:
        entries = yaml.safe_load(text.replace(first, name))
        for out in (out for entry in entries.values() for out in entry["outs"]):
            if out["path"].startswith("lineage/"):  # it tells of its own experiment, so it is no copy
                record = (folder / out["path"]).read_bytes()
                out |= {"md5": hashlib.md5(record).hexdigest(), "size": len(record)}
        locked["stages"] |= entries
    lock.write_text(yaml.dump(locked, sort_keys=False))
    _seconds(folder, ["dvc", "commit", "--quiet", "--force", "gallery"])
    _seconds(folder, ["dvc", "status", "--quiet"])


def _seconds(folder: Path, words: list[str]) -> float:
    start = time.perf_counter()
    _printed(folder, words)
    return time.perf_counter() - start


def _printed(folder: Path, words: list[str]) -> str:
    """Run a command, which must succeed, and return what it prints."""
    done = subprocess.run(words, cwd=folder, env=_environment(folder), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(folder / "src")}


def _share(folder: Path) -> float:
    """Return the share of a dry run of Snakemake that is spent in functions of the package, by a profile.

    It is the most that it can be: what the package calls is its own, and a call that goes out of it and in again counts
    twice.
    """
    words = [sys.executable, "-m", "cProfile", "-o", "profile", "-m", *COMMANDS["snakemake -n"]]
    _seconds(folder, words)
    stats = pstats.Stats(str(folder / "profile"), stream=io.StringIO())
    package, entered = str(folder / "src"), 0.0
    for (file, _, _), (_, _, _, _, callers) in stats.stats.items():  # type: ignore[attr-defined]
        if file.startswith(package):
            entered += sum(one[3] for caller, one in callers.items() if not caller[0].startswith(package))
    return entered / stats.total_tt  # type: ignore[attr-defined]
