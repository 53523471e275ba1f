"""Bring a data set's raw files into their folder, from the network, a mirror, a package or a user's own folder."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from showreel.datasets.parts.fetch import fetch
from showreel.params import registry
from showreel.pipeline.lineage import Lineage


def download(
    source: str,
    folder: Path,
    *,
    partial: Path,
    mirrors: Sequence[str] = (),
    options: Mapping[str, Any],
    lineage: Lineage,
) -> None:
    """Fill a data set's raw folder; files that are there and right are kept, what does not belong there is removed.

    Args:
        source: the name of a module in `datasets/`.
        folder: where the files go, each of them whole or not at all.
        partial: folder, outside of `folder`, that keeps unfinished downloads for the next attempt.
        mirrors: folders or URL prefixes to ask first, for `<mirror>/<source>/<name>` and `<mirror>/<name>`.
        options: the data set's options from params.yaml.
        lineage: of this run.

    Raises:
        ParamsError: there is no such source.
        ShowreelError: the data cannot be had.
    """
    module = registry.module("datasets", source)
    folder.mkdir(parents=True, exist_ok=True)
    places = [place for mirror in mirrors for place in (f"{mirror.rstrip('/')}/{source}", mirror)]
    for file in module.FILES:
        fetch(file, folder / file.name, partial=partial, mirrors=places)
    names = {file.name for file in module.FILES} or _gathered(module, folder, partial, options, lineage)
    for path in folder.iterdir():
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    lineage.write_record(folder / name for name in sorted(names))


def _gathered(
    module: ModuleType, folder: Path, partial: Path, options: Mapping[str, Any], lineage: Lineage
) -> set[str]:
    """Let a data set gather its files aside, then move them into the raw folder; return their names."""
    aside = partial / f"{folder.name}.gathered"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        module.gather(aside, **options)
        lineage.check()
        names = {file.name for file in aside.iterdir()}
        for name in names:
            (aside / name).replace(folder / name)
    finally:
        shutil.rmtree(aside)
    return names
