"""What every task's folder offers, tried on eight made-up examples; a new task is tested without a change here."""

import importlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import numpy as np
import pytest
from checkouts import ROOT
from numpy.typing import NDArray
from options import values

from showreel.drawing import rows as kinds
from showreel.drawing.frame import Film, frames
from showreel.drawing.rows import Row
from showreel.drawing.sheet import sheet
from showreel.params import registry
from showreel.pipeline import provenance
from showreel.scoring.baselines import Baseline, Made
from showreel.scoring.columns import OTHER
from showreel.scoring.score import Direction
from showreel.storage import prepared
from showreel.storage.examples import Example, ExampleSplit
from showreel.storage.fields import AXES, SPLITS, Described, Field, Fields, Ragged, Rows, count

PACKAGES = {name: f"showreel.tasks.{name}" for name in registry.names("tasks")} | {"NAME": "showreel.scaffold.task"}
"""Task → its package; NAME is what `showreel new task` writes."""
EXAMPLES, EPOCHS, SIDE = 8, 3, 16
SPLIT_EXAMPLES = dict(zip(SPLITS, (24, EXAMPLES, EXAMPLES), strict=True))
CLASSES = ("one", "two", "three")
COLOURS = ((90, 90, 90), (230, 120, 30), (40, 120, 220))

PROTOCOLS = "\n".join(f"def _{part}() -> contract.{part.capitalize()}: return {part}" for part in registry.TASK_MODULES)

cases = pytest.mark.parametrize("task", PACKAGES)


def module(task: str, part: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGES[task]}.{part}")


def degradations(task: str) -> list[str]:
    """Return the degradations whose fields a task's network may be given, and "" for none."""
    given = set(module(task, "learning").INPUTS)
    names = registry.names("degradations")
    return ["", *(name for name in names if set(registry.constant("degradations", name, "FIELDS")) <= given)]


inputs = pytest.mark.parametrize(
    ("task", "degradation"),
    [pytest.param(task, name, id=f"{task}-{name}") for task in PACKAGES for name in degradations(task)],
)


def field(name: str, folder: Path) -> Field:
    """Return what a field's numbers mean: its name says its kind, or else a data set that has it."""
    if name in AXES:
        classes = CLASSES if name in ("mask", "label", "tokens") else ()
        return Field(name, classes, COLOURS if name == "mask" else (), name == "tokens")
    for dataset in registry.names("datasets"):
        if name in registry.constant("datasets", dataset, "FIELDS"):
            own: Field = registry.module("datasets", dataset).fields(folder, **values("datasets", dataset))[name]
            return own
    raise AssertionError(f"{name} is the name of no kind of field, nor is it in a data set")


def made_up(about: Field, rows: int, generator: np.random.Generator) -> Rows:
    """Return rows of a kind, whatever they mean."""
    lengths = generator.integers(2, 9, rows)
    length = int(lengths.sum())
    classes = max(2, len(about.classes))
    shape = (length,) if about.ragged else (rows,)
    by_kind: dict[str, NDArray[Any]] = {
        "image": generator.integers(0, 256, (rows, SIDE, SIDE, 3), np.uint8),
        "mask": generator.integers(0, classes, (rows, SIDE, SIDE), np.uint8),
        "depth": generator.integers(0, 5000, (rows, SIDE, SIDE), np.uint16),
        "label": generator.integers(0, classes, rows, np.int32),
        "tokens": generator.integers(0, classes, shape if about.ragged else (rows, 12), np.uint16),
        "series": generator.normal(size=(*shape, 2) if about.ragged else (rows, 12, 2)).astype(np.float32),
    }
    return Ragged(by_kind[about.kind], lengths) if about.ragged else by_kind[about.kind]


def write(path: Path, described: Mapping[str, Field], splits: Mapping[Any, Fields]) -> Path:
    prepared.write(path, [(split, [fields]) for split, fields in splits.items()], described, {})
    return path


