"""From the results of a study to what its page says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from showreel.gallery import schemas, sections
from showreel.gallery.files import picture_size, read_table
from showreel.params import registry
from showreel.pipeline import paths


@dataclass(frozen=True)
class Study:
    """A study with results.

    Attributes:
        name: of the study.
        kind: a folder of `studies/`.
        title: of its kind.
        sentence: what came of it.
        sections: what its page shows.
        size: width and height of its picture in pixels.
        files: its results by name, as `paths.study_results` has them.
    """

    name: str
    kind: str
    title: str
    sentence: str
    sections: Sequence[Mapping[str, Any]]
    size: tuple[int, int]
    files: Mapping[str, Path]

    @property
    def charts(self) -> list[dict[str, Any]]:
        """The data of the charts of its page."""
        return sections.charts([dict(section) for section in self.sections])


def read(name: str, kind: str) -> Study:
    """Read all that a gallery shows of a study.

    Raises:
        ShowreelError: a file is missing or damaged.
    """
    files, page = paths.study_results(name), registry.module("studies", kind, "page")
    metrics, cells = schemas.read(files["metrics"], schemas.Metrics), read_table(files["cells"], ())
    size = picture_size(files["poster"])
    try:
        sentence, shown = page.sentence(metrics, cells), sections.prepared(page.sections(metrics, cells))
    except (LookupError, ValueError, TypeError) as error:
        raise schemas.damaged(files["cells"], f"{type(error).__name__}: {error}") from error
    return Study(name, kind, page.TITLE, sentence, shown, size, files)
