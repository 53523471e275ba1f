"""DVC and Snakemake declare the same graph from the same params.yaml, and each stage exactly the code that it runs."""

import ast
import json
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest
from checkouts import ROOT, Checkout
from dvc.dependency import ParamsDependency
from dvc.repo import Repo

from showreel.params import loading, registry
from showreel.pipeline import graph, paths, provenance

GALLERY = "showreel gallery"
"""It alone reads folders in DVC, which cannot list what all experiments make."""

DECLARED = loading.load(ROOT / paths.PARAMS)
STAGES = graph.stages(DECLARED)
RANDOM = "models/random.keras"
"""DVC knows no optional dependency, so that this stands for one."""


class Job(NamedTuple):
    """What one engine knows of one command."""

    inputs: frozenset[str]
    outputs: frozenset[str]


@pytest.fixture(scope="module")
def in_dvc(checkout: Checkout) -> dict[str, Job]:
    """DVC's stages by command."""
    with Repo(str(checkout.folder)) as repo:
        return {
            str(stage.cmd): Job(
                frozenset(str(dep) for dep in stage.deps if not isinstance(dep, ParamsDependency)),
                frozenset(str(out) for out in stage.outs),
            )
            for stage in repo.index.stages
        }


@pytest.fixture(scope="module")
def in_snakemake(checkout: Checkout) -> dict[str, Job]:
    """Snakemake's jobs by command; it lists the files of folders one by one."""
    (checkout.folder / paths.exported("photos-denoiser", paths.BROWSER_EXPORT)).touch()
    targets = ["all", *(str(paths.prepared(name)) for name in DECLARED.inputs)]
    text = checkout.run("snakemake", "--dry-run", "--forceall", "--printshellcmds", "--cores", "1", *targets)
    jobs = {}
    for job in re.split(r"\n(?=\[)", text):
        command = re.search(r"^Shell command: (showreel .*) 2> ", job, re.MULTILINE)
        if command:
            fields = dict(re.findall(r"^    (input|output): (.*)$", job, re.MULTILINE))
            jobs[command[1]] = Job(*(frozenset(fields[name].split(", ")) for name in ("input", "output")))
    return jobs


def test_both_engines_run_the_same_commands(in_dvc: dict[str, Job], in_snakemake: dict[str, Job]) -> None:
    studies = sum(map(len, DECLARED.studies.values()))
    count = 2 * len(DECLARED.datasets) + len(DECLARED.inputs) + 3 * len(DECLARED.experiments) + studies + 1
    assert len(in_dvc) == count
    assert in_dvc.keys() == in_snakemake.keys()


def test_both_engines_know_the_same_inputs_and_outputs(in_dvc: dict[str, Job], in_snakemake: dict[str, Job]) -> None:
    for command, job in in_dvc.items():
        if command != GALLERY:
            assert job.outputs == in_snakemake[command].outputs, command
            assert {name for path in job.inputs - {RANDOM} for name in _files(path)} == in_snakemake[command].inputs


def test_every_rule_watches_the_values_and_the_revision_of_its_stage() -> None:
    rules = [
        rule
        for path in sorted((ROOT / "workflow/rules").glob("*.smk"))
        for rule in re.split(r"^ *rule\b", path.read_text(), flags=re.MULTILINE)[1:]
        if "showreel " in rule
    ]
    assert len(rules) == len(paths.CODE)
    for rule in rules:
        verb = re.search(r'"showreel (\w+)|"showreel {(kind)}', rule)
        assert verb, rule
        assert f'values("{verb[1]}")' in rule or f"values({verb[2]})" in rule, rule


def test_the_values_that_snakemake_watches_are_those_of_the_graph() -> None:
    names = {"graph": graph, "paths": paths, "registry": registry, "STAGES": STAGES, "DECLARED": DECLARED}
    exec((ROOT / "workflow/rules/lookup.smk").read_text(), names)
    for stage in STAGES.values():
        values = names["values"](stage.kind)(stage.command.split()[1:])  # type: ignore[operator]
        revision = provenance.revisions()[stage.kind]
        assert json.loads(values) == DECLARED.values(*stage.params) | {"revision": revision}


def test_the_gallery_reads_what_lies_in_the_folders_that_dvc_watches(
    in_dvc: dict[str, Job], in_snakemake: dict[str, Job]
) -> None:
    assert in_dvc[GALLERY].outputs == in_snakemake[GALLERY].outputs
    watched = {path for path in in_dvc[GALLERY].inputs if not path.startswith("src/")}
    read = {path for path in in_snakemake[GALLERY].inputs if not path.startswith("src/")}
    assert {str(folder) for path in read for folder in Path(path).parents} & watched == watched
    assert all(any(str(folder) in watched for folder in Path(path).parents) for path in read)


