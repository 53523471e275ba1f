import re
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from showreel.models import unet
from showreel.storage.errors import ShowreelError
from showreel.training import network_file

SAVE = """
import sys, keras, numpy
from pathlib import Path
from showreel.training import network_file
from showreel.models import unet
junk = [object() for _ in range(100_000)]
network = unet.build((8, 8, 1), (8, 8, 1), depth=1, filters=2)
network.set_weights([numpy.full(weights.shape, 0.25, "float32") for weights in network.get_weights()])
network_file.save(network, Path(sys.argv[1]), "{}")
"""


@pytest.fixture(scope="module")
def network() -> keras.Model:
    built = unet.build((8, 8, 1), (8, 8, 1), depth=1, filters=2)
    built.set_weights([np.full(weights.shape, 0.25, np.float32) for weights in built.get_weights()])
    return built


@pytest.fixture
def saved(network: keras.Model, tmp_path: Path) -> Path:
    network_file.save(network, tmp_path / "a.keras", "{}")
    return tmp_path / "a.keras"


def test_a_network_comes_back_and_predicts_the_same(network: keras.Model, saved: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), np.uint8)
    loaded = network_file.load(saved)
    np.testing.assert_array_equal(np.asarray(loaded(images)), np.asarray(network(images)))


@pytest.mark.slow
def test_equal_weights_give_equal_bytes_in_another_process(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.keras"
    subprocess.run([sys.executable, "-c", SAVE, str(path)], check=True, capture_output=True)
    assert path.read_bytes() == saved.read_bytes()


def test_addresses_in_memory_do_not_get_into_the_file(tmp_path: Path) -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = unet.build((8, 8, 1), (8, 8, 1), depth=1, filters=2)
        for name in ("a", "b"):
            network_file.save(network, tmp_path / f"{name}.keras", "{}")
    finally:
        keras.config.set_dtype_policy(before)
    assert not re.search(rb'"shared_object_id": \d{6,}', (tmp_path / "a.keras").read_bytes())
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


def test_equal_weights_give_equal_bytes_after_training(network: keras.Model, saved: Path, tmp_path: Path) -> None:
    network.compile("adam", "mean_squared_error")
    before = network.get_weights()
    network.fit(np.zeros((4, 8, 8, 1), np.uint8), np.ones((4, 8, 8, 1), np.float32), verbose=0)
    network_file.save(network, tmp_path / "trained.keras", "{}")
    network.set_weights(before)
    network_file.save(network, tmp_path / "again.keras", "{}")
    assert (tmp_path / "trained.keras").read_bytes() != saved.read_bytes()
    assert (tmp_path / "again.keras").read_bytes() == saved.read_bytes()


def test_the_origin_is_the_comment_of_the_zip(network: keras.Model, tmp_path: Path) -> None:
    network_file.save(network, tmp_path / "a.keras", '{"seed": 20}')
    with zipfile.ZipFile(tmp_path / "a.keras") as file:
        assert file.comment == b'{"seed": 20}'
        assert {member.date_time for member in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any("optimizer" in name for name in file.namelist())


def refused(path: Path) -> None:
    with pytest.raises(ShowreelError, match=rf"{path.name}: .*train") as refusal:
        network_file.load(path)
    assert "\n" not in str(refusal.value)


def test_a_missing_network_is_named(tmp_path: Path) -> None:
    refused(tmp_path / "none.keras")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.keras").write_bytes(content)
    refused(tmp_path / "a.keras")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_truncated_archive_is_refused(saved: Path, kept: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(kept * len(content))])
    refused(saved)


def test_a_flipped_bit_is_refused(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    saved.write_bytes(content)
    refused(saved)


def test_an_archive_without_its_weights_is_refused(saved: Path) -> None:
    with zipfile.ZipFile(saved) as file:
        members = {name: file.read(name) for name in file.namelist() if name != "model.weights.h5"}
    with zipfile.ZipFile(saved, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    refused(saved)


def test_code_in_an_archive_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    name = str(mark)
    layer = keras.layers.Lambda(lambda x: [__import__("pathlib").Path(name).write_text("ran"), x][1])
    picture = keras.Input((2,))
    keras.Model(picture, layer(picture)).save(tmp_path / "a.keras")
    mark.unlink()
    refused(tmp_path / "a.keras")
    assert not mark.exists()
