"""Every path of the pipeline, relative to the project's root. The Snakefile imports it; a test holds dvc.yaml to it."""

from pathlib import Path

from showreel.params import registry

PARAMS = Path("params.yaml")
REVISIONS = Path("src/showreel/revisions.yaml")
"""A number for each stage, raised by whoever changes its results from a file that it does not depend on."""
PARTIAL = Path("data/partial")
"""Downloads that were cut short, to be resumed; not an output of any stage."""
GALLERY = Path("gallery")
LINEAGE = Path("lineage")
STATE = Path(".showreel")
"""What runs leave for each other and nobody else: locks, checkpoints of trainings, finished parts of studies."""
BROWSER_EXPORT = ".onnx"
"""How the name of an export ends that the gallery lets its readers try."""
PREPARED = "prepared"
"""The folder of the records of prepared files, whichever stage made them."""


def raw(dataset: str) -> Path:
    """Return the folder of a data set as it was downloaded."""
    return Path("data/raw") / dataset


def prepared(name: str) -> Path:
    """Return the HDF5 file of a data set, or of an input made of one."""
    return Path("data/prepared") / f"{name}.h5"


def model(experiment: str) -> Path:
    """Return the trained network, in Keras's own format."""
    return Path("models") / f"{experiment}.keras"


def reel(experiment: str) -> Path:
    """Return the HDF5 file of the outputs that were kept after every epoch."""
    return Path("models") / f"{experiment}.reel.h5"


def chosen(experiment: str) -> Path:
    """Return the HDF5 file of chosen test examples, and of the strongest baseline's answers to the reel's."""
    return Path("models") / f"{experiment}.chosen.h5"


def exported(experiment: str, suffix: str) -> Path:
    """Return the network as other programs take it: no output of any stage, but the gallery shows what is there."""
    return Path("exports") / f"{experiment}{suffix}"


def record(stage: str, *names: str) -> Path:
    """Return the JSON of what one run of a stage read and wrote."""
    folder = PREPARED if stage in ("prepare", "degrade") else stage
    path = LINEAGE.joinpath(folder, *names)
    return path.with_name(f"{path.name}.json")


def lock(stage: str, *names: str) -> Path:
    """Return the file that a run of a stage locks, so that no other writes the same outputs."""
    path = (STATE / "locks").joinpath(stage, *names)
    return path.with_name(f"{path.name}.lock")


def checkpoint(experiment: str) -> Path:
    """Return the state of an unfinished training."""
    return STATE / "checkpoints" / f"{experiment}.npz"


def parts(study: str) -> Path:
    """Return the folder of what an unfinished study has done so far."""
    return STATE / "studies" / study


def timing(experiment: str) -> Path:
    """Return the table of seconds and examples a second, one row an epoch; not an output of any stage."""
    return Path("logs/train") / f"{experiment}.csv"


def watched(watcher: str, experiment: str) -> Path:
    """Return the folder of what someone noted who looked on; not an output of any stage."""
    return Path("logs") / watcher / experiment


def history(experiment: str) -> Path:
    """Return the table of losses and scores, one row an epoch."""
    return _results(experiment) / "history.csv"


def metrics(name: str) -> Path:
    """Return the flat JSON of summary scores of an experiment or a study."""
    return _results(name) / "metrics.json"


def baselines(experiment: str) -> Path:
    """Return the table of the baselines' options and summary scores."""
    return _results(experiment) / "baselines.csv"


def scores(experiment: str) -> Path:
    """Return the table of scores, one row a test example."""
    return _results(experiment) / "scores.csv"


def gif(experiment: str) -> Path:
    """Return the animation: one frame an epoch."""
    return _results(experiment) / "reel.gif"


def poster(name: str) -> Path:
    """Return the animation's last frame, or the picture of a study."""
    return _results(name) / "poster.png"


def card(experiment: str) -> Path:
    """Return the animation in small."""
    return _results(experiment) / "card.gif"


def still(experiment: str) -> Path:
    """Return the last frame of the animation in small."""
    return _results(experiment) / "card.png"


def sheet(experiment: str) -> Path:
    """Return the picture of all examples of the reel, and of chosen ones, at their own size."""
    return _results(experiment) / "sheet.png"


def places(experiment: str) -> Path:
    """Return the JSON of where in the sheet they are."""
    return _results(experiment) / "sheet.json"


def cells(study: str) -> Path:
    """Return the table of a study: one row a cell."""
    return _results(study) / "cells.csv"


def results(experiment: str) -> dict[str, Path]:
    """Return by name what is in an experiment's folder of results: all that the gallery shows."""
    files = (metrics, history, baselines, scores, gif, poster, card, still, sheet, places)
    return {file.__name__: file(experiment) for file in files}


def study_results(study: str) -> dict[str, Path]:
    """Return by name what is in a study's folder of results."""
    return {file.__name__: file(study) for file in (metrics, cells, poster)}


def is_in_git(path: Path) -> bool:
    """Tell whether git keeps an output; DVC's cache keeps the others."""
    small = (metrics("*"), history("*"), baselines("*"), cells("*"))
    return path.is_relative_to(LINEAGE) or any(path.match(str(pattern)) for pattern in small)


CODE: dict[str, tuple[str, ...]] = {
    "download": ("datasets/{source}.py", "datasets/parts", "stages/download.py"),
    "prepare": ("datasets/{source}.py", "datasets/parts", "stages/prepare.py"),
    "degrade": ("degradations/{degradation}.py", "degradations/parts", "stages/degrade.py"),
    "train": (
        "models/{model}.py", "models/parts", "stages/train.py", "tasks/{task}/learning.py", "training",
    ),
    "evaluate": (
        "models/parts", "scoring", "stages/evaluate.py", "tasks/{task}/baselines.py", "tasks/{task}/learning.py",
        "tasks/{task}/scores.py", "training",
    ),
    "render": ("drawing", "scoring", "stages/render.py", "tasks/{task}/drawing.py", "tasks/{task}/scores.py"),
    "gallery": ("drawing", "gallery", "scoring", "stages/gallery.py", "studies", "tasks"),
    "study": ("degradations", "drawing", "models/parts", "scoring", "studies/{kind}", "tasks", "training"),
}  # fmt: skip
"""Stage → the files and folders of the package that decide its results: what both engines watch.

All else that a stage imports is plumbing, which moves bytes and decides none (`PLUMBING`; a test holds the two apart).
"""

PLUMBING = ("cli", "params", "pipeline", "reporting", "storage", "verification", "watching")


def code(stage: str, **names: str) -> list[Path]:
    """List the files and folders of the package on which a stage depends.

    Args:
        stage: a key of `CODE`.
        **names: what stands in its braces: source, degradation, model, task or kind.
    """
    return [Path("src/showreel") / pattern.format(**names) for pattern in CODE[stage]]


def _results(name: str) -> Path:
    return Path("results") / name


def package_file(path: Path) -> Path:
    """Return where a file or folder of the package is that `code` names."""
    return registry.PACKAGE.parent / path.relative_to("src")
