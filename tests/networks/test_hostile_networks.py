"""`.keras` files of strangers: code, other modules, paths that lead out, bombs, weights that lie in other files."""

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from hostile import MEGABYTE, files
from matrices import sample

from showreel.models import unet
from showreel.storage.errors import ShowreelError
from showreel.training import network_file

pytestmark = pytest.mark.slow

KERNEL = "layers/conv2d/vars/0"
Members = dict[str, bytes]
Change = Callable[[Members, Path], None]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """What a good file holds."""
    path = tmp_path_factory.mktemp("good") / "a.keras"
    network_file.save(unet.build((8, 8, 1), (8, 8, 1), depth=1, filters=2), path, "{}")
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def written(path: Path, members: Members, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def refused(path: Path) -> str:
    """See that a file is refused in one line, and that nothing is left anywhere; return the line."""
    before = files(path.parent)
    with pytest.raises(ShowreelError, match=r"a\.keras: cannot be loaded \(.*\); delete it and train again") as refusal:
        network_file.load(path)
    assert files(path.parent) == before
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def config(**values: Any) -> Change:
    def change(members: Members, folder: Path) -> None:
        members["config.json"] = json.dumps(json.loads(members["config.json"]) | values).encode()

    return change


def layer(**values: Any) -> Change:
    """Change the first layer that has an activation of its own."""

    def change(members: Members, folder: Path) -> None:
        parsed = json.loads(members["config.json"])
        found = next(one for one in parsed["config"]["layers"] if one["class_name"] == "ReLU")
        found.update(values)
        members["config.json"] = json.dumps(parsed).encode()

    return change


def content(name: str, data: bytes | None) -> Change:
    def change(members: Members, folder: Path) -> None:
        members.pop(name, None)
        if data is not None:
            members[name] = data

    return change


def weights(change: Callable[[h5py.File, Path], None]) -> Change:
    def whole(members: Members, folder: Path) -> None:
        path = folder / "weights.h5"
        path.write_bytes(members["model.weights.h5"])
        with h5py.File(path, "a") as file:
            change(file, folder)
        members["model.weights.h5"] = path.read_bytes()
        path.unlink()

    return whole


def kernel(**options: Any) -> Change:
    def change(file: h5py.File, folder: Path) -> None:
        shape = file[KERNEL].shape
        del file[KERNEL]
        file.create_dataset(KERNEL, **{"shape": shape, "dtype": "f4"} | options)

    return weights(change)


def group(file: h5py.File, folder: Path) -> None:
    del file[KERNEL]
    file.create_group(KERNEL)


def external(file: h5py.File, folder: Path) -> None:
    shape = file[KERNEL].shape
    (folder / "secret").write_bytes(b"root:x:0:0:" * 100)
    del file[KERNEL]
    file.create_dataset(KERNEL, shape, "f4", external=[(str(folder / "secret"), 0, 1000)])


def linked(file: h5py.File, folder: Path) -> None:
    with h5py.File(folder / "other.h5", "w") as other:
        other["kernel"] = np.ones(file[KERNEL].shape, np.float32)
    del file[KERNEL]
    file[KERNEL] = h5py.ExternalLink(str(folder / "other.h5"), "kernel")


def virtual(file: h5py.File, folder: Path) -> None:
    shape = file[KERNEL].shape
    linked(file, folder)
    del file[KERNEL]
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "kernel", shape=shape)
    file.create_virtual_dataset(KERNEL, layout)


LAMBDA = {"class_name": "__lambda__", "config": {"code": "4wEAAA==", "defaults": None, "closure": None}}
CHANGES: dict[str, Change] = {
    "Lambda layer": layer(class_name="Lambda", config={"name": "x", "function": LAMBDA}),
    "class of os": config(module="os", class_name="system", registered_name="system"),
    "class of another package": config(module="antigravity", class_name="X", registered_name="X"),
    "function of Keras": config(module="keras.utils", class_name="get_file", registered_name="get_file"),
    "class that is a number": config(class_name=5),
    "no configuration": config(config=None),
    "no layers": config(config={"name": "x", "layers": [], "input_layers": [["a", 0, 0]], "output_layers": []}),
    "JSON list": content("config.json", b"[]"),
    "JSON nothing": content("config.json", b"null"),
    "no JSON": content("config.json", b"hello"),
    "no UTF-8": content("config.json", b"\xff\xfe\x00"),
    "10,000 lists deep": content("config.json", b"[" * 10_000 + b"]" * 10_000),
    "100,000 tables deep": content("config.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "config missing": content("config.json", None),
    "weights missing": content("model.weights.h5", None),
    "weights cut": lambda members, folder: members.update({"model.weights.h5": members["model.weights.h5"][:-500]}),
    "weights of text": content("model.weights.h5", b"hello" * 1000),
    "member that leads up": content("../evil.py", b"x"),
    "absolute member": content("/tmp/evil.py", b"x"),
    "member of assets": content("assets/evil.py", b"x"),
    "pickle": content("model.pkl", pickle.dumps(print)),
    "external storage": weights(external),
    "external link": weights(linked),
    "virtual weights": weights(virtual),
    "10**12 weights of nothing": kernel(shape=(10**12,), chunks=(1000,)),
    "10**9 weights of nothing": kernel(shape=(10**9,), chunks=(1000,)),
    "weights of another shape": kernel(shape=(3,)),
    "weights that are texts": kernel(dtype=h5py.string_dtype()),
    "group for weights": weights(group),
}


KINDS = (
    *(
        "Lambda layer",
        "class of os",
        "function of Keras",
        "no configuration",
        "JSON list",
        "no JSON",
        "10,000 lists deep",
    ),
    *("config missing", "weights missing", "weights cut", "member that leads up", "external link"),
    *("10**12 weights of nothing", "weights of another shape"),
)


@pytest.mark.parametrize("change", sample(CHANGES, *KINDS))
def test_foreign_network_is_refused_in_one_line(tmp_path: Path, members: Members, change: Change) -> None:
    changed = dict(members)
    change(changed, tmp_path)
    refused(written(tmp_path / "a.keras", changed))


def test_good_network_passes(tmp_path: Path, members: Members) -> None:
    assert network_file.load(written(tmp_path / "a.keras", members)).name == "unet"


@pytest.mark.parametrize("name", sample(["config.json", "model.weights.h5", "more"], "model.weights.h5"))
def test_packed_member_is_refused_before_it_is_unpacked(tmp_path: Path, members: Members, name: str) -> None:
    bomb = members | {name: members.get(name, b"") + bytes(100 * MEGABYTE)}
    path = written(tmp_path / "a.keras", bomb, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < MEGABYTE
    assert "is no member that showreel writes" in refused(path)


class Runs:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch ran",)


def test_pickle_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.keras").write_bytes(pickle.dumps(Runs()))
    refused(tmp_path / "a.keras")


@pytest.mark.parametrize("kind", sample(["folder", "fifo", "device", "HDF5"], "fifo", "HDF5"))
def test_what_is_no_archive_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.keras"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = "{}"
    refused(path)


def test_layer_of_somebody_elses_module_is_refused(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("elsewhere")
    class Evil(keras.layers.Layer):  # type: ignore[misc]
        def call(self, images: keras.KerasTensor) -> keras.KerasTensor:
            return images

    images = keras.Input((2,))
    keras.Model(images, Evil()(images)).save(tmp_path / "a.keras")
    keras.saving.get_custom_objects().clear()
    refused(tmp_path / "a.keras")
