import os
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from small_data import write_images
from test_params import GOOD

from showreel.applying.resizable import resizable
from showreel.applying.restorer import Restorer
from showreel.cli import parser
from showreel.exporting import litert, onnx, parity, saved_model
from showreel.exporting.export import check_output, export
from showreel.exporting.formats import FORMATS, check_installed
from showreel.gallery import onnx_properties
from showreel.models import unet, upscaler
from showreel.models.parts import blocks
from showreel.pipeline import paths
from showreel.pipeline.provenance import file_digest
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.training import network_file
from showreel.training.prediction import predict

MODULES = {"onnx": onnx, "saved_model": saved_model, "litert": litert}
IMAGES = 7
TRAINED = "ab" * 32
Array = NDArray[Any]
Build = Callable[..., keras.Model]


def network(policy: str = "float32", build: Build = unet.build, size: int = 6) -> keras.Model:
    """Return a small network with weights that are drawn, not trained."""
    keras.utils.set_random_seed(3)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        output = (6, 6, 1) if size < 6 else (size, size, 1)
        built = build((size, size, 1), output, depth=2, filters=4)
    finally:
        keras.config.set_dtype_policy(before)
    generator = np.random.default_rng(0)
    built.set_weights([generator.normal(0, 0.2, weight.shape) for weight in built.get_weights()])
    return built


def images(count: int, size: int = 6) -> Array:
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 1), np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A model that was trained in bfloat16, and a prepared file for it."""
    paths = {"model": tmp_path / "model.keras", "prepared": tmp_path / "noisy.h5"}
    write_images(paths["prepared"], images(IMAGES))
    network_file.save(network("mixed_bfloat16"), paths["model"], "{}")
    return paths


def output(folder: Path, form: str) -> Path:
    return folder / f"exported{FORMATS[form].suffix}"


def left_by_an_earlier_export(path: Path, form: str) -> Path:
    """Return the file of an export, or one in the folder of an export."""
    file = path / "saved_model.pb" if FORMATS[form].members else path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"earlier")
    return file


def contents(path: Path) -> dict[str, bytes]:
    """Return the files of a folder, or the file."""
    found = [path] if path.is_file() else path.rglob("*")
    return {str(file.relative_to(path.parent)): file.read_bytes() for file in found if file.is_file()}


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_gives_what_keras_gives_for_any_number_of_images(
    tmp_path: Path, files: dict[str, Path], form: str
) -> None:
    path = output(tmp_path / "new", form)
    left_by_an_earlier_export(path, form)
    told = export("tiny", form=form, output=path, **files).splitlines()
    assert [line.split(":")[0] for line in told] == [
        str(path),
        "from Keras, both in float32",
        "from Keras in mixed_bfloat16, as it was trained and scored",
    ]
    assert told[0].endswith(f": {sum(map(len, contents(path).values())):,} bytes")
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    if form == "onnx":
        assert onnx_properties.properties(path.read_bytes(), path)["network"] == file_digest(files["model"])
    check_output(form, path)
    run = MODULES[form].opened(path)
    expected = predict(network(), images(11))
    assert np.ptp(expected) > 0.5
    for count in (1, 2, 11):
        found = run(images(11)[:count])
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[:count], rtol=0, atol=2e-5)  # 1.06e-5 on AVX2 alone


def transposed(input_shape: blocks.Shape, output_shape: blocks.Shape, **_: int) -> keras.Model:
    """Build a network as they were before sizes were doubled by `DepthToSpace`."""
    images = keras.Input(input_shape, dtype="uint8", name="degraded")
    doubled = keras.layers.Conv2DTranspose(2, 2, 2, padding="same", activation="relu")(blocks.normalised(images, 1))
    return keras.Model(images, blocks.restored(doubled, output_shape), name="transposed")


@pytest.mark.slow
@pytest.mark.parametrize("build", [upscaler.build, transposed])
@pytest.mark.parametrize("form", FORMATS)
def test_an_upscaler_can_be_exported(tmp_path: Path, form: str, build: Build) -> None:
    enlarging, path = network(build=build, size=3), output(tmp_path, form)
    MODULES[form].write(parity.in_float32(enlarging), path, TRAINED)
    found = MODULES[form].opened(path)(images(3, size=3))
    np.testing.assert_allclose(found, predict(enlarging, images(3, size=3)), rtol=0, atol=1e-5)


def test_the_names_in_an_onnx_file_are_those_that_a_caller_expects(tmp_path: Path) -> None:
    import onnxruntime

    onnx.write(network(), tmp_path / "a.onnx", TRAINED)
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    (degraded,), (restored,) = session.get_inputs(), session.get_outputs()
    assert (degraded.name, degraded.shape, degraded.type) == ("degraded", ["batch", 6, 6, 1], "tensor(uint8)")
    assert (restored.name, restored.shape, restored.type) == ("restored", ["batch", 6, 6, 1], "tensor(float)")


def test_in_onnx_height_and_width_are_free_and_the_answer_is_that_of_apply(tmp_path: Path) -> None:
    built, path = network(size=8), tmp_path / "a.onnx"
    onnx.write(built, path, TRAINED)
    told = onnx_properties.properties(path.read_bytes(), path)
    assert told == {"network": TRAINED, "channels": "1", "multiple": "4", "scale": "1"}
    pixels = images(1, size=40)[0, :24]
    restored = onnx.opened(path)(pixels[np.newaxis])[0]
    expected = Restorer(resizable(built)).restore(pixels)
    np.testing.assert_allclose(restored * 255, expected, rtol=0, atol=0.501)


def test_an_onnx_file_of_a_network_that_pads_says_that_it_takes_one_size(tmp_path: Path) -> None:
    onnx.write(network(), tmp_path / "a.onnx", TRAINED)
    told = onnx_properties.properties((tmp_path / "a.onnx").read_bytes(), tmp_path / "a.onnx")
    assert told == {"network": TRAINED, "channels": "1"}


@pytest.mark.parametrize("form", ["onnx", pytest.param("litert", marks=pytest.mark.slow)])
def test_equal_networks_give_equal_bytes(tmp_path: Path, form: str) -> None:
    paths = [output(tmp_path / number, form) for number in "12"]
    for path in paths:
        path.parent.mkdir()
        MODULES[form].write(network(), path, TRAINED)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.slow
def test_onnx_runtime_tells_nobody_that_it_is_used(tmp_path: Path) -> None:
    """Its telemetry begins with a session's file beside temporary ones and a device's identifier among the caches."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    folders = {name: str(tmp_path) for name in ("TMPDIR", "XDG_CACHE_HOME")}
    command = [sys.executable, "-c", "import showreel.exporting.onnx"]
    subprocess.run(command, env=environment | folders, check=True, capture_output=True)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(("build", "size"), [(unet.build, 8), pytest.param(transposed, 3, marks=pytest.mark.slow)])
