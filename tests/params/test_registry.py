import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from showreel.params import registry
from showreel.storage.errors import ParamsError


@pytest.mark.parametrize(
    ("folder", "some", "shared"),
    [
        ("datasets", {"digits", "folder", "mnist", "photos"}, {"idx", "packing", "__init__"}),
        ("degradations", {"downscaled", "noisy"}, {"parts", "noise", "__init__"}),
        ("models", {"unet", "upscaler"}, {"parts", "blocks", "__init__"}),
        ("tasks", {"restoration"}, {"contract", "__init__"}),
        ("studies", {"cross"}, {"__init__"}),
    ],
)
def test_names_are_the_extensions_and_not_what_they_share(folder: str, some: set[str], shared: set[str]) -> None:
    names = registry.names(folder)
    assert some <= set(names)
    assert shared.isdisjoint(names)
    assert list(names) == sorted(names)


def test_only_what_defines_the_entry_point_itself_is_an_extension(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {
        "one": "\ndef read(folder):\n    pass\n",
        "late": '"""A docstring."""\n\nimport os\n\n\ndef read(folder):\n    pass\n',
        "calls": "read(1)\n",
        "keyword": "read(split=1)\n",
        "imports": "from showreel.datasets.mnist import read\n",
        "longer": "def read_all():\n    pass\n",
        "method": "class A:\n    def read(self):\n        pass\n",
        "says": '"""Shared parts.\n\nread is elsewhere.\n"""\n',
    }
    (tmp_path / "datasets").mkdir()
    for name, text in texts.items():
        (tmp_path / "datasets" / f"{name}.py").write_text(text)
    monkeypatch.setattr(registry, "PACKAGE", tmp_path)
    assert registry.names.__wrapped__("datasets") == ("late", "one")


def test_a_name_becomes_its_module() -> None:
    assert registry.module("degradations", "noisy").__name__ == "showreel.degradations.noisy"
    assert registry.module("tasks", "restoration", "scores").__name__ == "showreel.tasks.restoration.scores"


@pytest.mark.parametrize("name", ["nosy", "noise", "../noisy", ""])
def test_an_unknown_name_is_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(ParamsError, match=r"degradations: there is no .*; there are downscaled, noisy"):
        registry.module("degradations", name)
    with pytest.raises(ParamsError, match="degradations: there is no"):
        registry.options("degradations", name)


def test_options_are_the_keyword_only_parameters_with_types_and_defaults() -> None:
    assert registry.options("degradations", "noisy") == {"sigma": (float, ...)}
    assert registry.options("datasets", "photos") == {"patch": (int, 32)}
    assert registry.options("datasets", "digits") == {}
    assert registry.options("studies", "cross")["values"] == (list[float], ...)
    assert registry.options("datasets", "folder")["fit"] == (Literal["crop", "tile", "refuse"], "crop")


def test_every_extension_has_options_that_can_be_read() -> None:
    for folder in registry.FUNCTIONS:
        for name in registry.names(folder):
            registry.options(folder, name)


def test_constants_are_read_from_the_source() -> None:
    assert registry.constant("datasets", "digits", "FIELDS") == ("image", "label")
    assert registry.constant("tasks", "restoration", "INPUTS", "learning") == ("image",)
    with pytest.raises(ParamsError, match=r"digits\.py: has no COLOURS, which every file of datasets/ says"):
        registry.constant("datasets", "digits", "COLOURS")


def test_a_section_of_studies_is_the_plural_of_their_kind() -> None:
    kinds = ("cross", "search", "transfer", "attack")
    assert [registry.section(kind) for kind in kinds] == ["crosses", "searches", "transfers", "attacks"]


def test_the_options_of_a_model_are_found_without_tensorflow() -> None:
    code = (
        "import sys; from showreel.params import registry; "
        "print(registry.options('models', 'unet')['depth'], 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(<class 'int'>, Ellipsis) False\n"
