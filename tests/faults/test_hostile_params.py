"""A params.yaml that lies: code, aliases that multiply, megabytes of text, odd names and numbers."""

import os
import re
import string
from itertools import pairwise
from pathlib import Path

import pytest
from hostile import BOUND, measured, project, refused
from matrices import paired, sample
from test_params import GOOD

from showreel.params import loading
from showreel.storage.errors import ParamsError

pytestmark = pytest.mark.slow

LONGEST_LINE = 400


def laughs(link: str) -> str:
    """Ten anchors of which each holds nine aliases of the one before: 9¹⁰ values in a kilobyte."""
    lines = [f"{one}: &{one} {link.format(','.join([f'*{before}'] * 9))}\n" for before, one in pairwise("abcdefghijk")]
    return "a: &a {k: lol}\n" + "".join(lines)


def hostile(folder: Path, text: str | bytes) -> Path:
    made = project(folder)
    (made / "params.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return made


@pytest.mark.parametrize(
    "tag",
    sample(
        [
            *(
                f"!!python/{kind}"
                for kind in (
                    "object/apply:os.system ['touch ran']",
                    "object/new:os.system ['touch ran']",
                    "name:os.system ''",
                )
            ),
            *("!!python/module:os ''", "!Code 1", "!!binary aGk=", "!!set {a}", "!!omap [a: 1]"),
        ],
        "!!python/object/apply:os.system ['touch ran']",
        "!!binary aGk=",
        "!!omap [a: 1]",
    ),
)
def test_tag_is_refused_and_runs_nothing(tmp_path: Path, tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = hostile(tmp_path, GOOD.replace("seed: 20", f"seed: {tag}"))
    said = refused(folder, "download digits", capsys, code=2)
    assert said.startswith("params.yaml: ")
    assert len(said) < LONGEST_LINE


@pytest.mark.parametrize("link", sample({"lists": "[{}]", "merges": "{{<<: [{}]}}", "both": "{{x: [{}]}}"}, "merges"))
def test_aliases_that_multiply_are_refused_at_once(tmp_path: Path, link: str) -> None:
    outcome = measured(hostile(tmp_path, GOOD + laughs(link)), "download digits")
    assert outcome.said == (
        "showreel: error: params.yaml: holds aliases that repeat each other beyond all measure; write the values out\n"
    )
    assert (outcome.code, outcome.megabytes < BOUND) == (2, True)


def test_long_text_behind_many_aliases_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD + f"x: &x {'a' * 100_000}\ny: [{', '.join(['*x'] * 100)}]\n"
    assert "aliases that repeat each other" in refused(hostile(tmp_path, text), "download digits", capsys, code=2)


def test_alias_of_sober_use_is_taken(tmp_path: Path) -> None:
    text = GOOD.replace("{depth: 2, filters: 16}", "&body {depth: 2, filters: 16}")
    text = text.replace("{depth: 1, filters: 16}", "*body")
    assert loading.load(hostile(tmp_path, text) / "params.yaml").models["upscaler"] == {"depth": 2, "filters": 16}


@pytest.mark.parametrize(
    "text",
    sample(
        {
            "comment": GOOD + "# " + "x" * 10_000_000,
            "list": GOOD + "x: [" + "1," * 5_000_000 + "1]",
            "zeros": "\0" * 10_000_000,
        },
        "list",
    ),
)
def test_ten_megabytes_are_refused_at_once(tmp_path: Path, text: str) -> None:
    outcome = measured(hostile(tmp_path, text), "download digits")
    assert "params.yaml: is not a file of up to 262,144 bytes" in outcome.said
    assert (outcome.code, outcome.megabytes < BOUND) == (2, True)


@pytest.mark.parametrize("kind", sample(["folder", "fifo", "device"], "fifo"))
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = hostile(tmp_path, "") / "params.yaml"
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    assert "params.yaml: is not a file of up to" in refused(path.parent, "download digits", capsys, code=2)


ODD = {
    "long": "n" * 101,
    "very long": "n" * 5000,
    "way up": "../../etc",
    "absolute": "/etc/passwd",
    "escape sequence": '"\\e[31mred"',
    "NUL": '"a\\0b"',
    "half a character": '"\\ud800"',
    "right to left": '"\\u202egnp.a"',
    "line": '"a\\nb"',
}


@pytest.mark.parametrize(("before", "name"), paired(["  digits-denoiser:", "  digits:"], ODD))
def test_odd_name_is_refused_in_a_short_line(
    tmp_path: Path, before: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hostile(tmp_path, GOOD.replace(before, f"  ? {ODD[name]}\n  :"))
    assert len(refused(folder, "download digits", capsys, code=2)) < LONGEST_LINE


PLACES = (
    *("source: digits", "dataset: digits", "task: restoration", "input: digits-noisy", "model: unet"),
    *("weights: random", "precision: auto", "depth: 2", "patch: 32"),
)


@pytest.mark.parametrize(("before", "name"), paired(PLACES, ODD))
def test_odd_value_is_refused_in_a_short_line(
    tmp_path: Path, before: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key, _ = before.split(": ")
    folder = hostile(tmp_path, GOOD.replace(before, f"{key}: {ODD[name]}", 1))
    assert len(refused(folder, "download digits", capsys, code=2)) < LONGEST_LINE


NUMBERS = {name: name for name in (".nan", ".inf", "-.inf", "0", "-1", "1.0e+400")} | {"endless": "9" * 5000}


@pytest.mark.parametrize(("key", "value"), paired(["learning_rate: 0.001", "epochs: 25", "batch_size: 128"], NUMBERS))
def test_number_that_cannot_be_is_refused(
    tmp_path: Path, key: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hostile(tmp_path, GOOD.replace(key, f"{key.split()[0]} {NUMBERS[value]}"))
    said = refused(folder, "download digits", capsys, code=2)
    assert said.startswith("params.yaml: ")
    assert len(said) < LONGEST_LINE


def test_every_printable_character_gives_a_name_or_a_refusal(tmp_path: Path) -> None:
    said = []
    for character in string.printable:
        path = tmp_path / "params.yaml"
        path.write_text(GOOD.replace("digits-denoiser", f"a{character}b"))
        try:
            names = loading.load(path).experiments
        except ParamsError as error:
            said.append(str(error))
        else:
            assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in names)
    assert all(line.isprintable() for line in said)
    assert len(said) > 30
