"""A small project made by hand for the tests of `verify`, `list` and `show`: all kinds of files, and their records."""

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from showreel.params import loading
from showreel.params.schema import Params
from showreel.pipeline import graph, paths, provenance
from showreel.pipeline.graph import Stage
from showreel.storage import fields, prepared, reel
from showreel.storage.fields import SPLITS, Field
from showreel.storage.reel import Chosen, Reel
from showreel.verification import digests
from showreel.verification.check import Check
from showreel.verification.check import check as check_project

Findings = set[tuple[str, str, str]]
"""Kind, path and stage of findings."""

PARAMS = """\
seed: 20
datasets:
  digits: {source: digits}
inputs:
  digits-noisy: {dataset: digits, degradation: noisy, sigma: 0.5}
models:
  unet: {depth: 1, filters: 2}
training: {epochs: 2, batch_size: 128, learning_rate: 0.001, precision: float32}
experiments:
  denoiser: {task: restoration, dataset: digits, input: digits-noisy, model: unet, weights: random}
  identity: {task: restoration, dataset: digits, input: digits, model: unet, weights: random}
crosses: {}
"""
COMMIT = "20c3b0b12345" + 28 * "0"
CODE = "src/showreel/training/every.py"
"""A file in a folder that decides the results of trainings and evaluations."""
FOLDER = "src/showreel/training"

IMAGES = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8, 1)
FIELDS = {"image": Field("image"), "label": Field("label", ("even", "odd"))}
REEL = Reel(
    origin="{}",
    task="restoration",
    score="psnr",
    fields=json.dumps({"image": fields.to_json(FIELDS["image"])}),
    indices=np.arange(3),
    inputs={"image": IMAGES},
    targets={"image": IMAGES},
    epochs=np.arange(2),
    scores=np.zeros(2),
    outputs=np.stack([IMAGES] * 2),
)
CHOSEN = Chosen("{}", "restoration", "", IMAGES[:0], np.arange(3), REEL.inputs, REEL.targets, IMAGES[:0], IMAGES)


LOADED: dict[str, Params] = {}
"""What was read already: text of params.yaml → what it declares."""


def load(root: Path) -> Params:
    """Read params.yaml; the same text once."""
    text = (root / "params.yaml").read_text()
    if text not in LOADED:
        LOADED[text] = loading.load(root / "params.yaml")
    return LOADED[text]


def make(root: Path, *, lock: bool = True) -> dict[str, Stage]:
    """Fill a folder with a project in which all is right, and return its stages.

    Args:
        root: the folder.
        lock: whether DVC runs the project.
    """
    (root / "params.yaml").write_text(PARAMS)
    stages = graph.stages(load(root))
    for place in {place for stage in stages.values() for place in stage.code}:
        file = root / place if place.suffix == ".py" else root / place / "every.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("# decides results\n")
    revisions = (f"{kind}: 1\n" for kind in {stage.kind for stage in stages.values()})
    (root / "src/showreel/revisions.yaml").write_text("".join(revisions))
    for stage in stages.values():
        for path in stage.outputs:
            write(root / path)
    (root / "models/random.keras").write_text("no network")
    for stage in stages.values():
        write_record(root, stage)
    if lock:
        (root / "dvc.lock").write_text("schema: '2.0'\n")
    return stages


def enter(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a project the current folder, and its `src` the code that counts."""
    monkeypatch.chdir(root)
    monkeypatch.setattr(paths, "package_file", lambda path: root / path)
    monkeypatch.setattr(provenance, "SOURCE", root / "src")


@contextlib.contextmanager
def own_code(root: Path) -> Iterator[None]:
    """Take a project's `src` for the code that counts."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        enter(root, monkeypatch)
        yield


def write(path: Path) -> None:
    """Write a small file, or raw folder, of the kind that belongs at a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name == "gallery":
        path.mkdir(parents=True)
        (path / "index.html").write_text("<!doctype html>")
    elif path.suffix == "":
        (path / "labels").mkdir(parents=True)
        (path / "images.npy").write_bytes(IMAGES.tobytes())
        (path / "labels/a.npy").write_bytes(b"labels")
    elif path.parent.name == "prepared":
        write_prepared(path)
    elif path.suffix == ".h5":
        reel.write(path, REEL if path.name.endswith(".reel.h5") else CHOSEN)
    elif path.suffix == ".keras":
        write_keras(path, 0.5)
    elif path.suffix == ".json":
        path.write_text(json.dumps({"psnr": 20.0, "ssim": 0.8, "mse": 0.01, "count": 3}))
    elif path.name == "baselines.csv":
        row = 'median,untrained,"{""size"": 3}",18,17.5,18.5,0.6\n'
        path.write_text(f"baseline,kind,options,psnr,psnr_low,psnr_high,ssim\n{row}")
    elif path.suffix == ".csv":
        path.write_text("epoch,loss\n1,0.5\n2,0.25\n")
    else:
        pictures = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (0, 200)]
        pictures[0].save(path, append_images=pictures[1:], save_all=path.suffix == ".gif")


def write_prepared(path: Path, value: int = 0) -> None:
    """Write a prepared file of images and labels, the same three in each split."""
    block = {"image": IMAGES + np.uint8(value), "label": np.arange(3, dtype=np.int32)}
    prepared.write(path, ((split, [block]) for split in SPLITS), FIELDS, {"dataset": "digits"})


def write_keras(path: Path, weight: float) -> None:
    """Write an archive of the form that Keras gives its networks."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/convolution/vars/0"] = np.full((3, 3), weight, np.float32)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", weights.getvalue())


def write_record(root: Path, stage: Stage, **changed: Any) -> Path:
    """Write the lineage record of a stage that has just run."""
    declared = load(root)
    keys = [key for key in stage.params if key.split(".")[0] in declared.model_fields_set]
    names = {place: place.relative_to("src").as_posix() for place in stage.code}
    record = {
        "id": "0123456789abcdef",
        "command": stage.command,
        "commit": COMMIT,
        "code": {name: provenance.code_digest(root / place) for place, name in names.items()},
        "revision": 1,
        "inputs": {name: sha256(root / name) for path in stage.inputs for name in files(root, path)},
        "outputs": {name: sha256(root / name) for path in stage.outputs for name in files(root, path)},
        "params": declared.values(*keys),
        "versions": {},
    } | changed
    path = root / stage.record
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record | {"digest": provenance.value_digest(record)}, sort_keys=True, indent=1))
    return path


def files(root: Path, path: Path) -> list[str]:
    return sorted(digests.files_under(root, str(path)))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def flip(path: Path, place: float = 0.5) -> None:
    """Change one bit of a file, some way through it."""
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)


def check(root: Path, experiments: list[str] | None = None, *, strict: bool = False) -> Check:
    declared = load(root)
    with own_code(root):
        return check_project(root, declared, experiments=experiments, strict=strict)


def findings(root: Path, experiments: list[str] | None = None) -> Findings:
    return {(finding.kind, finding.path, finding.stage) for finding in check(root, experiments).findings}


def mends(root: Path) -> dict[str, tuple[str, str]]:
    """Return the commands that mend, the first and the one to run where that does not help, by path."""
    pairs = {finding.path: (finding.mend, finding.otherwise) for finding in check(root).findings}
    return {
        path: (" ".join([a.command, *a.targets]), " ".join([b.command, *b.targets])) for path, (a, b) in pairs.items()
    }
