"""The page on files lists exactly what is in files that were really made: no name more, none less."""

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
from checkouts import ROOT, Checkout
from pages import rows

from showreel.degradations import noisy
from showreel.pipeline import paths
from showreel.tasks.restoration import scores

pytestmark = pytest.mark.slow

MEANT = {
    "<split>": ("train", "validation", "test"),
    "<baseline>": tuple(noisy.BASELINES),
    "<score>": tuple(scores.SCORES),
    "<field>": ("image", "label"),
    "<input field>": ("image",),
    "<target field>": ("image",),
    "<over>": ("sigma",),
}
"""What a placeholder of the page stands for."""


def listed(heading: str) -> set[str]:
    """Return the names below a heading of the page, with every placeholder replaced by all that it stands for."""
    names = {name for cell in rows(ROOT / "docs/reference/files.md", heading) for name in cell}
    for placeholder, values in MEANT.items():
        names = {name.replace(placeholder, value) for name in names for value in values}
    return names


def in_hdf5(path: Path) -> set[str]:
    """Return data sets as `group/name`, attributes as `group@name`."""
    with h5py.File(path) as file:
        names = {f"@{name}" for name in file.attrs}
        members: list[tuple[str, Any]] = []
        file.visititems(lambda name, member: members.append((name, member)))
        names |= {f"{name}@{attribute}" for name, member in members for attribute in member.attrs}
        return names | {name for name, member in members if isinstance(member, h5py.Dataset)}


def in_csv(path: Path) -> set[str]:
    with path.open() as file:
        return set(next(csv.reader(file)))


def in_json(path: Path) -> set[str]:
    return set(json.loads(path.read_text()))


def in_sheet(path: Path) -> set[str]:
    sheet = json.loads(path.read_text())
    single = {"task", "tile"}
    return single | {f"{part}.{name}" for part in sheet.keys() - single for name in sheet[part]}


def in_archive(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


FILES: dict[str, tuple[Callable[[Path], set[str]], Path]] = {
    "Prepared files": (in_hdf5, paths.prepared("digits")),
    "Prepared inputs": (in_hdf5, paths.prepared("digits-noisy")),
    "The reel": (in_hdf5, paths.reel("denoiser")),
    "Chosen examples": (in_hdf5, paths.chosen("denoiser")),
    "metrics.json": (in_json, paths.metrics("denoiser")),
    "scores.csv": (in_csv, paths.scores("denoiser")),
    "baselines.csv": (in_csv, paths.baselines("denoiser")),
    "history.csv": (in_csv, paths.history("denoiser")),
    "The network": (in_archive, paths.model("denoiser")),
    "sheet.json": (in_sheet, paths.places("denoiser")),
    "cells.csv": (in_csv, paths.cells("denoiser-crossed")),
}
ALSO = {"Prepared inputs": "Prepared files"}
"""Heading → that of what the file holds besides, but for the fields that it does not change."""
UNCHANGED = {"@field.label", "train/label", "validation/label", "test/label"}


@pytest.mark.parametrize("heading", FILES)
def test_a_file_holds_what_the_page_lists(heading: str, made_by_dvc: Checkout) -> None:
    inside, path = FILES[heading]
    names = listed(heading)
    if heading in ALSO:
        names |= listed(ALSO[heading]) - UNCHANGED
    assert inside(made_by_dvc.folder / path) == names


def test_the_summary_of_a_study_holds_the_numbers_of_each_of_its_cells(made_by_dvc: Checkout) -> None:
    names = listed("cells.csv") - {"sigma", "baseline"}
    expected = {f"sigma_{value}_{name}" for value in ("0.25", "0.5") for name in names}
    assert in_json(made_by_dvc.folder / paths.metrics("denoiser-crossed")) == expected


def test_the_records_of_all_stages_together_hold_what_the_page_lists(made_by_dvc: Checkout) -> None:
    records = {path: in_json(path) for path in (made_by_dvc.folder / paths.LINEAGE).rglob("*.json")}
    assert set().union(*records.values()) == listed("Lineage records")


def test_every_section_with_a_table_of_names_is_held_to_a_file() -> None:
    page = (ROOT / "docs/reference/files.md").read_text()
    headings = [part.splitlines()[0] for part in page.split("\n## ")[1:] if "\n| --- |" in part]
    assert set(headings) == {*FILES, "Lineage records"}