def test_the_order_in_which_tf2onnx_works_changes_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: Build, size: int
) -> None:
    """Its own order is by chance: now and then the output's last change of layout is looked at too late."""
    from tf2onnx import optimizer

    first, then = tmp_path / "first.onnx", tmp_path / "then.onnx"
    onnx.write(parity.in_float32(network(build=build, size=size)), first, TRAINED)
    late = OrderedDict(optimizer._optimizers)
    for name in ("reshape_optimizer", "remove_back_to_back", "einsum_optimizer"):
        late.move_to_end(name)  # behind remove_identity
    monkeypatch.setattr(optimizer, "_optimizers", late)
    onnx.write(parity.in_float32(network(build=build, size=size)), then, TRAINED)
    assert onnx.opened(then)(images(3, size=size)).shape == (3, *network(build=build, size=size).output_shape[1:])
    assert then.read_bytes() == first.read_bytes()


@pytest.mark.parametrize(("form", "existed"), [*((form, True) for form in FORMATS), ("onnx", False)])
def test_a_network_that_answers_otherwise_is_not_published(
    tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, form: str, existed: bool
) -> None:
    path = output(tmp_path / "new", form)
    if existed:
        left_by_an_earlier_export(path, form)
    before = contents(path) if existed else {}
    write = MODULES[form].write

    def written_wrong(right: keras.Model, path: Path, trained: str) -> None:
        weights = right.get_weights()
        weights[-1] = weights[-1] + 0.001  # a quarter of the step between two values of 8 bits
        wrong = parity.in_float32(right)
        wrong.set_weights(weights)
        write(wrong, path, trained)

    monkeypatch.setattr(MODULES[form], "write", written_wrong)
    with pytest.raises(ShowreelError, match=r"not written, for as .* by up to 1\.0e-03, and 1e-04 passes"):
        export("tiny", form=form, output=path, **files)
    assert (contents(path) if existed else {}) == before
    assert [found.name for found in path.parent.iterdir()] == ([path.name] if existed else [])


def test_a_layer_that_a_format_cannot_hold_is_told_in_one_line(
    tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("no such operator\nin ONNX")

    monkeypatch.setattr(keras.Model, "export", fails)
    with pytest.raises(ShowreelError, match=r"model.keras: cannot be written as onnx \(no such operator in ONNX\)"):
        export("tiny", form="onnx", output=tmp_path / "new" / "a.onnx", **files)
    assert not any((tmp_path / "new").iterdir())


@pytest.mark.parametrize(
    ("form", "name", "said"),
    [
        ("onnx", "network.tflite", "ends in .onnx"),
        ("litert", "network", "ends in .tflite"),
        ("onnx", "folder.onnx", "is a folder"),
        ("saved_model", "folder.onnx", "is no export as saved_model"),
        ("saved_model", "folder.onnx/kept.txt", "is no export as saved_model"),
        ("saved_model", "link", "is no export as saved_model"),
        ("saved_model", "..", "is no export as saved_model"),
    ],
)
def test_nothing_else_is_replaced(tmp_path: Path, form: str, name: str, said: str) -> None:
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "folder.onnx" / "kept.txt").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    with pytest.raises(ParamsError, match=said):
        check_output(form, tmp_path / name)


def test_the_command_writes_to_a_folder_of_its_own_and_prints_the_differences(
    tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.yaml").write_text(GOOD)
    for name, place in (("model", paths.model("digits-denoiser")), ("prepared", paths.prepared("digits-noisy"))):
        (tmp_path / place).parent.mkdir(parents=True)
        files[name].rename(tmp_path / place)
    monkeypatch.chdir(tmp_path)
    assert parser.main(["export", "digits-denoiser"]) == 0
    printed = capfd.readouterr().out
    assert printed.startswith("exports/digits-denoiser.onnx: ")
    assert len(printed.splitlines()) == 3
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["digits-denoiser.onnx"]
    assert parser.main(["export", "digits-denoiser", "--output", "params.yaml"]) == 2
    assert parser.main(["export", "photos-identity"]) == 1


@pytest.mark.parametrize(
    ("form", "package"), [(form, package) for form in FORMATS for package in FORMATS[form].packages]
)
def test_a_missing_package_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str, package: str
) -> None:
    (tmp_path / "params.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    assert parser.main(["export", "digits-denoiser", "--format", form]) == 2
    said = f"--format {form}: needs the package {package}, which is not installed; pip install 'showreel[export]'"
    assert said in capsys.readouterr().err
    check_installed("saved_model")
