"""Names and options as readers see them, and as addresses."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from showreel.scoring.score import Score


def slug(label: str) -> str:
    """Return a label as a folder's name: experiments keep theirs, revisions get a digest that keeps them apart."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", label)
    return label if plain == label else f"{plain}-{hashlib.sha256(label.encode()).hexdigest()[:6]}"


def variant(experiment: str, dataset: str) -> str:
    """Return an experiment's name without that of its data set: `mnist-denoiser` is the variant `denoiser` on mnist."""
    return experiment.removeprefix(f"{dataset}-").removeprefix(f"{dataset}_")


def spoken(name: str) -> str:
    """Turn a name of the code into words."""
    return name.replace("_", " ")


def listed(options: Mapping[str, Any]) -> str:
    """Write options in brackets, or nothing where there are none."""
    return f" ({', '.join(f'{name} {value}' for name, value in options.items())})" if options else ""


def named(score: Score) -> str:
    """Return a score's heading with its unit, and with its direction where that is not the usual one."""
    unit = f" in {score.unit}" if score.unit else ""
    return f"{score.heading}{unit}{'' if score.better == 'higher' else ' (lower is better)'}"


def plain(score: Score) -> dict[str, str]:
    """Return what the pages' scripts need to write a score."""
    return {"heading": score.heading, "form": score.form, "unit": score.unit, "better": score.better}
