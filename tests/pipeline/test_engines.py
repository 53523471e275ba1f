"""DVC and Snakemake declare the same graph from the same params.yaml, and each stage exactly the code that it runs."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from checkouts import ROOT, Checkout
from dvc.dependency import ParamsDependency
from dvc.repo import Repo
from dvc.repo.artifacts import name_is_compatible

from showreel.params import registry, schema
from showreel.pipeline import paths, provenance

GALLERY = "showreel gallery"
"""It alone reads folders in DVC, which cannot list what all experiments make."""

DECLARED = schema.load(ROOT / paths.PARAMS)


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
    """Snakemake's jobs by command."""
    (checkout.folder / paths.exported("photos-denoiser", paths.TRIED)).touch()
    prepared = [paths.prepared(name, kind) for name in DECLARED.datasets for kind in ("clean", *DECLARED.degradations)]
    targets = ["all_gifs", "gallery", *map(str, prepared)]
    text = checkout.run("snakemake", "--dry-run", "--forceall", "--printshellcmds", "--cores", "1", *targets)
    jobs = {}
    for job in re.split(r"\n(?=\[)", text):
        command = re.search(r"^Shell command: (showreel .*) 2> ", job, re.MULTILINE)
        if command:
            fields = dict(re.findall(r"^    (input|output): (.*)$", job, re.MULTILINE))
            jobs[command[1]] = Job(*(frozenset(fields[name].split(", ")) for name in ("input", "output")))
    return jobs


def test_both_engines_run_the_same_commands(in_dvc: dict[str, Job], in_snakemake: dict[str, Job]) -> None:
    datasets, degradations, experiments = DECLARED.datasets, DECLARED.degradations, DECLARED.experiments
    assert len(in_dvc) == 2 * len(datasets) + len(datasets) * len(degradations) + 3 * len(experiments) + 1
    assert in_dvc.keys() == in_snakemake.keys()


def test_both_engines_know_the_same_inputs_and_outputs(in_dvc: dict[str, Job], in_snakemake: dict[str, Job]) -> None:
    for command, job in in_dvc.items():
        if command != GALLERY:
            assert job == in_snakemake[command], command


def test_the_gallery_reads_what_lies_in_the_folders_that_dvc_watches(
    in_dvc: dict[str, Job], in_snakemake: dict[str, Job]
) -> None:
    assert in_dvc[GALLERY].outputs == in_snakemake[GALLERY].outputs
    read, watched = in_snakemake[GALLERY].inputs - in_dvc[GALLERY].inputs, in_dvc[GALLERY].inputs
    folders = {str(folder) for path in read for folder in Path(path).parents} & watched
    assert folders == {"exports", "results", "lineage/train", "lineage/evaluate"}
    assert folders == watched - in_snakemake[GALLERY].inputs
    assert all(any(str(folder) in folders for folder in Path(path).parents) for path in read)


def test_each_stage_declares_exactly_the_code_that_it_runs(in_dvc: dict[str, Job]) -> None:
    for command, job in in_dvc.items():
        declared = {path for path in job.inputs if path.startswith("src/")}
        modules, folders = _modules(command)
        closure = {_relative(path) for path in provenance.closure(modules)}
        shared = {_relative(path) for folder in folders for path in _shared(folder)}
        assert closure <= declared, f"{command}: not declared"
        assert declared <= closure | shared, f"{command}: declared, but never run"


def test_every_path_of_the_layout_is_an_output_of_its_stage(in_dvc: dict[str, Job]) -> None:
    experiment = "mnist-denoiser"
    for stage, functions in {
        f"train {experiment}": (paths.model, paths.reel, paths.history),
        f"evaluate {experiment}": (paths.examples, paths.scores, paths.baselines, paths.metrics),
        f"render {experiment}": (paths.gif, paths.poster, paths.card, paths.still, paths.sheet, paths.places),
    }.items():
        record = paths.record(*stage.split())
        assert in_dvc[f"showreel {stage}"].outputs == {str(path(experiment)) for path in functions} | {str(record)}
    assert str(paths.record("degrade", "mnist", "noisy")) in in_dvc["showreel degrade mnist noisy"].outputs


def test_the_artifacts_of_dvc_are_the_models_of_the_portfolio() -> None:
    artifacts = yaml.safe_load((ROOT / "dvc.yaml").read_text())["artifacts"]
    assert list(artifacts) == list(DECLARED.experiments)
    for name, artifact in artifacts.items():
        experiment = DECLARED.experiments[name]
        labels = [experiment.dataset, experiment.input, experiment.model]
        assert artifact.pop("desc")
        assert artifact == {"path": str(paths.model(name)), "type": "model", "labels": labels}
        assert name_is_compatible(name)


def test_an_init_file_holds_nothing_but_its_docstring_since_no_stage_declares_it() -> None:
    for path in set(registry.PACKAGE.rglob("__init__.py")) - {registry.PACKAGE / "__init__.py"}:
        assert re.fullmatch(r'""".*?"""\n', path.read_text(), re.DOTALL), path


def test_the_package_itself_does_nothing_to_a_stage_that_imports_it() -> None:
    code = "import showreel, sys; assert not [name for name in sys.modules if name.startswith('showreel.')]"
    subprocess.run([sys.executable, "-c", code], check=True)
    body = ast.parse((registry.PACKAGE / "__init__.py").read_text()).body
    changing = [node for node in body if not isinstance(node, ast.Expr | ast.ImportFrom | ast.If | ast.FunctionDef)]
    assert changing == []
    assert [node.name for node in body if isinstance(node, ast.FunctionDef)] == ["__getattr__"]


def _modules(command: str) -> tuple[list[str], list[str]]:
    """Return the modules that a command loads, and the extension folders from which it loads one by name."""
    _, stage, *names = command.split()
    extensions = {}
    if stage in ("download", "prepare"):
        extensions["datasets"] = DECLARED.datasets[names[0]].source
    if stage == "degrade":
        extensions["degradations"] = names[1]
    if stage == "train":
        extensions["models"] = DECLARED.experiments[names[0]].model
    if stage == "evaluate":
        extensions["degradations"] = DECLARED.experiments[names[0]].input
    modules = [f"showreel.{folder}.{extension}" for folder, extension in extensions.items()]
    return [f"showreel.stages.{stage}", *modules], list(extensions)


def _shared(folder: str) -> list[Path]:
    return [path for path in (registry.PACKAGE / folder).glob("*.py") if path.stem not in registry.names(folder)]


def _relative(path: Path) -> str:
    return f"src/{path.relative_to(provenance.SOURCE).as_posix()}"