NEVER_NUMBERS: dict[str, tuple[str, ...]] = {
    "degrade": ("scoring/baselines.py",),  # what a baseline is; none runs
    "train": ("scoring/score.py",),  # the direction of a score
    "render": (
        "tasks/*/learning.py",
        "training/*",
    ),  # with which scores.py computes; here it only says how they are written
    "gallery": ("degradations/parts/*", "models/parts/*", "training/*"),  # behind the modules of a task that compute
}
"""Stage → files in its closure that it depends on in no engine, since it uses words of theirs alone, and no number."""


def undeclared(stage: graph.Stage) -> set[str]:
    """Return what a stage imports, at first or at second hand, that is neither its declared code nor plumbing."""
    modules = [_module(path) for place in stage.code for path in provenance.sources(ROOT / place)]
    closure = provenance.closure(module for module in modules if module)
    names = {Path(_relative(path)) for path in closure if path.suffix == ".py"}
    declared = {name for name in names if not {name, *name.parents}.isdisjoint(stage.code)}
    folder = Path("src/showreel")
    others = {name.relative_to(folder) for name in names - declared}
    return {name.as_posix() for name in others if name.parts[0] not in paths.PLUMBING}


def test_what_a_stage_imports_decides_its_results_and_is_declared_or_is_plumbing() -> None:
    used = set()
    for stage in STAGES.values():
        for name in undeclared(stage):
            patterns = [pattern for pattern in NEVER_NUMBERS.get(stage.kind, ()) if fnmatch(name, pattern)]
            assert patterns, f"{stage.command}: {name}"
            used |= {(stage.kind, pattern) for pattern in patterns}
    assert used == {(kind, pattern) for kind, patterns in NEVER_NUMBERS.items() for pattern in patterns}


def test_every_path_of_the_layout_is_an_output_of_its_stage(in_dvc: dict[str, Job]) -> None:
    experiment = "mnist-denoiser"
    for stage, functions in {
        f"train {experiment}": (paths.model, paths.reel, paths.history),
        f"evaluate {experiment}": (paths.chosen, paths.scores, paths.baselines, paths.metrics),
        f"render {experiment}": (paths.gif, paths.poster, paths.card, paths.still, paths.sheet, paths.places),
    }.items():
        record = paths.record(*stage.split())
        assert in_dvc[f"showreel {stage}"].outputs == {str(path(experiment)) for path in functions} | {str(record)}
    assert str(paths.record("degrade", "mnist-noisy")) in in_dvc["showreel degrade mnist-noisy"].outputs


def test_snakemake_works_from_another_folder(checkout: Checkout, tmp_path: Path) -> None:
    for words in (["-s", str(checkout.folder / "Snakefile")], ["-s", str(checkout.folder / "workflow/Snakefile")]):
        command = ["snakemake", *words, "--dry-run", "--printshellcmds", "--cores", "1", "digits-denoiser"]
        done = subprocess.run(command, cwd=tmp_path, env=checkout.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "showreel train digits-denoiser" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_stands_at_the_packages_root_but_the_command_and_what_describes_it() -> None:
    files = {path.name for path in registry.PACKAGE.iterdir() if path.is_file()}
    assert files == {"__init__.py", "__main__.py", "revisions.yaml"}


def test_an_init_file_holds_nothing_but_its_docstring_since_nobody_would_look_there() -> None:
    for path in set(registry.PACKAGE.rglob("__init__.py")) - {registry.PACKAGE / "__init__.py"}:
        assert re.fullmatch(r'""".*?"""\n', path.read_text(), re.DOTALL), path


def test_the_package_itself_does_nothing_to_a_stage_that_imports_it() -> None:
    code = "import showreel, sys; assert not [name for name in sys.modules if name.startswith('showreel.')]"
    subprocess.run([sys.executable, "-c", code], check=True)
    body = ast.parse((registry.PACKAGE / "__init__.py").read_text()).body
    changing = [node for node in body if not isinstance(node, ast.Expr | ast.ImportFrom | ast.If | ast.FunctionDef)]
    assert changing == []
    assert [node.name for node in body if isinstance(node, ast.FunctionDef)] == ["__getattr__"]


def _files(path: str) -> list[str]:
    """Return a file, or those of a folder of the package, as Snakemake lists them."""
    if not path.startswith("src/"):
        return [path]
    return [file.relative_to(ROOT).as_posix() for file in provenance.sources(ROOT / path)]


def _module(path: Path) -> str:
    """Return a file's dotted name; "" for what is no module."""
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts) if path.suffix == ".py" else ""


def _relative(path: Path) -> str:
    return f"src/{path.relative_to(provenance.SOURCE).as_posix()}"
