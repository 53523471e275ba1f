"""Small results made by hand: of restoration, of a task that no release has, and of a study."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from checkouts import begun

import showreel.studies
import showreel.tasks
from showreel.drawing.png import encoded
from showreel.params import registry
from showreel.pipeline import paths
from showreel.reporting import scores as score_reader
from showreel.reporting.sources import Source
from showreel.scoring import tables
from showreel.stages import render as rendering
from showreel.stages.render import render
from showreel.storage import fields, reel
from showreel.storage.fields import Field
from showreel.storage.reel import Chosen, Reel

EXAMPLES = 300
NUMBERS = [f"{name}{end}" for name in ("psnr", "ssim", "mse") for end in ("", "_low", "_high")]
"""The scores of a row of baselines.csv."""


def make_chosen(recorded: Reel, name: str = "total_variation") -> Chosen:
    """Return what evaluation keeps beside a reel, whose own examples stand for the chosen ones, too."""
    target = np.asarray(recorded.targets["image"])
    answers = 255 - target if name else target[:0]
    return Chosen(
        origin="{}",
        task=recorded.task,
        baseline=name,
        reel_answers=answers,
        indices=np.arange(len(target)),
        inputs=recorded.inputs,
        targets=recorded.targets,
        answers=answers,
        outputs=recorded.outputs[-1],
    )


def make_reel(generator: np.random.Generator, channels: int = 1, epochs: int = 4, *, task: str = "restoration") -> Reel:
    """Return a reel whose network comes nearer to the truth with every epoch."""
    target = generator.integers(0, 256, (6, 12, 10, channels), np.uint8)
    noise = generator.integers(0, 256, (epochs + 1, *target.shape), np.uint8)
    share = np.linspace(0, 1, epochs + 1).reshape(-1, 1, 1, 1, 1)
    name, score = score_reader.first(task)
    return Reel(
        origin="{}",
        task=task,
        score=name,
        fields=json.dumps({"image": fields.to_json(Field("image"))}),
        indices=np.arange(len(target)),
        inputs={"image": generator.integers(0, 256, target.shape, np.uint8)},
        targets={"image": target},
        epochs=np.arange(epochs + 1),
        scores=np.linspace(8, 20, epochs + 1) if score.better == "higher" else np.linspace(0.9, 0.1, epochs + 1),
        outputs=np.rint(share * target + (1 - share) * noise).astype(np.uint8),
    )


def make_results(
    root: Path, label: str, *, baseline: str = "total_variation", better_by: float = 0.0, channels: int = 3
) -> Source:
    """Write all results of a restoration, `<dataset>-<variant>`, beneath a folder, as its stages would."""
    generator = np.random.default_rng(len(label))
    recorded = make_reel(generator, channels=channels)
    source = _source(root, label, "restoration", degradation="noisy" if baseline else "")
    files = dict(source.results)
    psnr = np.random.default_rng(1).normal(20, 2, EXAMPLES) + better_by + generator.normal(0, 0.5, EXAMPLES)
    columns = {"index": np.arange(EXAMPLES), "score": psnr, "label": np.arange(EXAMPLES) % 2}
    own = {"psnr": psnr, "ssim": psnr / 40, "mse": 10 ** (-psnr / 10)}
    metrics = {"psnr": psnr.mean(), "psnr_low": psnr.mean() - 0.1, "psnr_high": psnr.mean() + 0.1, "parameters": 1234}
    metrics |= {"ssim": 0.5, "ssim_low": 0.4, "ssim_high": 0.6, "mse": 0.01, "count": EXAMPLES}
    methods = []
    others = ("input", baseline) if baseline else ()
    columns |= own | {f"{name}_{key}": column * 0.9 for name in others for key, column in own.items()}
    if baseline:
        metrics |= {"input_psnr": 9.0, "baseline_psnr": psnr.mean() - 2, "gain": 2.0}
        options = {"baseline": baseline, "kind": "untrained", "options": '{"strength": 1.1}'}
        methods = [options | dict.fromkeys(NUMBERS, 0.5)]
    pd.DataFrame(columns).to_csv(files["scores"], index=False)
    pd.DataFrame(methods, columns=["baseline", "kind", "options", *NUMBERS]).to_csv(files["baselines"], index=False)
    files["metrics"].write_text(json.dumps(metrics))
    history = {"epoch": [1, 2, 3, 4], "loss": [0.1, 0.05, 0.03, 0.02], "validation_loss": [0.1, 0.06, 0.03, 0.04]}
    pd.DataFrame(history | {"validation_score": [10.0, 14, 19, 18]}).to_csv(files["history"], index=False)
    _write_records(source, degradation={"sigma": 0.5}, classes=["cat", "dog"])
    _draw(root, source, recorded, baseline)
    return source


def make_reading(root: Path, label: str, *, errors: float = 0.2) -> Source:
    """Write all results of an experiment of the task `reading`, which `reading_exists` adds; it has no labels."""
    generator = np.random.default_rng(3)
    source = _source(root, label, "reading", degradation="")
    files, scores = dict(source.results), registry.module("tasks", "reading", "scores")
    totals = generator.integers(20, 60, EXAMPLES)
    surprise = generator.uniform(0, 2, EXAMPLES)
    sides = {
        name: {
            "counts": np.stack([generator.binomial(totals, rate), totals], axis=1).astype(float),
            "surprise": surprise + rate,
        }
        for name, rate in (("", errors), ("most_frequent", 0.5))
    }
    each = sides[""]["counts"][:, 0] / totals
    numbers = tables.metrics({"": sides[""]}, sides["most_frequent"], scores)
    files["metrics"].write_text(json.dumps(numbers | {"count": EXAMPLES}))
    files["scores"].write_text(tables.scores_csv(each, sides, None))
    numbers = {name.removeprefix("baseline_"): value for name, value in numbers.items() if name.startswith("baseline_")}
    row = {"baseline": "most_frequent", "kind": "trained", "options": "{}", **numbers}
    pd.DataFrame([row]).to_csv(files["baselines"], index=False)
    history = {"epoch": [1, 2, 3, 4], "loss": [0.9, 0.1, 0, -0.1], "validation_loss": [1.0, 0.2, 0.1, 0.1]}
    pd.DataFrame(history | {"validation_score": [0.8, 0.3, 0.1, 0.2]}).to_csv(files["history"], index=False)
    _write_records(source)
    _draw(root, source, make_reel(generator, task="reading"), "most_frequent")
    return source


def make_study(root: Path, name: str) -> None:
    """Write the results of a study of the kind `doubt`, which `doubt_exists` adds."""
    files = {key: root / path for key, path in paths.study_results(name).items()}
    files["metrics"].parent.mkdir(parents=True)
    files["metrics"].write_text(json.dumps({"half": 0.5, "whole": 1.0}))
    files["cells"].write_text("part,doubt\nhalf,0.5\nwhole,1\n")
    files["poster"].write_bytes(encoded(np.full((40, 60, 3), 90, np.uint8), "{}"))


READING = {
    "learning": 'INPUTS = TARGETS = ("image",)\nBETTER = "lower"\n',
    "scores": """
