"""Small results made by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from checkouts import begun

from showreel.gallery.entry import Source
from showreel.pipeline import paths
from showreel.scoring.chosen import Examples
from showreel.stages.render import render
from showreel.storage import prepared
from showreel.storage.prepared import Reel

IMAGES = 300
WAY = ("psnr", "psnr_low", "psnr_high", "ssim", "mse")


def make_examples(reel: Reel, name: str = "total_variation") -> Examples:
    """Return what evaluation keeps beside a reel, whose own images stand for the chosen ones, too."""
    answer = 255 - reel.target if name else reel.target[:0]
    return Examples(
        origin="{}",
        baseline_name=name,
        baseline=answer,
        chosen=np.arange(len(reel.target)),
        chosen_degraded=reel.degraded,
        chosen_target=reel.target,
        chosen_baseline=answer,
        chosen_restored=reel.predictions[-1],
    )


def make_reel(generator: np.random.Generator, channels: int = 1, epochs: int = 4) -> Reel:
    """Return a reel whose network comes nearer to the truth with every epoch."""
    target = generator.integers(0, 256, (6, 12, 10, channels), np.uint8)
    noise = generator.integers(0, 256, (epochs + 1, *target.shape), np.uint8)
    share = np.linspace(0, 1, epochs + 1).reshape(-1, 1, 1, 1, 1)
    return Reel(
        origin="{}",
        indices=np.arange(len(target)),
        degraded=generator.integers(0, 256, target.shape, np.uint8),
        target=target,
        epochs=np.arange(epochs + 1),
        predictions=np.rint(share * target + (1 - share) * noise).astype(np.uint8),
        psnr=np.linspace(8, 20, epochs + 1),
    )


def make_results(
    root: Path, label: str, *, baseline: str = "total_variation", better_by: float = 0.0, channels: int = 3
) -> Source:
    """Write all results of an experiment, `<dataset>-<task>`, beneath a folder, as its stages would."""
    generator = np.random.default_rng(len(label))
    reel = make_reel(generator, channels=channels)
    source = Source(
        label=label,
        dataset=label.split("-")[0],
        input="noisy" if baseline else "clean",
        model="unet",
        results={name: root / path for name, path in paths.results(label).items()},
        training=root / paths.record("train", label),
        evaluation=root / paths.record("evaluate", label),
        exported=root / paths.exported(label, paths.TRIED),
    )
    files = dict(source.results)
    for path in (*files.values(), source.training, source.evaluation):
        path.parent.mkdir(parents=True, exist_ok=True)
    psnr = np.random.default_rng(1).normal(20, 2, IMAGES) + better_by + generator.normal(0, 0.5, IMAGES)
    columns = {"index": np.arange(IMAGES), "label": np.arange(IMAGES) % 2, "psnr": psnr, "ssim": psnr / 40}
    metrics = {"psnr": psnr.mean(), "psnr_low": psnr.mean() - 0.1, "psnr_high": psnr.mean() + 0.1, "parameters": 1234}
    metrics |= {"ssim": 0.5, "ssim_low": 0.4, "ssim_high": 0.6, "mse": 0.01, "count": IMAGES}
    ways = []
    if baseline:
        columns |= {f"{name}_{kind}": columns[kind] - 2 for name in ("input", baseline) for kind in ("psnr", "ssim")}
        metrics |= {"input_psnr": 9.0, "baseline_psnr": psnr.mean() - 2, "gain_db": 2.0}
        ways = [{"baseline": baseline, "options": '{"strength": 1.1}', **dict.fromkeys(WAY, 0.5)}]
    pd.DataFrame(columns).to_csv(files["scores"], index=False)
    pd.DataFrame(ways, columns=["baseline", "options", *WAY]).to_csv(files["baselines"], index=False)
    files["metrics"].write_text(json.dumps(metrics))
    history = {"epoch": [1, 2, 3, 4], "loss": [0.1, 0.05, 0.03, 0.02], "validation_loss": [0.1, 0.06, 0.03, 0.04]}
    pd.DataFrame(history | {"validation_psnr": [10.0, 14, 19, 18]}).to_csv(files["history"], index=False)
    own = {f"experiments.{label}": {"dataset": source.dataset, "input": source.input, "model": "unet"}}
    record = {
        "params": own | {"seed": 20, "models.unet": {"depth": 2}, "training": {"epochs": 4, "precision": "auto"}},
        "devices": ["a processor"], "precision": "float32", "versions": {"showreel": "1", "keras": "3"},
        "inputs": {f"data/prepared/{source.dataset}/clean.h5": source.dataset.ljust(64, "0")}, "outputs": {},
    }  # fmt: skip
    source.training.write_text(json.dumps(record))
    source.evaluation.write_text(json.dumps(record | {"degradation": {"sigma": 0.5}, "classes": ["cat", "dog"]}))
    reel_file, examples_file = (root / paths.reel(label), root / paths.examples(label))
    reel_file.parent.mkdir(exist_ok=True)
    prepared.write(reel_file, reel)
    prepared.write(examples_file, make_examples(reel, baseline))
    drawn = {name: files[name] for name in ("metrics", "gif", "poster", "card", "still", "sheet", "places")}
    render(label, reel=reel_file, examples=examples_file, **drawn, lineage=begun())
    return source


def make_export(source: Source, **properties: str) -> None:
    """Write an experiment's export with some properties."""
    source.exported.parent.mkdir(exist_ok=True)
    write_properties(source.exported, properties)


def write_properties(path: Path, properties: dict[str, str]) -> None:
    """Write a file with properties as ONNX keeps them, and nothing that could run."""
    path.write_bytes(b"\x08\x08" + b"".join(field(14, field(1, *item)) for item in properties.items()))


def field(number: int, *values: bytes | str) -> bytes:
    """Return a message of Protocol Buffers whose fields, from a number on, hold some short values."""
    raw = [value.encode() if isinstance(value, str) else value for value in values]
    return b"".join(bytes([place << 3 | 2, len(value)]) + value for place, value in enumerate(raw, number))


def evaluated(source: Source, **record: object) -> None:
    """Change the lineage record of an evaluation."""
    told = json.loads(source.evaluation.read_text())
    source.evaluation.write_text(json.dumps(told | record))
