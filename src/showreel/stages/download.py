"""Bring a data set's raw files into their folder, from the network, a mirror, a package or a user's own folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from showreel import find
from showreel.fetch import fetch


def download(
    source: str, folder: Path, *, partial: Path, mirrors: Sequence[str] = (), options: Mapping[str, Any]
) -> None:
    """Fill a data set's raw folder; files that are there and right are kept.

    Args:
        source: the name of a module in `datasets/`.
        folder: where the files go, each of them whole or not at all.
        partial: folder, outside of `folder`, that keeps unfinished downloads for the next attempt.
        mirrors: folders or URL prefixes to ask first, for `<mirror>/<source>/<name>` and `<mirror>/<name>`.
        options: the data set's options from params.yaml.

    Raises:
        ParamsError: there is no such source.
        ShowreelError: the data cannot be had.
    """
    module = find.module("datasets", source)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    places = [place for mirror in mirrors for place in (f"{mirror.rstrip('/')}/{source}", mirror)]
    for file in module.FILES:
        fetch(file, folder / file.name, partial=partial, mirrors=places)
    if not module.FILES:
        module.gather(folder, **options)


def _remove_leftovers(folder: Path) -> None:
    """Remove the hidden temporary files of a run that was killed: an engine would count them as data."""
    for path in folder.glob(".*"):
        if path.is_file():
            path.unlink()
