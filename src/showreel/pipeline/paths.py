"""Every path of the pipeline, relative to the project's root. The Snakefile imports it; a test holds dvc.yaml to it."""

import functools
from pathlib import Path

from showreel.params import registry
from showreel.pipeline import provenance

PARAMS = Path("params.yaml")
PARTIAL = Path("data/partial")
"""Downloads that were cut short, to be resumed; not an output of any stage."""
GALLERY = Path("gallery")
LINEAGE = Path("lineage")
STATE = Path(".showreel")
"""What runs leave for each other and nobody else: locks, and the checkpoints of trainings."""
TRIED = ".onnx"
"""How the name of an export ends that the gallery lets its readers try."""


def raw(dataset: str) -> Path:
    """Return the folder of a data set as it was downloaded."""
    return Path("data/raw") / dataset


def prepared(dataset: str, degradation: str) -> Path:
    """Return the HDF5 file of one data set seen through one degradation; `clean` is the data set itself."""
    return Path("data/prepared") / dataset / f"{degradation}.h5"


def model(experiment: str) -> Path:
    """Return the trained network, in Keras's own format."""
    return Path("models") / f"{experiment}.keras"


def reel(experiment: str) -> Path:
    """Return the HDF5 file of the predictions that were kept after every epoch."""
    return Path("models") / f"{experiment}.reel.h5"


def examples(experiment: str) -> Path:
    """Return the HDF5 file of the strongest baseline's and the network's final look at the reel's images."""
    return Path("models") / f"{experiment}.examples.h5"


def exported(experiment: str, suffix: str) -> Path:
    """Return the network as other programs take it: no output of any stage, but the gallery shows what is there."""
    return Path("exports") / f"{experiment}{suffix}"


def record(stage: str, *names: str) -> Path:
    """Return the JSON of what one run of a stage read and wrote."""
    path = LINEAGE.joinpath(stage, *names)
    return path.with_name(f"{path.name}.json")


def lock(stage: str, *names: str) -> Path:
    """Return the file that a run of a stage locks, so that no other writes the same outputs."""
    path = (STATE / "locks").joinpath(stage, *names)
    return path.with_name(f"{path.name}.lock")


def checkpoint(experiment: str) -> Path:
    """Return the state of an unfinished training."""
    return STATE / "checkpoints" / f"{experiment}.npz"


def timing(experiment: str) -> Path:
    """Return the table of seconds and images a second, one row an epoch; not an output of any stage."""
    return Path("logs/train") / f"{experiment}.csv"


def watched(watcher: str, experiment: str) -> Path:
    """Return the folder of what someone noted who looked on; not an output of any stage."""
    return Path("logs") / watcher / experiment


def history(experiment: str) -> Path:
    """Return the table of losses and scores, one row an epoch."""
    return _results(experiment) / "history.csv"


def metrics(experiment: str) -> Path:
    """Return the flat JSON of summary scores over the complete test set."""
    return _results(experiment) / "metrics.json"


def baselines(experiment: str) -> Path:
    """Return the table of the baselines' options and summary scores."""
    return _results(experiment) / "baselines.csv"


def scores(experiment: str) -> Path:
    """Return the table of scores, one row a test image."""
    return _results(experiment) / "scores.csv"


def gif(experiment: str) -> Path:
    """Return the animation: one frame an epoch."""
    return _results(experiment) / "reel.gif"


def poster(experiment: str) -> Path:
    """Return the animation's last frame."""
    return _results(experiment) / "poster.png"


def is_in_git(path: Path) -> bool:
    """Tell whether git keeps an output; DVC's cache keeps the others."""
    small = (metrics("*"), history("*"), baselines("*"))
    return path.is_relative_to(LINEAGE) or any(path.match(str(pattern)) for pattern in small)


def results(experiment: str) -> dict[str, Path]:
    """Return by name what is in an experiment's folder of results: all that the gallery shows."""
    files = (metrics, history, baselines, scores, gif, poster, card, still, sheet, places)
    return {file.__name__: file(experiment) for file in files}


@functools.cache
def code(stage: str, **extensions: str) -> tuple[Path, ...]:
    """List the package files that make a stage stale when they change.

    They are the import closure of its module and of the extensions that it loads by name, and whatever the extensions
    of such a folder share: DVC can put one extension's name into a path, but cannot know which shared files it imports.

    Args:
        stage: a file name in `stages/`.
        **extensions: folder=name, such as models="unet".
    """
    shared = {
        path
        for folder in extensions
        for path in (registry.PACKAGE / folder).glob("*.py")
        if path.stem not in {*registry.names(folder), "__init__"}
    }
    sources = shared.union(provenance.closure(modules(stage, **extensions)))
    return tuple(sorted("src" / Path(provenance.relative(path)) for path in sources))


def modules(stage: str, **extensions: str) -> list[str]:
    """Return the dotted names of a stage's module and of the extensions that it loads by name; arguments as `code`."""
    return [f"showreel.stages.{stage}", *(f"showreel.{folder}.{name}" for folder, name in extensions.items())]


def card(experiment: str) -> Path:
    """Return the animation in small."""
    return _results(experiment) / "card.gif"


def still(experiment: str) -> Path:
    """Return the last frame of the animation in small."""
    return _results(experiment) / "card.png"


def sheet(experiment: str) -> Path:
    """Return the picture of all images of the reel, and of chosen ones, at their own size."""
    return _results(experiment) / "sheet.png"


def places(experiment: str) -> Path:
    """Return the JSON of where in the sheet they are."""
    return _results(experiment) / "sheet.json"


def _results(experiment: str) -> Path:
    return Path("results") / experiment
