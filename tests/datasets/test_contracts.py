"""What holds of every file of datasets/, of the samples here, and of the one that `showreel new dataset` writes."""

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from blocks import check, joined, loaded, same
from test_datasets import cifar10_members, cifar100_members, write_idx, write_tar
from test_folder import plain, write_folder

from showreel.datasets import folder as images
from showreel.params import registry
from showreel.pipeline.provenance import file_digest
from showreel.storage import prepared
from showreel.storage.fields import SPLITS, Described

SAMPLES = Path(__file__).parent / "samples"
TEMPLATE = Path(registry.PACKAGE) / "scaffold" / "dataset.py"

PACKAGE = {name: registry.module("datasets", name) for name in registry.names("datasets")}
OUTSIDE = {path.stem: loaded(path) for path in (*sorted(SAMPLES.glob("*.py")), TEMPLATE)}
EVERY = [pytest.param(module, id=name) for name, module in (PACKAGE | OUTSIDE).items()]


def options(function: Any) -> list[inspect.Parameter]:
    parameters = inspect.signature(function).parameters.values()
    return [parameter for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]


def needs_no_more(module: ModuleType) -> bool:
    return not module.FILES and all(option.default is not option.empty for option in options(module.read))


PACKAGED = [parameter for parameter in EVERY if needs_no_more(parameter.values[0])]  # type: ignore[arg-type]
"""Those that are read without a download and without options."""


@pytest.mark.parametrize("module", EVERY)
def test_source_licence_and_citation_are_told(module: ModuleType) -> None:
    for word in ("ource", "icence", "itation"):
        assert word in (module.__doc__ or "")


@pytest.mark.parametrize("module", EVERY)
def test_files_are_verified_and_their_addresses_end_in_their_names(module: ModuleType) -> None:
    assert bool(module.FILES) != hasattr(module, "gather")
    for file in module.FILES:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert len(file.urls) >= 2
        assert all(re.fullmatch(rf"https?://\S+/{re.escape(file.name)}", url) for url in file.urls)
    assert len({file.sha256 for file in module.FILES}) == len({file.name for file in module.FILES}) == len(module.FILES)


@pytest.mark.parametrize("module", EVERY)
def test_all_functions_take_the_same_typed_options(module: ModuleType) -> None:
    assert all(option.annotation is not option.empty for option in options(module.read))
    assert options(module.fields) == options(module.read)
    assert options(getattr(module, "gather", module.read)) == options(module.read)


@pytest.mark.parametrize("module", EVERY)
def test_names_of_fields_are_a_literal(module: ModuleType) -> None:
    names = next(
        ast.literal_eval(node.value)
        for node in ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FIELDS"
    )
    assert names == module.FIELDS
    assert names
    assert len(set(names)) == len(names)
    assert all(isinstance(name, str) and name.isidentifier() for name in names)


@pytest.mark.parametrize("module", PACKAGED)
def test_packaged_data_is_gathered_to_the_same_bytes(module: ModuleType, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        module.gather(tmp_path / name)
    first, second = (
        {path.name: file_digest(path) for path in (tmp_path / name).iterdir()} for name in ("first", "second")
    )
    assert first == second


def no_options(module: ModuleType) -> Callable[[Path], dict[str, Any]]:
    def write(folder: Path) -> dict[str, Any]:
        module.gather(folder)
        return {}

    return write


def write_small_idx(folder: Path) -> dict[str, Any]:
    write_idx(folder, 24)
    return {}


def write_small_cifar10(folder: Path) -> dict[str, Any]:
    write_tar(folder / "cifar-10-binary.tar.gz", cifar10_members())
    return {}


def write_small_cifar100(folder: Path) -> dict[str, Any]:
    write_tar(folder / "cifar-100-binary.tar.gz", cifar100_members())
    return {}


def write_small_folder(folder: Path) -> dict[str, Any]:
    names = [f"{split}/{label}/1.png" for split in ("train", "val", "test") for label in ("x", "y")]
    source = write_folder(folder / "mine", dict.fromkeys(names, plain()))
    images.gather(folder, path=str(source), size=8)
    return {"path": str(source), "size": 8}


SMALL = {
    "mnist": write_small_idx,
    "fashion_mnist": write_small_idx,
    "cifar10": write_small_cifar10,
    "cifar100": write_small_cifar100,
    "folder": write_small_folder,
} | {str(parameter.id): no_options(parameter.values[0]) for parameter in PACKAGED}  # type: ignore[arg-type]
"""Data set → what writes some raw data and returns the options to read them with."""


@pytest.mark.parametrize("module", EVERY)
def test_blocks_are_what_the_fields_say_and_come_again(module: ModuleType, tmp_path: Path) -> None:
    name = Path(str(module.__file__)).stem
    if name not in SMALL:
        pytest.skip(f"no small raw data here for {name}")
    chosen = SMALL[name](tmp_path)
    described = module.fields(tmp_path, **chosen)
    assert set(described) <= set(module.FIELDS)
    shapes: dict[str, set[Described]] = {field: set() for field in described}
    for split in SPLITS:
        blocks = list(module.read(tmp_path, split, **chosen))
        for block in blocks:
            for field, about in check(block, described).items():
                shapes[field].add(about)
        assert same(joined(blocks), joined(module.read(tmp_path, split, **chosen)))
    assert {len(different) for different in shapes.values()} == {1}


@pytest.mark.parametrize("module", PACKAGED)
def test_a_prepared_file_gives_back_what_a_data_set_reads(module: ModuleType, tmp_path: Path) -> None:
    module.gather(tmp_path)
    path = tmp_path / "prepared.h5"
    prepared.write(path, ((split, module.read(tmp_path, split)) for split in SPLITS), module.fields(tmp_path), {})
    assert {name: about.field for name, about in prepared.described(path).items()} == module.fields(tmp_path)
    for split in SPLITS:
        assert same(prepared.read(path, split), joined(module.read(tmp_path, split)))