def examples(task: str, folder: Path, degradation: str = "") -> dict[Any, ExampleSplit]:
    """Write the fields that a task needs, and its input if that is degraded; return the splits of both."""
    learning = module(task, "learning")
    described = {name: field(name, folder) for name in (*learning.INPUTS, *learning.TARGETS)}
    splits = {
        split: {name: made_up(about, rows, np.random.default_rng((rows, place))) for name, about in described.items()}
        for place, (split, rows) in enumerate(SPLIT_EXAMPLES.items())
    }
    clean = given = write(folder / "clean.h5", described, splits)
    if degradation:
        method, options = registry.module("degradations", degradation), values("degradations", degradation)
        changed = {
            split: {
                name: method.degrade(fields[name], map(np.random.default_rng, range(SPLIT_EXAMPLES[split])), **options)
                for name in method.FIELDS
            }
            for split, fields in splits.items()
        }
        given = write(folder / "degraded.h5", {name: described[name] for name in method.FIELDS}, changed)
    return {split: ExampleSplit.of(given, clean, split, learning.INPUTS, learning.TARGETS) for split in SPLITS}


@pytest.fixture
def test_split(task: str, tmp_path: Path) -> ExampleSplit:
    """Eight examples of a task as its data set has them."""
    return examples(task, tmp_path)["test"]


def outputs(task: str, split: ExampleSplit, seed: int = 0) -> NDArray[np.float32]:
    """Return what a network might answer: float32 (8, …) in [0, 1]."""
    _, shape = module(task, "learning").shapes(split.inputs, split.targets)
    return np.random.default_rng(seed).random((EXAMPLES, *shape), np.float32)


@cases
def test_every_task_has_its_five_modules(task: str) -> None:
    folder = Path(str(importlib.import_module(PACKAGES[task]).__file__)).parent
    assert {path.stem for path in folder.glob("*.py")} >= {*registry.TASK_MODULES, "__init__"}


SIBLINGS: dict[str, set[str]] = {
    "learning": set(),
    "scores": {"learning"},
    "baselines": {"learning", "scores"},
    "drawing": set(),
}
"""Module → what it may import of its folder: what the stage that runs it depends on, too."""


@cases
@pytest.mark.parametrize("part", SIBLINGS)
def test_a_module_imports_no_other_on_which_its_stage_does_not_depend(task: str, part: str) -> None:
    folder = Path(str(importlib.import_module(PACKAGES[task]).__file__)).parent
    files = provenance.closure([f"{PACKAGES[task]}.{part}"])
    assert {path.stem for path in files if path.parent == folder and path.suffix == ".py"} - {part} <= SIBLINGS[part]


