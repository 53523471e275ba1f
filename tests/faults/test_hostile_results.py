"""Results and records of strangers, or damaged ones: the gallery names the file in one line, or shows it harmlessly."""

import contextlib
import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostile import measured, refused
from matrices import one_of_each, paired, sample
from PIL import Image
from samples import make_results

from showreel.cli import parser

pytestmark = pytest.mark.slow

NAME = "photos-denoiser"
RESULTS = f"results/{NAME}"
TRAINING, EVALUATION = f"lineage/train/{NAME}.json", f"lineage/evaluate/{NAME}.json"
PARAMS = f"""\
seed: 20
datasets:
  photos: {{source: photos, patch: 32}}
inputs:
  photos-noisy: {{dataset: photos, degradation: noisy, sigma: 0.5}}
models:
  unet: {{depth: 2, filters: 16}}
training: {{epochs: 4, batch_size: 128, learning_rate: 0.001, precision: auto}}
experiments:
  {NAME}: {{task: restoration, dataset: photos, input: photos-noisy, model: unet, weights: random}}
"""
MARKUP = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'--"
DEEP = "[" * 100_000


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the results of one experiment and a gallery over them."""
    folder = tmp_path_factory.mktemp("good") / "project"
    folder.mkdir()
    (folder / "params.yaml").write_text(PARAMS)
    make_results(folder, NAME)
    with contextlib.chdir(folder):
        assert parser.main(["gallery"]) == 0
    return folder


@pytest.fixture
def project(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "project"))


def changed(path: Path, where: str, value: Any) -> None:
    """Set, or with `...` remove, what lies in a JSON file at a dotted key."""
    content = json.loads(path.read_text())
    *outer, last = (int(key) if key.isdigit() else key for key in where.split("/"))
    inner = content
    for key in outer:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    path.write_text(json.dumps(content))


JSON: dict[str, list[tuple[str, Any]]] = {
    f"{RESULTS}/metrics.json": [
        ("psnr", float("nan")), ("psnr", 10**400), ("parameters", True), ("psnr", ...), ("count", 7),
    ],
    f"{RESULTS}/sheet.json": [
        ("task", ...), ("task", "segmentation"), ("tile", [0, 10]), ("tile", [12, 10**9]), ("tile", "ab"),
        ("tile", [12, "10; background: url(//x)"]), ("reel", []), ("reel/rows/2", ...), ("reel/rows/3", ...),
        ("reel/rows/0/kind", MARKUP), ("reel/rows/0/kind", "a b"), ("reel/rows/0/name", 5),
        ("reel/rows/0/name", "\ud800"), ("reel/rows/2/at", []), ("reel/rows/2/at", [[0, 0], [0, 12]]),
        ("reel/rows/0/at/0", [0, 216]), ("reel/epochs", [0, 1, 2, 3, 9]), ("reel/scores/0", float("nan")),
        ("reel/indices", []), ("chosen/indices/0", 300), ("chosen/indices/0", -1),
    ],
    TRAINING: [
        ("params", []), ("params/seed", []), ("versions/keras", "\ud800"), ("outputs", "text"), ("outputs", ...),
        ("devices", "text"), ("devices", [5]),
    ],
    EVALUATION: [("inputs", [5]), ("degradation", "text"), ("classes", ["\ud800"] * 2)],
}  # fmt: skip
"""JSON file → a place in it, and what is put there: one for each thing that is said of it."""
MORE: dict[str, list[tuple[str, Any]]] = {
    f"{RESULTS}/metrics.json": [
        ("gain", float("inf")), ("ssim", "0.5"), ("psnr_low", None), ("parameters", [1]),
        ("psnr_low", ...), ("mse", ...), ("count", 301),
    ],
    f"{RESULTS}/sheet.json": [
        ("task", 5), ("tile", ...), ("tile", [-1, 10]), ("tile", [12]), ("tile", [12.5, 10]), ("reel", ...),
        ("reel/rows", []), ("reel/rows", 1), ("reel/rows/2/kind", "truth"), ("reel/rows/2/kind", "answer"),
        ("reel/rows/0/at/0", [-1, 0]), ("reel/rows/0/at/0", [1, 0]),
        ("reel/rows/0/at/0", ["0;background:url(//x)", 0]), ("reel/rows/0/at/0", [0]),
        ("reel/epochs", []), ("reel/epochs", [0, 1, 2, 3]), ("reel/epochs", "01234"), ("reel/scores", [1.0]),
        ("reel/scores/0", None), ("reel/indices", [0] * 7), ("reel/indices/0", 300),
        ("chosen", ...), ("chosen/rows", []), ("chosen/rows/0", ...), ("chosen/rows/0/at", [[0, 156]] * 5),
        ("chosen/rows/0/at/0", [0, 216]), ("chosen/indices/0", 1.5), ("chosen/indices", [0] * 7),
        ("chosen/indices", "012345"),
    ],
    TRAINING: [
        ("params", "text"), ("params/training", 5), ("params/models.unet", "text"), (f"params/experiments.{NAME}", []),
        (f"params/experiments.{NAME}/training", "text"), ("versions", "text"), ("versions/keras", 3), ("inputs", []),
        ("outputs", []), ("outputs/x", 5), ("precision", ["float32"]), ("params/training/x", "\ud800"),
    ],
    EVALUATION: [
        ("inputs", "text"), ("inputs/data~photos.h5", 5), ("degradation", [1]), ("classes", "text"), ("classes", [5]),
        ("classes", 5),
    ],
}  # fmt: skip
"""The same of other places, for which the same is said."""


@pytest.mark.parametrize(
    ("name", "where", "value"),
    [
        pytest.param(name, where, value, marks=marks, id=f"{name.split('/')[-2]}-{Path(name).name}-{where}-{number}")
        for changes, marks in ((JSON, ()), (MORE, pytest.mark.faults))
        for name in changes
        for number, (where, value) in enumerate(changes[name], len(JSON[name]) if marks else 0)
    ],
)
def test_wrong_values_are_refused(
    project: Path, capsys: pytest.CaptureFixture[str], name: str, where: str, value: Any
) -> None:
    changed(project / name, where, value)
    assert name in refused(project, "gallery", capsys)


TABLES: dict[str, Callable[[list[str]], list[str]]] = {
    "no bytes": lambda lines: [],
    "no rows": lambda lines: lines[:1],
    "no head": lambda lines: lines[1:],
    "text": lambda lines: [*lines[:2], "a" + lines[2], *lines[3:]],
    "text in the last column": lambda lines: [*lines[:2], lines[2].rpartition(",")[0] + ",abc", *lines[3:]],
    "NaN": lambda lines: [*lines[:2], lines[2].rpartition(",")[0] + ",nan", *lines[3:]],
    "infinity": lambda lines: [*lines[:2], lines[2].rpartition(",")[0] + ",inf", *lines[3:]],
    "huge": lambda lines: [*lines[:2], lines[2].rpartition(",")[0] + ",1e300", *lines[3:]],
    "endless digits": lambda lines: [*lines[:2], lines[2].rpartition(",")[0] + "," + "9" * 5000, *lines[3:]],
    "a row cut": lambda lines: [*lines[:-1], lines[-1].rpartition(",")[0]],
    "a row too long": lambda lines: [*lines[:-1], lines[-1] + ",1"],
    "all rows too long": lambda lines: [lines[0], *(line + ",1" for line in lines[1:])],
    "a row missing": lambda lines: [*lines[:2], *lines[3:]],
    "the last rows missing": lambda lines: lines[:-1],
    "a row twice": lambda lines: [*lines[:2], *lines[1:]],
    "a quote that never ends": lambda lines: [*lines[:2], '"', *lines[2:]],
}  # fmt: skip
"""What happens to the lines of a table."""


@pytest.mark.parametrize(
    "damage",
    sample(TABLES, "no bytes", "no head", "text", "a row too long", "a row missing"),
)
@pytest.mark.parametrize("name", ["history", "scores"])
def test_damaged_tables_are_refused(
    project: Path, capsys: pytest.CaptureFixture[str], name: str, damage: Callable[[list[str]], list[str]]
) -> None:
    path = project / RESULTS / f"{name}.csv"
    path.write_text("\n".join(damage(path.read_text().splitlines())))
    said = refused(project, "gallery", capsys)
    assert f"{RESULTS}/" in said
    assert "damaged" in said


BASELINES = {
    "nothing": "",
    "a number": "5,untrained,{},1,1,1,1,1",
    "no name": ",untrained,{},1,1,1,1,1",
    "no kind": "a,,{},1,1,1,1,1",
    "a list": "a,untrained,[],1,1,1,1,1",
    "cut": "a,untrained,{,1,1,1,1,1",
    "NaN": "a,untrained,{},nan,1,1,1,1",
    "infinity": "a,untrained,{},1,inf,1,1,1",
    "text": "a,untrained,{},1,1,b,1,1",
    "another name": "other,untrained,{},1,1,1,1,1",
    "half a character": 'total_variation,untrained,"{""a"": ""\\ud800""}",1,1,1,1,1',
    "deep": f"total_variation,untrained,{DEEP},1,1,1,1,1",
}
"""What is wrong with a row of baselines.csv → the row."""


@pytest.mark.parametrize("row", sample(BASELINES, "no name", "a list", "cut", "NaN", "another name", "deep"))
def test_damaged_baselines_are_refused(project: Path, capsys: pytest.CaptureFixture[str], row: str) -> None:
    head = "baseline,kind,options,psnr,psnr_low,psnr_high,ssim,mse\n" if row else ""
    (project / RESULTS / "baselines.csv").write_text(f"{head}{row}\n")
    said = refused(project, "gallery", capsys)
    assert ("scores.csv: damaged (no other_psnr" if row.startswith("other") else "baselines.csv: damaged") in said


@pytest.mark.parametrize(
    ("name", "text"),
    paired(
        [TRAINING, EVALUATION, f"{RESULTS}/metrics.json", f"{RESULTS}/sheet.json"],
        ["[]", '"ab"', "", "[1]", "5", "\x00", "{", "null", '["ab", "cd"]'],
    ),
)
def test_json_of_another_form_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    (project / name).write_text(text)
    assert name in refused(project, "gallery", capsys)


@pytest.mark.parametrize(
    "name", sample([f"{RESULTS}/metrics.json", f"{RESULTS}/sheet.json", TRAINING], f"{RESULTS}/sheet.json", TRAINING)
)
def test_json_without_a_bottom_is_refused(project: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (project / name).write_text('{"psnr": ' + DEEP)
    assert f"{name}: damaged" in refused(project, "gallery", capsys)


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000_000), 1) if width * height < 1 << 40 else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "side"), paired(["sheet.png", "poster.png"], [str(10_000), str(100_000), str(2**31 - 1)])
)
def test_bombs_are_refused_with_little_memory(project: Path, name: str, side: str) -> None:
    (project / RESULTS / name).write_bytes(png(int(side), int(side)))
    outcome = measured(project, "gallery")
    assert (outcome.code, outcome.said.count("\n")) == (1, 1), outcome.said
    assert f"{name}: damaged" in outcome.said
    assert outcome.megabytes < 300


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def become_another_format(path: Path) -> None:
    Image.new("RGB", (60, 216)).save(path, "TIFF")


PICTURES: list[tuple[Callable[[Path], None], tuple[str, ...]]] = [
    (cut, ("sheet.png", "poster.png")),
    (flip, ("sheet.png", "poster.png")),
    (become_another_format, ("sheet.png", "poster.png", "card.gif", "reel.gif")),
    (become_a_folder, ("sheet.png", "sheet.json", "metrics.json", "scores.csv", "reel.gif")),
    (become_a_pipe, ("sheet.png", "sheet.json", "metrics.json", "scores.csv", "reel.gif", "card.gif")),
]


@pytest.mark.parametrize(
    ("damage", "name"),
    one_of_each(
        ((damage, name) for damage, names in PICTURES for name in names),
        kind=lambda damage, name: (damage, Path(name).suffix if damage is become_a_pipe else ""),
    ),
)
def test_what_is_no_picture_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None], name: str
) -> None:
    damage(project / RESULTS / name)
    assert name in refused(project, "gallery", capsys)


HARMLESS: dict[str, list[tuple[str, Any]]] = {
    f"{RESULTS}/sheet.json": [("reel/rows/1/name", MARKUP), ("chosen/rows/1/name", MARKUP), (MARKUP, MARKUP)],
    f"{RESULTS}/metrics.json": [(MARKUP, 5), ("baseline", 5), ("options", 5)],
    TRAINING: [
        ("params/training", {MARKUP: MARKUP}), ("params/models.unet", {MARKUP: [MARKUP]}), ("precision", MARKUP),
        ("devices", [MARKUP]), ("versions/keras", MARKUP), ("outputs", {MARKUP: MARKUP}), ("x", MARKUP),
    ],
    EVALUATION: [
        ("classes", [MARKUP, MARKUP]), ("degradation", {MARKUP: MARKUP}),
        ("inputs", {"data/prepared/photos.h5": MARKUP}),
    ],
}  # fmt: skip
"""JSON file → a place in it, and text or a number that nobody expects there."""


def test_markup_in_names_is_shown_as_it_is(project: Path) -> None:
    for name, changes in HARMLESS.items():
        content = json.loads((project / name).read_text())
        for where, value in changes:
            inner = content
            *outer, last = (where,) if where == MARKUP else where.split("/")
            for key in outer:
                inner = inner[int(key) if key.isdigit() else key]
            inner[int(last) if last.isdigit() else last] = value
        (project / name).write_text(json.dumps(content))
    quoted = json.dumps({MARKUP: MARKUP}).replace('"', '""')
    table = f"baseline,kind,options,psnr,psnr_low,psnr_high,ssim,mse,{MARKUP.replace(chr(34), '')}\n"
    named = f'total_variation,"{MARKUP.replace(chr(34), chr(34) * 2)}","{quoted}",1,1,1,1,1,1\n'
    other = f'"{MARKUP.replace(chr(34), chr(34) * 2)}",trained,"{quoted}",1,1,1,1,1,1\n'
    (project / RESULTS / "baselines.csv").write_text(table + named + other)
    with contextlib.chdir(project):
        assert parser.main(["gallery"]) == 0
    pages = [path.read_text() for path in (project / "gallery").rglob("*.html")]
    assert any("&lt;script&gt;alert" in page for page in pages)
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert MARKUP not in page


def test_records_without_most_keys_are_shown(project: Path) -> None:
    for name in (TRAINING, EVALUATION):
        (project / name).write_text('{"outputs": {}}')
    with contextlib.chdir(project):
        assert parser.main(["gallery"]) == 0