from showreel.scoring.score import Score

SCORES = {
    "rate": Score("error rate", ".1%", better="lower"),
    "surprise": Score("surprise", ".3f", "bits", better="lower"),
}


def summary(columns):
    wrong, total = columns["counts"].sum(axis=0)
    return {"rate": float(wrong / total), "surprise": float(columns["surprise"].mean())}
""",
    "drawing": """
from showreel.drawing.rows import Row
from showreel.tasks.restoration import drawing


def rows(*arguments):
    given, _, network, truth, _ = drawing.rows(*arguments)
    return [given, network, truth, Row("attention", network.tiles[:1])]


def legend(fields):
    return ()
""",
    "page": """
import numpy as np

from showreel.reporting.sections import Chart, Series, Strip, Strips, Table, Text

TITLE = "Networks that read"


def sentence(names):
    return f"A {names['model']} reads {names['input']}."


def sections(entry):
    tiles = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), np.uint8)
    return (
        Text("What it reads", ["Words & <letters>."]),
        Table("Letters", ["letter", "errors"], [["a", "1"], ["b", "22"]], note="Counted by hand."),
        Chart("By length", "Errors by length", [1, 2, 4], [Series("errors", [0.1, None, 0.5])], ("length", "errors")),
        Chart("By letter", "Errors by letter", ["a", "b"], [
            Series("network", [0.1, 0.5]), Series("baseline", [0.3, 0.6], "baseline"),
        ]),
        Strips("Letters as they are", [Strip("given", tiles, ["a", "b", "c"]), Strip("read", tiles[::-1])]),
    )
