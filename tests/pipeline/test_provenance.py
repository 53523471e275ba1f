import hashlib
from pathlib import Path

import pytest

from showreel.params import registry
from showreel.pipeline import paths, provenance

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""The SHA-256 of `abc` in FIPS 180-2."""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package: a → b → c → a, d alone, which imports what is not there, and a folder with relative imports."""
    folder = tmp_path / "showreel"
    (folder / "inner").mkdir(parents=True)
    sources = {
        "__init__": '"""Docstring."""',
        "a": "import json\nfrom showreel import b",
        "b": "def f():\n    import showreel.c",
        "c": "from showreel.a import anything",
        "d": "from showreel import nothing",
        "inner/e": "from . import f",
        "inner/f": "from .g import anything",
        "inner/g": "from ..d import anything",
    }
    for name, text in sources.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.setattr(provenance, "SOURCE", tmp_path)
    return folder


def test_the_digest_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert provenance.file_digest(tmp_path / "file") == ABC


def test_the_digest_of_values_does_not_depend_on_the_order_of_keys() -> None:
    assert provenance.value_digest({"a": 1, "b": {"c": 2, "d": 3}}) == provenance.value_digest(
        {"b": {"d": 3, "c": 2}, "a": 1}
    )
    assert provenance.value_digest({"a": 1}) == hashlib.sha256(b'{"a": 1}').hexdigest()
    assert provenance.value_digest({"a": 1}) != provenance.value_digest({"a": 2})


def test_the_closure_follows_every_import_even_in_a_circle_and_inside_functions(package: Path) -> None:
    assert provenance.closure(["showreel.a"]) == [package / "a.py", package / "b.py", package / "c.py"]
    assert provenance.closure(["showreel.d"]) == [package / "d.py"]
    relative = [package / "d.py", *(package / f"inner/{name}.py" for name in "efg")]
    assert provenance.closure(["showreel.inner.e"]) == relative


def test_the_closure_of_a_training_holds_the_blocks_of_its_model_and_no_drawing() -> None:
    files = {path.name for path in provenance.closure(["showreel.stages.train", "showreel.models.unet"])}
    assert {"train.py", "unet.py", "blocks.py", "prepared.py", "loop.py"} <= files
    assert {"render.py", "frame.py", "parser.py", "__init__.py"}.isdisjoint(files)


def test_the_digest_of_a_folder_changes_with_what_is_in_it_and_not_with_what_python_compiles(tmp_path: Path) -> None:
    (tmp_path / "code/inner").mkdir(parents=True)
    (tmp_path / "code/inner/a.py").write_text("A = 1")
    before = provenance.code_digest(tmp_path / "code")
    (tmp_path / "code/__pycache__").mkdir()
    (tmp_path / "code/__pycache__/a.pyc").write_text("compiled")
    assert provenance.code_digest(tmp_path / "code") == before
    (tmp_path / "code/b.py").write_text("")
    added = provenance.code_digest(tmp_path / "code")
    (tmp_path / "code/b.py").rename(tmp_path / "code/c.py")
    assert len({before, added, provenance.code_digest(tmp_path / "code")}) == 3


def test_every_stage_has_a_revision() -> None:
    kinds = {*registry.names("studies"), *paths.CODE} - {"study"}
    assert provenance.revisions().keys() == kinds
