"""A small project made by hand for the tests of `verify`, `list` and `show`: all kinds of files, dvc.lock, records."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml
from PIL import Image
from samples import make_examples

from showreel.params import schema
from showreel.pipeline import graph
from showreel.pipeline.graph import Stage
from showreel.storage import prepared
from showreel.storage.fields import SPLITS, Block
from showreel.verification import digests
from showreel.verification.audit import Audit, audit

Told = set[tuple[str, str, str]]
"""Kind, path and stage of findings."""

PARAMS = """\
seed: 20
datasets:
  digits: {source: digits}
degradations:
  noisy: {sigma: 0.5}
models:
  unet: {depth: 1, filters: 2}
training: {epochs: 2, batch_size: 128, learning_rate: 0.001, precision: float32}
experiments:
  denoiser: {dataset: digits, input: noisy, model: unet}
  identity: {dataset: digits, input: clean, model: unet}
"""
CODE = "src/showreel/stages/every.py"
SECTIONS = {
    "download": ("datasets.digits",),
    "prepare": ("datasets.digits",),
    "degrade": ("seed", "degradations.noisy"),
    "train": ("seed", "training", "models.unet"),
    "evaluate": (),
    "render": (),
    "gallery": ("experiments",),
}


def make(root: Path, *, lock: bool = True, records: bool = True) -> dict[str, Stage]:
    """Fill a folder with a project in which all is right, and return its stages."""
    (root / "params.yaml").write_text(PARAMS)
    (root / ".dvcignore").write_text("# not data\n.snakemake_timestamp\n")
    (root / CODE).parent.mkdir(parents=True)
    (root / CODE).write_text("# every stage runs this\n")
    stages = graph.stages(schema.load(root / "params.yaml"))
    for stage in stages.values():
        for path in stage.outputs:
            write(root / path)
    if records:
        for stage in stages.values():
            write_record(root, stage)
    if lock:
        write_lock(root, stages, records=records)
    return stages


def enter(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a project the current folder, and its `src` that of the package."""
    monkeypatch.chdir(root)
    monkeypatch.setattr("showreel.params.registry.PACKAGE", root / "src/showreel")


def write(path: Path) -> None:
    """Write a small file, or raw folder, of the kind that belongs at a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8, 1)
    if path == path.parents[0] / "gallery":
        path.mkdir(parents=True)
        (path / "index.html").write_text("<!doctype html>")
    elif path.suffix == "":
        (path / "labels").mkdir(parents=True)
        (path / "images.npy").write_bytes(images.tobytes())
        (path / "labels/a.npy").write_bytes(b"labels")
    elif path.parts[-2] == "digits":
        block = Block(images, np.arange(3, dtype=np.int32))
        prepared.write_prepared(path, ((split, [block]) for split in SPLITS), {"degradation": path.stem})
    elif path.suffix == ".h5":
        frames = np.stack([images, images])
        reel = prepared.Reel("{}", np.arange(3), images, images, np.arange(2), frames, np.zeros(2))
        prepared.write(path, reel if path.name.endswith(".reel.h5") else make_examples(reel, ""))
    elif path.suffix == ".keras":
        write_keras(path, 0.5)
    elif path.suffix == ".json":
        path.write_text(json.dumps({"psnr": 20.0, "ssim": 0.8, "mse": 0.01, "count": 3}))
    elif path.name == "baselines.csv":
        path.write_text('baseline,options,psnr,psnr_low,psnr_high,ssim\nmedian,"{""size"": 3}",18,17.5,18.5,0.6\n')
    elif path.suffix == ".csv":
        path.write_text("epoch,loss\n1,0.5\n2,0.25\n")
    else:
        pictures = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (0, 200)]
        pictures[0].save(path, append_images=pictures[1:], save_all=path.suffix == ".gif")


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
    record = {
        "code": {CODE.removeprefix("src/"): sha256(root / CODE)},
        "command": stage.command,
        "inputs": {name: sha256(root / name) for path in stage.inputs for name in files(root, path)},
        "outputs": {name: sha256(root / name) for path in stage.outputs for name in files(root, path)},
        "params": used(root, stage),
        "versions": {},
    }
    path = root / graph.record(stage.command)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record | changed, sort_keys=True, indent=1))
    return path


def write_lock(root: Path, stages: dict[str, Stage], *, records: bool) -> None:
    """Write dvc.lock as DVC would after running all stages."""
    locked = {}
    for name, stage in stages.items():
        outputs = [*stage.outputs, *([graph.record(stage.command)] if records else [])]
        locked[name] = {
            "cmd": f"showreel {stage.command}",
            "deps": [md5(root, path) for path in (*stage.inputs, Path(CODE))],
            "params": {"params.yaml": used(root, stage)},
            "outs": [md5(root, path) for path in outputs],
        }
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": locked}))


def files(root: Path, path: Path) -> list[str]:
    return sorted(digests.files_under(root, str(path)))


def md5(root: Path, path: Path) -> dict[str, str]:
    inside = {name: digests.of_file(root / name).md5 for name in files(root, path)}
    folder = {Path(name).relative_to(path).as_posix(): digest for name, digest in inside.items()}
    digest = inside[str(path)] if str(path) in inside else digests.of_folder(folder)
    return {"path": str(path), "hash": "md5", "md5": digest}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def used(root: Path, stage: Stage) -> dict[str, Any]:
    """Return the values of params.yaml that shape a stage, by their dotted keys."""
    verb = stage.command.split()[0]
    keys = [*SECTIONS[verb], *([f"experiments.{stage.experiment}"] if verb in ("train", "evaluate") else [])]
    return schema.load(root / "params.yaml").values(*keys)


def flip(path: Path, place: float = 0.5) -> None:
    """Change one bit of a file, some way through it."""
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)


def check(root: Path, experiments: list[str] | None = None) -> Audit:
    return audit(root, schema.load(root / "params.yaml"), source=root / "src", experiments=experiments)


def told(root: Path, experiments: list[str] | None = None) -> Told:
    return {(finding.kind, finding.path, finding.stage) for finding in check(root, experiments).findings}


def mends(root: Path) -> dict[str, str]:
    return {one.path: " ".join([one.mend.command, *one.mend.targets]) for one in check(root).findings}


def locked(root: Path, stage: str) -> list[dict[str, Any]]:
    """Return what dvc.lock says of a stage's outputs."""
    outputs: list[dict[str, Any]] = yaml.safe_load((root / "dvc.lock").read_text())["stages"][stage]["outs"]
    return outputs
