"""The command as its users meet it, above all with bad input: one line that names the thing and the mend."""

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from unittest.mock import patch

import h5py
import pytest
from checkouts import ROOT
from test_params import GOOD

from showreel.__main__ import SETTINGS, set_up_libraries
from showreel.cli import examples, parser
from showreel.params import loading
from showreel.pipeline import paths

Refused = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a params.yaml, in which the command runs."""
    (tmp_path / "params.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SHOWREEL_MIRROR", raising=False)
    return tmp_path


@pytest.fixture
def refused(project: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """A function that runs a command, sees that it fails with one line and leaves no file, and returns the line."""

    def refused(*arguments: str, code: int) -> str:
        before = files(project)
        assert parser.main(arguments) == code
        out, error = capsys.readouterr()
        assert out == ""
        assert files(project) == before
        assert error.startswith("showreel: error: ")
        assert error.count("\n") == 1
        return error.removeprefix("showreel: error: ").rstrip("\n")

    return refused


def files(folder: Path) -> dict[Path, bytes]:
    """Read all files but unfinished downloads and locks: these are no outputs."""
    others = {paths.PARTIAL.name, paths.STATE.name}
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in found if others.isdisjoint(path.relative_to(folder).parts)}


def declare(project: Path, before: str, after: str) -> None:
    assert GOOD.count(before) == 1
    (project / "params.yaml").write_text(GOOD.replace(before, after))


def made(*commands: str) -> None:
    for command in commands:
        assert parser.main(command.split()) == 0


def test_the_first_three_stages_make_their_files(project: Path) -> None:
    made("download digits", "prepare digits", "degrade digits-noisy")
    assert {path.relative_to(project).as_posix() for path in files(project)} == {
        "params.yaml",
        "data/raw/digits/images.npy",
        "data/raw/digits/labels.npy",
        "data/prepared/digits.h5",
        "data/prepared/digits-noisy.h5",
        "lineage/download/digits.json",
        "lineage/prepared/digits.json",
        "lineage/prepared/digits-noisy.json",
    }


def test_list_shows_the_experiments_that_a_pattern_names(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made("list digits-*")
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["experiment", "digits-denoiser"]
    made("list")
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_version_and_help_need_no_params_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for option, text in (("--version", metadata.version("showreel")), ("--help", "SHOWREEL_MIRROR")):
        with pytest.raises(SystemExit) as end:
            parser.main([option])
        assert not end.value.code
        assert text in capsys.readouterr().out


def subcommands() -> dict[str, argparse.ArgumentParser]:
    (commands,) = (one for one in parser._parser()._actions if isinstance(one, argparse._SubParsersAction))
    return dict(commands.choices)


@pytest.mark.parametrize("name", subcommands())
def test_every_command_has_help_and_examples_that_can_be_typed(name: str) -> None:
    command = subcommands()[name]
    summary, *more = (command.description or "").splitlines()
    assert summary.endswith(".")
    assert not more or more[-1].endswith(".")
    assert all(action.help for action in command._actions)
    for example in examples.EXAMPLES[name]:
        assert example in command.format_help()
        words = [word for word in shlex.split(example, comments=True) if not word.startswith("SHOWREEL_")]
        assert words[:2] == ["showreel", name]
        parser._parser().parse_args(words[1:])


def test_examples_name_what_the_project_declares() -> None:
    declared = loading.load(ROOT / "params.yaml")
    lines = " ".join(line for name, shown in examples.EXAMPLES.items() if name != "new" for line in shown)
    names = re.findall(r"[a-z]+(?:-[a-z]+)+", re.sub(r" --\S+", "", lines))
    assert names
    assert set(names) <= {*declared.experiments, *declared.inputs, *declared.studies["cross"]}


def test_commands_that_need_no_network_import_neither_keras_nor_scientific_packages() -> None:
    modules = ("cli.parser", "cli.terminal", "reporting.printed", "reporting.details")
    code = f"import sys, {', '.join(f'showreel.{name}' for name in modules)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "pydantic" in loaded
    assert {"keras", "tensorflow", "skimage", "sklearn", "scipy", "pandas", "numpy", "h5py", "PIL"}.isdisjoint(loaded)


def test_the_module_is_the_command_and_looks_for_no_plugins_of_pydantic() -> None:
    code = (
        "import runpy, sys; sys.argv[1:] = ['--help']\n"
        "try: runpy.run_module('showreel', run_name='__main__')\n"
        "except SystemExit: from pydantic.plugin import _loader; print('plugins:', _loader._plugins)"
    )
    module = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    command = subprocess.run(["showreel", "--help"], capture_output=True, text=True, check=True).stdout
    assert module == command + "plugins: None\n"


@pytest.mark.slow
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="TensorFlow is left alone elsewhere")
def test_the_command_lets_tensorflow_use_onednn() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    code = (
        "import sys; sys.argv[1:] = ['--print-completion', 'bash']; from showreel.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: from tensorflow.python.util import _pywrap_util_port as port; print(port.IsMklEnabled())"
    )
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.endswith("\nTrue\n")


@pytest.mark.parametrize("own", [None, "0"])
def test_libraries_are_set_up_unless_the_environment_says_how(own: str | None) -> None:
    for name, value in SETTINGS.items():
        with patch.dict(os.environ, {name: own} if own else {}):
            if not own:
                os.environ.pop(name, None)
            set_up_libraries()
            assert os.environ[name] == (own or value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "the following arguments are required: COMMAND; see `showreel --help`"),
        ("trian digits-denoiser", "argument COMMAND: invalid choice: 'trian' (choose from "),
        ("train", "the following arguments are required: EXPERIMENT; see `showreel train --help`"),
        ("prepare digits noisy", "unrecognized arguments: noisy; see `showreel --help`"),
        ("train digits-denoisr", "experiment: 'digits-denoisr' is not declared; did you mean 'digits-denoiser'? there"),
        ("evaluate digits", "experiment: 'digits' is not declared; "),
        ("render x", "experiment: 'x' is not declared; there are: digits-denoiser, photos-identity"),
        ("download digit", "dataset: 'digit' is not declared; did you mean 'digits'? there are: digits, photos"),
        ("prepare ../digits", "dataset: '../digits' is not declared; did you mean 'digits'?"),
        ("degrade digits-nosy", "input: 'digits-nosy' is not declared; did you mean 'digits-noisy'?"),
        ("degrade digits", "input: 'digits' is not declared; "),
        ("cross x", "cross: 'x' is not declared; there are: none"),
        ("list nothing-*", "experiment: 'nothing-*' is not declared; there are: "),
    ],
)
def test_a_wrong_command_line_exits_with_2(refused: Refused, arguments: str, said: str) -> None:
    assert refused(*arguments.split(), code=2).startswith(said)


@pytest.mark.parametrize("command", ["download digits", "list", "train digits-denoiser", "sync"])
def test_no_command_starts_on_bad_params(project: Path, refused: Refused, command: str) -> None:
    declare(project, "0.001", "1e-3")
    assert refused(*command.split(), code=2).startswith("params.yaml: training.learning_rate: Snakemake reads '1e-3'")


def test_an_experiment_is_not_compared_with_itself(refused: Refused) -> None:
    assert "is named twice" in refused("compare", "photos-denoiser", "photos-denoiser", code=2)


def test_a_missing_params_file_says_where_to_run(project: Path, refused: Refused) -> None:
    (project / "params.yaml").unlink()
    assert refused("list", code=2).startswith("params.yaml: missing; run showreel in the project's root")


@pytest.mark.parametrize(
    ("before", "after", "commands", "said"),
    [
        (
            "noisy, sigma: 0.5",
            "noisy, sigma: -1.0",
            "degrade digits-noisy",
            "degradations: sigma must be a finite number ≥ 0, not -1.0",
        ),
        (
            "factor: 2",
            "factor: 1",
            "degrade digits-downscaled",
            "degradations: factor must lie between 2 and 8, the image's side, not 1",
        ),
        ("patch: 32", "patch: 4", "prepare photos", "photos: patch is 4; it must lie between 8 and 128 pixels"),
    ],
)
def test_an_option_out_of_range_exits_with_2(
    project: Path, refused: Refused, before: str, after: str, commands: str, said: str
) -> None:
    made("download digits", "prepare digits", "download photos")
    declare(project, before, after)
    assert refused(*commands.split(), code=2).startswith(said)


def test_a_missing_raw_folder_is_named(refused: Refused) -> None:
    assert refused("prepare", "digits", code=1).startswith("data/raw/digits: missing; run the stage that makes it")


def test_a_missing_prepared_file_is_named(refused: Refused) -> None:
    assert refused("degrade", "digits-noisy", code=1).startswith("data/prepared/digits.h5: missing; run the")


@pytest.mark.parametrize("damage", ["cut", "flipped", "text"])
def test_a_damaged_prepared_file_is_named_and_nothing_is_made_of_it(refused: Refused, damage: str) -> None:
    made("download digits", "prepare digits")
    path = paths.prepared("digits")
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        content[file["train/image"].id.get_chunk_info(0).byte_offset + 9] ^= 1
    path.write_bytes(
        bytes({"cut": content[: len(content) // 2], "flipped": content, "text": bytearray(b"text")}[damage])
    )
    assert refused("degrade", "digits-noisy", code=1).startswith(f"{path}: is not what its stage wrote, by lineage/")
    paths.record("prepare", "digits").unlink()
    said = refused("degrade", "digits-noisy", code=1)
    assert said.startswith("data/prepared/digits.h5: damaged (")
    assert said.endswith("delete it and run its stage again (`dvc repro` does that)")


def test_a_factor_beyond_the_images_is_refused_before_it_takes_memory(project: Path, refused: Refused) -> None:
    made("download digits", "prepare digits")
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace("factor: 2", "factor: 1000000000"))
    said = refused("degrade", "digits-downscaled", code=2)
    assert said == "degradations: factor must lie between 2 and 8, the image's side, not 1000000000"


def test_a_folder_of_images_that_is_missing_is_named(project: Path, refused: Refused) -> None:
    declare(project, "photos, patch: 32", "folder, path: pictures, size: 16")
    assert refused("download", "photos", code=1).startswith("pictures: there is no such folder or archive; mend `path`")


def test_a_folder_without_images_is_refused(project: Path, refused: Refused) -> None:
    declare(project, "photos, patch: 32", "folder, path: pictures, size: 16")
    (project / "pictures").mkdir()
    assert refused("download", "photos", code=1).startswith("pictures: no image for the train split")


def test_a_file_where_a_folder_is_wanted_is_named_with_the_command(project: Path, refused: Refused) -> None:
    made("download digits")
    (project / "data" / "prepared").touch()
    said = refused("prepare", "digits", code=1)
    assert said.startswith("prepare digits: [Errno 17] File exists: 'data/prepared'; check that the disk")


def test_a_dead_mirror_is_named(project: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    from showreel.datasets import mnist
    from showreel.datasets.parts.fetch import RemoteFile

    monkeypatch.setattr(mnist, "FILES", (RemoteFile("a.gz", "0" * 64, ()),))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setenv("SHOWREEL_MIRROR", "http://127.0.0.1:9, /nowhere")
    declare(project, "{source: digits}", "{source: mnist}")
    said = refused("download", "digits", code=1)
    assert said.startswith("a.gz: no source has it (http://127.0.0.1:9/mnist/a.gz: ")
    assert "/nowhere/a.gz: No such file or directory" in said
    assert "set SHOWREEL_MIRROR" in said


def test_damaged_scores_are_named(project: Path, refused: Refused) -> None:
    paths.metrics("digits-denoiser").parent.mkdir(parents=True)
    paths.metrics("digits-denoiser").write_text('{"psnr": ')
    assert refused("list", code=1).startswith("results/digits-denoiser/metrics.json: damaged (")


@pytest.mark.slow
def test_a_model_that_cannot_fit_names_its_experiment(project: Path) -> None:
    declare(project, "input: digits-noisy, model: unet", "input: digits, model: upscaler")
    made("download digits", "prepare digits")
    before = files(project)
    command = [str(Path(sys.executable).parent / "showreel"), "train", "digits-denoiser"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == (
        "showreel: error: experiments.digits-denoiser.model: upscaler doubles the size of (8, 8), "
        "but the target is (8, 8)\n"
    )
    assert files(project) == before
