"""Names and options as readers see them, and as addresses."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any


def slug(label: str) -> str:
    """Return a label as a folder's name: experiments keep theirs, revisions get a digest that keeps them apart."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", label)
    return label if plain == label else f"{plain}-{hashlib.sha256(label.encode()).hexdigest()[:6]}"


def task(experiment: str, dataset: str) -> str:
    """Return an experiment's name without that of its data set: `mnist-denoiser` is the task `denoiser` on mnist."""
    return experiment.removeprefix(f"{dataset}-").removeprefix(f"{dataset}_")


def spoken(name: str) -> str:
    """Turn a name of the code into words."""
    return name.replace("_", " ")


def listed(options: Mapping[str, Any]) -> str:
    """Write options in brackets, or nothing where there are none."""
    return f" ({', '.join(f'{name} {value}' for name, value in options.items())})" if options else ""


def rebuilding(experiment: str) -> list[str]:
    """Return the commands that make an experiment again, one for each way."""
    return [
        f"dvc repro render@{experiment}",
        f"snakemake --cores 2 {experiment}",
        f"showreel verify --rebuild {experiment}",
    ]
