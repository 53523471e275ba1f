"""The file of an experiment's summary scores: flat JSON, numbers only."""

import json
from pathlib import Path

from showreel.storage.errors import ShowreelError


def read(path: Path) -> dict[str, float]:
    """Return the scores by name.

    Raises:
        ShowreelError: the file is missing, damaged, or not a flat table of numbers.
    """
    if not path.is_file():
        raise ShowreelError(f"{path}: missing; run the evaluate stage (`dvc repro` does that)")
    try:
        scores = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (ValueError, RecursionError) as error:
        raise ShowreelError(f"{path}: damaged ({error}); delete it and evaluate again") from error
    if not isinstance(scores, dict) or not all(isinstance(value, int | float) for value in scores.values()):
        raise ShowreelError(f"{path}: not a flat table of numbers; delete it and evaluate again")
    return scores
