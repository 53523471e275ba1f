"""`showreel new`: what it writes works as it is, as do the examples of docs/howto/extending.md."""

import io
import re
import shutil
import sys
import tokenize
from pathlib import Path

import pytest
from checkouts import ROOT, Checkout
from PIL import Image

from showreel.cli import parser
from showreel.cli.new import KINDS, LONGEST_NAME

NAMES = {kind: f"my_{kind}".ljust(LONGEST_NAME, "x") for kind in KINDS}
"""As long as can be, since that is hardest on the lines."""

EXAMPLES = {"dataset": "faces", "degradation": "speckled", "model": "plain"}
STAGES = [
    *("download {dataset}", "prepare {dataset}", "degrade {dataset}-{degradation}"),
    *("train {0}", "evaluate {0}", "render {0}"),
]
"""Command lines of an experiment, whose name is {0}."""
RUN = "import sys; from showreel.cli import parser; sys.exit(any(parser.main(line.split()) for line in sys.argv[1:]))"


def add_lines(file: Path, lines: str) -> None:
    """Add lines to the sections of params.yaml that they name."""
    text = file.read_text()
    for section, added in re.findall(r"^(\w+):\n((?: .+\n?)+)", lines, re.MULTILINE):
        text = re.sub(rf"^({section}:.*\n)", rf"\1{added}\n", text, flags=re.MULTILINE)
    file.write_text(text)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the project with a new file of each kind and the examples of the docs, all of them declared."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, folder)
    tree, file = Checkout(folder), folder / "params.yaml"
    for kind, name in NAMES.items():
        add_lines(file, tree.run("showreel", "new", kind, name))
    guide = (ROOT / "docs/howto/extending.md").read_text()
    sources = dict(re.findall(r"^## [^\n]*: (src/\S+)\n\n```python\n(.*?)^```", guide, re.DOTALL | re.MULTILINE))
    assert [Path(path).stem for path in sources] == list(EXAMPLES.values())
    for path, source in sources.items():
        (folder / path).write_text(source)
    (lines,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    add_lines(file, lines)
    given = "{dataset}-{degradation}: {{dataset: {dataset}, degradation: {degradation}, share: 0.1}}".format(**NAMES)
    everything = (
        "{{task: {task}, dataset: {dataset}, input: {dataset}-{degradation}, model: {model}, weights: random}}"
    ).format(**NAMES)
    add_lines(file, f"inputs:\n  {given}\nexperiments:\n  all: {everything}\n")
    file.write_text(re.sub(r"epochs: \d+", "epochs: 1", file.read_text()))
    return tree


@pytest.mark.parametrize("names", [NAMES, EXAMPLES], ids=["new", "docs"])
def test_they_are_in_the_style_of_the_project(tree: Checkout, names: dict[str, str]) -> None:
    files = [f"src/showreel/{kind}s/{name}{'' if kind == 'task' else '.py'}" for kind, name in names.items()]
    tree.run("ruff", "check", *files)
    tree.run("ruff", "format", "--check", *files)


@pytest.mark.slow
def test_they_pass_the_contract_tests_of_their_folders(tree: Checkout) -> None:
    names = [*NAMES.values(), *EXAMPLES.values()]
    files = ["tests/datasets/test_contracts.py", "tests/degradations", "tests/networks/test_models.py", "tests/tasks"]
    printed = tree.run("pytest", "-v", "-p", "no:cacheprovider", "-k", " or ".join(names), *files)
    assert "failed" not in printed
    assert all(re.search(rf"\[{name}\b.* PASSED", printed) for name in names)


@pytest.mark.slow
def test_experiments_with_all_three_end_in_a_gif(tree: Checkout) -> None:
    experiments = {"all": NAMES, "faces-denoiser": EXAMPLES}
    commands = [stage.format(experiment, **names) for experiment, names in experiments.items() for stage in STAGES]
    tree.run(sys.executable, "-c", RUN, *commands)
    for experiment in experiments:
        with Image.open(tree.folder / f"results/{experiment}/reel.gif") as reel:
            assert getattr(reel, "n_frames", 1) == 2
        assert "up to date" in tree.run("showreel", "list", experiment)


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_stands_in_texts_alone_so_that_lint_checks_the_code_of_every_new_file(kind: str) -> None:
    scaffold = ROOT / "src/showreel/scaffold"
    sources = [
        path.read_text() for path in ((scaffold / kind).glob("*.py") if kind == "task" else [scaffold / f"{kind}.py"])
    ]
    strings = (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1))
    for source in sources:
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        texts = [token.string for token in tokens if token.type in strings]
        assert sum(text.count("NAME") for text in texts) == source.count("NAME")
    assert any("NAME" in source for source in sources)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package in a checkout, of which it is the current folder."""
    folder = tmp_path / "src/showreel"
    shutil.copytree(ROOT / "src/showreel", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("showreel.params.registry.PACKAGE", folder)
    return folder


def test_it_tells_the_path_the_lines_and_what_to_run(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert parser.main(["new", "degradation", "scratched"]) == 0
    assert (
        capsys.readouterr().out
        == """\
