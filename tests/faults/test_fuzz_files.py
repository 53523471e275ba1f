"""Fuzzing of what parses pictures, exports and params.yaml: each input gives what is promised, or our error, soon."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from fuzzing import EXAMPLES, mutated, some, soon
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from samples import field
from test_folder import encoded
from test_params import GOOD

from showreel.datasets.parts import pictures
from showreel.gallery import onnx_properties
from showreel.params import loading
from showreel.storage.errors import ParamsError

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 20, 3), np.uint8))
EXIF = Image.Exif()
EXIF[0x0112] = 6
KINDS = [encoded(NOISE, kind, exif=EXIF) for kind in ("PNG", "JPEG", "TIFF", "WEBP")]
KINDS += [encoded(NOISE.convert("P"), "PNG", transparency=3), encoded(NOISE, "JPEG", progressive=True)]
KINDS += [encoded(NOISE, "TIFF", compression=name) for name in ("tiff_lzw", "jpeg", "packbits", "tiff_deflate")]
KINDS += [encoded(NOISE.convert("CMYK"), "JPEG"), encoded(NOISE, "WEBP", lossless=True)]
KINDS += [encoded(NOISE, "PNG", save_all=True, append_images=[NOISE.rotate(90)] * 2)]


@settings(max_examples=EXAMPLES * 4)
@given(st.one_of(st.binary(max_size=100), st.sampled_from(KINDS).flatmap(mutated)), st.sampled_from(["rgb", "grey"]))
def test_pictures(data: bytes, mode: pictures.Mode) -> None:
    with soon(), suppress(pictures.UnusableError):
        image = pictures.decode(data, mode)
        assert image.mode == {"rgb": "RGB", "grey": "L"}[mode]
        for square in pictures.squares(image.crop((0, 0, 40, 40)), 8, "tile"):
            assert (square.dtype.name, square.shape) == ("uint8", (8, 8, len(image.getbands())))


EXPORT = (
    b"\x08\x08" + field(7, b"a graph") + field(14, field(1, "network", "ab" * 32)) + field(14, field(1, "scale", "1"))
)


@some
@given(st.one_of(st.binary(max_size=60), mutated(EXPORT)))
def test_properties_of_exports(data: bytes) -> None:
    with soon():
        assert {str} >= {
            type(text) for item in onnx_properties.properties(data, Path("a.onnx")).items() for text in item
        }


def load_params(content: bytes) -> None:
    with soon() as place:
        (place / "params.yaml").write_bytes(content)
        said = ""
        try:
            assert loading.load(place / "params.yaml").seed >= 0
        except ParamsError as error:
            said = str(error)
        assert said.isprintable()
        assert len(said) < 600


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.binary(max_size=4)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=8,
)
KEYS = st.sampled_from([*yaml.safe_load(GOOD), "digits", "source", "noisy", "unet", "depth", "training", "dataset"])


@st.composite
def other_values(draw: st.DrawFn) -> bytes:
    """A good file in which some values, at any depth, are others."""
    whole: dict[str, Any] = yaml.safe_load(GOOD)
    for _ in range(draw(st.integers(1, 3))):
        place = whole
        while (
            isinstance(inner := place[key := draw(st.sampled_from(list(place)))], dict)
            and inner
            and draw(st.booleans())
        ):
            place = inner
        place[draw(st.one_of(st.just(key), KEYS))] = draw(TREES)
    return yaml.safe_dump(whole, allow_unicode=draw(st.booleans())).encode("utf-8", "surrogatepass")


@some
@given(mutated(GOOD.encode()))
def test_params_bytes(content: bytes) -> None:
    load_params(content)


@some
@given(other_values())
def test_params_values(content: bytes) -> None:
    load_params(content)