@pytest.mark.slow
@cases
def test_every_module_is_what_its_protocol_says(task: str, tmp_path: Path) -> None:
    code = f"from showreel.tasks import contract\nfrom {PACKAGES[task]} import {', '.join(registry.TASK_MODULES)}\n"
    (tmp_path / "held.py").write_text(code + PROTOCOLS)
    command = [sys.executable, "-m", "mypy", str(tmp_path / "held.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@cases
def test_the_first_score_chooses_the_epoch_and_tells_its_direction(task: str) -> None:
    scores = module(task, "scores").SCORES
    assert scores
    assert next(iter(scores.values())).better == module(task, "learning").BETTER
    assert {score.better for score in scores.values()} <= set(get_args(Direction))
    assert all(score.written(0.5).startswith(format(0.5, score.form)) and score.heading for score in scores.values())


@cases
def test_no_score_has_the_name_of_something_else_in_the_tables(task: str) -> None:
    taken = {*OTHER, "gain", "count", "parameters", "epoch", "loss", "baseline", "kind", "options"}
    for name in module(task, "scores").SCORES:
        assert name.isidentifier()
        assert name not in taken
        assert not name.startswith(("input_", "baseline_"))
        assert not name.endswith(("_low", "_high"))


@cases
def test_scores_are_columns_of_examples_and_their_summary_has_them_all(task: str, test_split: ExampleSplit) -> None:
    scores, targets = module(task, "scores"), test_split.read().targets
    columns = scores.score(targets, outputs(task, test_split))
    for column in columns.values():
        assert column.dtype == np.float64
        assert column.shape[0] == EXAMPLES
        assert column.ndim <= 2
    summary = scores.summary(columns)
    assert list(summary) == list(scores.SCORES)
    assert all(type(value) is float and np.isfinite(value) for value in summary.values())


@cases
def test_scores_of_examples_depend_on_no_others(task: str, test_split: ExampleSplit) -> None:
    scores, answers = module(task, "scores"), outputs(task, test_split)
    whole = scores.score(test_split.read().targets, answers)
    for part in (slice(0, 3), slice(3, EXAMPLES)):
        columns = scores.score(test_split.read(part).targets, answers[part])
        for name, column in columns.items():
            np.testing.assert_allclose(column, whole[name][part], rtol=1e-6)


@cases
def test_learning_scores_every_example(task: str, test_split: ExampleSplit) -> None:
    learning, targets = module(task, "learning"), test_split.read().targets
    for numbers in (learning.score, learning.loss):
        each = numbers(targets, outputs(task, test_split))
        assert each.dtype == np.float64
        assert each.shape == (EXAMPLES,)
        assert np.isfinite(each).all()


@inputs
def test_baselines_answer_as_a_network_would(task: str, degradation: str, tmp_path: Path) -> None:
    splits = examples(task, tmp_path, degradation)
    example, options = splits["test"].read(), values("degradations", degradation) if degradation else {}
    made = Made(degradation, options, splits["test"].inputs, splits["test"].targets)
    rules = module(task, "baselines")
    unchanged = rules.unchanged(made)
    methods: list[Baseline] = [*rules.baselines(made).values(), *([unchanged] if unchanged else [])]
    for method in methods:
        assert method.grid
        answer = answered(method, splits["train"], example, options)
        assert answer.shape == outputs(task, splits["test"]).shape
        np.testing.assert_array_equal(answered(method, splits["train"], example, options), answer)
        scored = module(task, "scores").score(example.targets, answer)
        assert all(np.isfinite(value) for value in module(task, "scores").summary(scored).values())


def answered(method: Baseline, train: ExampleSplit, example: Example, options: Mapping[str, Any]) -> NDArray[Any]:
    """Return a baseline's answer with the first of its options; it may learn from the training split before."""
    chosen = {**{name: options[name] for name in method.known}, **method.grid[0]}
    learnt = (method.fit(train, **chosen),) if method.fit else ()
    return method.answer(example.inputs, *learnt, **chosen)


@cases
@pytest.mark.parametrize("beaten", [True, False], ids=["baseline", "no baseline"])
def test_rows_are_tiles_of_one_size_that_can_be_laid_out(task: str, beaten: bool, test_split: ExampleSplit) -> None:
    learning, drawing = module(task, "learning"), module(task, "drawing")
    example = test_split.read()
    recorded = np.stack([learning.recorded(outputs(task, test_split, seed)) for seed in range(EPOCHS)])
    answer = learning.recorded(outputs(task, test_split, EPOCHS)) if beaten else None
    described = {**test_split.inputs, **test_split.targets}
    fields = {name: about.field for name, about in described.items()}
    rows: list[Row] = list(drawing.rows(example.inputs, example.targets, recorded, answer, fields))
    for row in rows:
        epochs, tiles, _, _, channels = row.tiles.shape
        assert row.tiles.dtype == np.uint8
        assert tiles == EXAMPLES
        assert epochs in (1, EPOCHS)
        assert channels in (1, 3)
    shown = [row.kind for row in rows]
    assert kinds.NETWORK in shown
    assert (kinds.BASELINE in shown) == beaten
    assert len(set(shown)) == len(shown)
    legend = drawing.legend(fields)
    assert all(name and len(colour) == 3 for name, colour in legend)
    scores = module(task, "scores").SCORES
    film = Film(
        "made-up", rows, np.arange(EPOCHS), np.linspace(0.1, 0.2, EPOCHS), {}, scores, "rule" if beaten else "", legend
    )
    drawn = list(frames(film))
    assert len(drawn) == EPOCHS
    assert len({frame.shape for frame in drawn}) == 1
    last = [row._replace(tiles=row.tiles[-1:]) for row in rows]
    sheet(rows, last, [film.label(row) for row in rows])


@cases
def test_a_page_has_a_title_and_a_sentence(task: str) -> None:
    page = module(task, "page")
    sentence = page.sentence({"dataset": "faces", "input": "faces, σ 0.5", "model": "net"})
    assert page.TITLE
    assert sentence.startswith("faces")
    assert sentence.endswith(".")


@cases
def test_only_learning_may_need_keras(task: str) -> None:
    parts = [part for part in registry.TASK_MODULES if part != "learning"]
    code = f"import sys; from {PACKAGES[task]} import {', '.join(parts)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"keras", "tensorflow"}.isdisjoint(loaded)


def test_the_made_up_fields_are_of_every_kind(tmp_path: Path) -> None:
    for kind in AXES:
        about = field(kind, tmp_path)
        rows = made_up(about, EXAMPLES, np.random.default_rng(0))
        assert count(rows) == EXAMPLES
        path = write(tmp_path / f"{kind}.h5", {kind: about}, {split: {kind: rows} for split in SPLITS})
        assert isinstance(prepared.described(path)[kind], Described)