""",
}
"""The modules of a task whose first score is pooled and better the lower it is."""

DOUBT = {
    "study": "\n\ndef run(name, of, declared, lineage):\n    pass\n",
    "page": """
from showreel.reporting.sections import Chart, Series

TITLE = "Doubts"


def sentence(metrics, cells):
    return f"Of {len(cells)} parts the whole has a doubt of {metrics['whole']:g}."


def sections(metrics, cells):
    return [Chart("Parts", "Doubt by part", list(cells["part"]), [Series("doubt", list(cells["doubt"]))])]
""",
}
"""The modules of a kind of studies."""


def reading_exists(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be a task `reading` besides those of the package, its files in a folder."""
    _add(folder, monkeypatch, "tasks", "reading", READING)


def doubt_exists(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be a kind of studies `doubt`, its files in a folder."""
    _add(folder, monkeypatch, "studies", "doubt", DOUBT)


def _add(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str, modules: Mapping[str, str]) -> None:
    """Add an extension whose files lie in a folder of their own."""
    own = folder / kind / name
    own.mkdir(parents=True)
    for module, text in modules.items():
        (own / f"{module}.py").write_text(text)
    package, real = (showreel.tasks if kind == "tasks" else showreel.studies), registry.PACKAGE
    for other in (real / kind).iterdir():
        (folder / kind / other.name).symlink_to(other)
    for other in real.iterdir():
        if other.name != kind:
            (folder / other.name).symlink_to(other)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder / kind)])
    monkeypatch.setattr(registry, "PACKAGE", folder)
    registry.names.cache_clear()
    score_reader.of.cache_clear()


def _source(root: Path, label: str, task: str, *, degradation: str) -> Source:
    dataset = label.split("-")[0]
    source = Source(
        label=label,
        task=task,
        dataset=dataset,
        input=f"{dataset}-{degradation}" if degradation else dataset,
        degradation=degradation,
        model="unet",
        results={name: root / path for name, path in paths.results(label).items()},
        training=root / paths.record("train", label),
        evaluation=root / paths.record("evaluate", label),
        exported=root / paths.exported(label, paths.BROWSER_EXPORT),
    )
    for path in (*source.results.values(), source.training, source.evaluation):
        path.parent.mkdir(parents=True, exist_ok=True)
    return source


def _write_records(source: Source, **facts: Any) -> None:
    own = {"task": source.task, "dataset": source.dataset, "input": source.input, "model": "unet", "weights": "random"}
    training = {"epochs": 4, "precision": "auto"}
    params = {f"experiments.{source.label}": own, "seed": 20, "models.unet": {"depth": 2}, "training": training}
    record = {
        "params": params, "devices": ["a processor"], "precision": "float32",
        "versions": {"showreel": "1", "keras": "3"}, "outputs": {},
        "inputs": {paths.prepared(source.dataset).as_posix(): source.dataset.ljust(64, "0")},
    }  # fmt: skip
    source.training.write_text(json.dumps(record))
    source.evaluation.write_text(json.dumps(record | facts))


def _draw(root: Path, source: Source, recorded: Reel, baseline: str) -> None:
    files = {"reel": root / paths.reel(source.label), "chosen": root / paths.chosen(source.label)}
    files["reel"].parent.mkdir(exist_ok=True)
    reel.write(files["reel"], recorded)
    reel.write(files["chosen"], make_chosen(recorded, baseline))
    names = ("metrics", "gif", "poster", "card", "still", "sheet", "places")
    drawn = rendering.Paths(**files, **{name: source.results[name] for name in names})
    render(source.label, drawn, lineage=begun())


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
    before = json.loads(source.evaluation.read_text())
    source.evaluation.write_text(json.dumps(before | record))