src/showreel/degradations/scratched.py

Lines to add to these sections of params.yaml:

inputs:
  digits-scratched: {dataset: digits, degradation: scratched, share: 0.1}
experiments:
  scratched-restorer: {task: restoration, dataset: digits, input: digits-scratched, model: unet, weights: random}

Then
  pytest -k scratched tests/degradations
  dvc repro render@scratched-restorer
"""
    )


def test_params_yaml_may_name_the_file_before_it_is_there_and_stays_as_it_is(package: Path, tmp_path: Path) -> None:
    checkout, file = Checkout(tmp_path), tmp_path / "params.yaml"
    text = (ROOT / "params.yaml").read_text().replace("\nmodels:\n", "\nmodels:\n  mine: {filters: 4} # soon\n")
    file.write_text(text)
    assert "models.mine: there is no 'mine'" in checkout.run("showreel", "list", exit_code=2)
    checkout.run("showreel", "new", "model", "mine")
    assert file.read_text() == text
    checkout.run("showreel", "list")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("model U-net", "new model: 'U-net' cannot be its file's name; take lower-case letters, digits and '_'"),
        ("model Mine", "new model: 'Mine' cannot be"),
        ("model ../mine", "new model: '../mine' cannot be"),
        ("model 3d", "new model: '3d' cannot be"),
        ("model _mine", "new model: '_mine' cannot be"),
        ("model ünet", "new model: 'ünet' cannot be"),
        ("degradation lambda", "new degradation: 'lambda' cannot be"),
        (f"model {'m' * 31}", "new model: a name of 31 characters; take one of up to 30"),
        ("model unet", "new model: src/showreel/models/unet.py is there already and stays as it is; take another name"),
        ("model parts", "new model: src/showreel/models/parts.py is there already"),
        ("degradation noisy", "new degradation: src/showreel/degradations/noisy.py is there already"),
        ("task restoration", "new task: src/showreel/tasks/restoration is there already"),
        ("task contract", "new task: src/showreel/tasks/contract is there already"),
        ("dataset folder", "new dataset: src/showreel/datasets/folder.py is there already"),
        ("network mine", "argument kind: invalid choice: 'network' (choose from"),
        ("model", "the following arguments are required: NAME; see `showreel new --help`"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    package: Path, capsys: pytest.CaptureFixture[str], arguments: str, said: str
) -> None:
    before = {path: path.read_bytes() for path in package.rglob("*.py")}
    assert parser.main(["new", *arguments.split()]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith(f"showreel: error: {said}")
    assert {path: path.read_bytes() for path in package.rglob("*.py")} == before


def test_an_installed_package_is_left_alone(
    package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed = package.parent.rename(package.parents[1] / "site-packages") / "showreel"
    monkeypatch.setattr("showreel.params.registry.PACKAGE", installed)
    assert parser.main(["new", "model", "mine"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"showreel: error: new model: {installed} is an installed package, where the next")
    assert "clone the repository" in error
    assert not (installed / "models/mine.py").exists()
