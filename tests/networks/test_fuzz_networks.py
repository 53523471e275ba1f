"""Fuzzing of what parses networks: each input gives a network, or one of our errors, and soon."""

import functools
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fuzzing import few, mutated, soon
from hypothesis import given
from hypothesis import strategies as st

from showreel.models import unet
from showreel.training import network_file

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@functools.cache
def members() -> dict[str, bytes]:
    """Return what a good file holds; only when a test asks, for all workers collect all tests."""
    with tempfile.TemporaryDirectory() as name:
        network_file.save(unet.build((8, 8, 1), (8, 8, 1), depth=0, filters=2), Path(name) / "a.keras", "{}")
        with zipfile.ZipFile(Path(name) / "a.keras") as file:
            return {name: file.read(name) for name in file.namelist()}


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def load_network(content: bytes) -> None:
    with soon() as place:
        (place / "a.keras").write_bytes(content)
        assert network_file.load(place / "a.keras").count_params() > 0


@few
@given(st.deferred(lambda: mutated(packed(members()))))
def test_network_bytes(content: bytes) -> None:
    load_network(content)


def paths(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value of a JSON tree."""
    for key in tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        yield (*path, key)
        yield from paths(tree[key], (*path, key))


ODD_JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 64),
    st.text(max_size=6),
    st.sampled_from([[], {}, "keras", "Dense", "os"]),
)


@few
@given(st.deferred(lambda: st.sampled_from(list(paths(json.loads(members()["config.json"]))))), ODD_JSON)
def test_network_configurations(path: tuple[Any, ...], value: Any) -> None:
    config = json.loads(members()["config.json"])
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    load_network(packed(members() | {"config.json": json.dumps(config).encode()}))
