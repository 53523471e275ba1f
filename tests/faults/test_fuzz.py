"""Fuzzing of all that parses files: each input gives what is promised, or one of our errors, and soon."""

import gzip
import io
import json
import logging
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from test_datasets import cifar10_members, write_idx
from test_datasets import write_tar as write_cifar
from test_folder import encoded, three_splits, write_tar, write_zip
from test_params import GOOD

from showreel import params
from showreel.block import SPLITS, Block
from showreel.datasets import arrangement, cifar10, folder, idx, mnist, pictures
from showreel.errors import ParamsError, ShowreelError
from showreel.models import archive, unet

SECONDS = 10.0
"""No input may take longer; most take milliseconds."""
EXAMPLES = settings.default.max_examples if settings.default else 100
some = settings(max_examples=EXAMPLES)
few = settings(max_examples=max(EXAMPLES // 4, 1))
logging.getLogger("PIL").setLevel(logging.CRITICAL)


@st.composite
def mutated(draw: st.DrawFn, whole: bytes, *, most: int = 4) -> bytes:
    """Some bytes with a few changes: others in their place, pieces cut, repeated or zeroed, the end missing."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(1, 16))
        piece = data[start : start + length]
        data[start : start + length] = draw(
            st.one_of(
                st.binary(min_size=len(piece), max_size=len(piece)),
                st.sampled_from([b"", bytes(piece) * 2, bytes(len(piece)), b"\xff" * len(piece)]),
            )
        )
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.integers(0, 5)) == 0 else bytes(data)


@contextmanager
def soon() -> Iterator[Path]:
    """Give a fresh folder, and let nothing but one of our errors pass, in bounded time."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        with suppress(ShowreelError):
            yield Path(name)
        assert time.monotonic() - start < SECONDS


def as_promised(blocks: Iterator[Block], classes: int, shape: tuple[int, ...] | None = None) -> None:
    for images, labels in blocks:
        assert (images.dtype.name, labels.dtype.name) == ("uint8", "int32")
        assert images.ndim == 4
        assert len(images) == len(labels) > 0
        assert images.shape[1:] == (shape or images.shape[1:])
        assert 0 <= labels.min() <= labels.max() < classes


def made(write: Callable[[Path], object]) -> dict[str, bytes]:
    """Return the files that a function writes into a folder."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name))
        return {path.name: path.read_bytes() for path in Path(name).iterdir()}


IDX = made(lambda folder: write_idx(folder, 13))
RAW_IDX = {name: gzip.decompress(IDX[name]) for name in idx.NAMES[:2]}
HEADERS = st.lists(st.sampled_from([0, 1, 2, 3, 13, 255, 4096, 65535, 2**31, 2**32 - 1]), min_size=3, max_size=3)


def read_idx(images: bytes, labels: bytes) -> None:
    with soon() as raw:
        for name, content in zip(idx.NAMES[:2], (images, labels), strict=True):
            (raw / name).write_bytes(content)
        for split in ("train", "validation"):
            as_promised(mnist.read(raw, split), 10)


@some
@given(mutated(RAW_IDX[idx.NAMES[0]]), st.one_of(st.just(RAW_IDX[idx.NAMES[1]]), mutated(RAW_IDX[idx.NAMES[1]])))
def test_idx_content(images: bytes, labels: bytes) -> None:
    read_idx(gzip.compress(images, 1), gzip.compress(labels, 1))


@some
@given(mutated(IDX[idx.NAMES[0]]), mutated(IDX[idx.NAMES[1]]))
def test_idx_packed(images: bytes, labels: bytes) -> None:
    read_idx(images, labels)


@some
@given(HEADERS, st.binary(max_size=400), st.binary(max_size=400))
def test_idx_headers(numbers: list[int], images: bytes, labels: bytes) -> None:
    counts = [number.to_bytes(4, "big") for number in numbers]
    first = b"\0\0\x08\x03" + b"".join(counts) + images
    read_idx(gzip.compress(first, 1), gzip.compress(b"\0\0\x08\x01" + counts[0] + labels, 1))


CIFAR = made(lambda folder: write_cifar(folder / cifar10.VERSION.archive, cifar10_members()))[cifar10.VERSION.archive]
RAW_CIFAR = gzip.decompress(CIFAR)


def read_cifar(content: bytes) -> None:
    with soon() as raw:
        (raw / cifar10.VERSION.archive).write_bytes(content)
        classes = cifar10.classes(raw)
        assert all(name.isprintable() for name in classes)
        for split in SPLITS:
            as_promised(cifar10.read(raw, split), len(classes), (32, 32, 3))


@st.composite
def changed_headers(draw: st.DrawFn, tar: bytes) -> bytes:
    """A tar with changes in its headers alone, whose checksums are right again."""
    data = bytearray(tar)
    starts = [start for start in range(0, len(data), 512) if data[start + 257 : start + 262] == b"ustar"]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.sampled_from(starts))
        field = start + draw(st.sampled_from([0, 100, 124, 156, 157, 257, 345, 386, 483]))
        change = draw(st.one_of(st.binary(min_size=1, max_size=12), st.sampled_from(list(b"0123456LKSxgVNM\xff\x80"))))
        piece = bytes([change]) if isinstance(change, int) else change
        data[field : field + len(piece)] = piece
        data[start + 148 : start + 156] = b" " * 8
        data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + 512])
    return bytes(data)


@some
@given(changed_headers(RAW_CIFAR))
def test_cifar_headers(tar: bytes) -> None:
    read_cifar(gzip.compress(tar, 1))


@some
@given(st.one_of(mutated(CIFAR), mutated(RAW_CIFAR).map(lambda tar: gzip.compress(tar, 1))))
def test_cifar_bytes(content: bytes) -> None:
    read_cifar(content)


PARTS = st.one_of(
    st.sampled_from(["train", "TEST", "val", "cat", "..", ".", "", "C:", "__MACOSX"]), st.text(max_size=5)
)
NAMES = st.lists(st.lists(PARTS, min_size=1, max_size=5).map("/".join).map(lambda name: name + ".png"), max_size=12)


@some
@given(NAMES)
@example(["/.png"])
def test_arrangement_of_names(names: list[str]) -> None:
    with soon():
        arranged, outside = arrangement.arrange(names)
        assert sorted([picture.name for picture in arranged] + outside) == sorted(set(names))
        assert all(picture.split in SPLITS and picture.category for picture in arranged)
        again = arrangement.arrange(reversed(names))[0]
        assert {picture[1:] for picture in again} == {picture[1:] for picture in arranged}


PICTURES = three_splits(**{f"train/{label}/{number}.png": b"no" for label in "ab" for number in range(2)})
SOURCES = {
    "zip": made(lambda folder: write_zip(folder / "a", PICTURES))["a"],
    "tar": made(lambda folder: write_tar(folder / "a", PICTURES, "w"))["a"],
    "tar.gz": made(lambda folder: write_tar(folder / "a", PICTURES, "w:gz"))["a"],
    "tar.bz2": made(lambda folder: write_tar(folder / "a", PICTURES, "w:bz2"))["a"],
    "tar.xz": made(lambda folder: write_tar(folder / "a", PICTURES, "w:xz"))["a"],
}


def pack(content: bytes) -> None:
    with soon() as place:
        (place / "source").write_bytes(content)
        (place / "raw").mkdir()
        options: dict[str, Any] = {"path": str(place / "source"), "size": 8}
        try:
            folder.gather(place / "raw", **options)
        except ShowreelError:
            assert not list((place / "raw").iterdir())
            raise
        classes = folder.classes(place / "raw", **options)
        for split in SPLITS:
            as_promised(folder.read(place / "raw", split, **options), len(classes), (8, 8, 3))


@some
@given(st.sampled_from(list(SOURCES.values())).flatmap(mutated))
def test_archives(content: bytes) -> None:
    pack(content)


@some
@given(changed_headers(SOURCES["tar"]))
def test_tar_headers(content: bytes) -> None:
    pack(content)


@st.composite
def changed_directory(draw: st.DrawFn) -> bytes:
    """A zip with changes in its central directory alone."""
    whole = SOURCES["zip"]
    start = whole.index(b"PK\x01\x02")
    return whole[:start] + draw(mutated(whole[start:]))


@some
@given(changed_directory())
def test_zip_directories(content: bytes) -> None:
    pack(content)


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


def load_params(content: bytes) -> None:
    with soon() as place:
        (place / "params.yaml").write_bytes(content)
        said = ""
        try:
            assert params.load(place / "params.yaml").seed >= 0
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


def saved_network() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as name:
        archive.save(unet.build((8, 8, 1), (8, 8, 1), depth=0, filters=2), Path(name) / "a.keras", "{}")
        with zipfile.ZipFile(Path(name) / "a.keras") as file:
            return {name: file.read(name) for name in file.namelist()}


NETWORK = saved_network()


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def load_network(content: bytes) -> None:
    with soon() as place:
        (place / "a.keras").write_bytes(content)
        assert archive.load(place / "a.keras").count_params() > 0


@few
@given(mutated(packed(NETWORK)))
def test_network_bytes(content: bytes) -> None:
    load_network(content)


def paths(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value of a JSON tree."""
    for key in tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        yield (*path, key)
        yield from paths(tree[key], (*path, key))


CONFIG = json.loads(NETWORK["config.json"])
ODD_JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 64),
    st.text(max_size=6),
    st.sampled_from([[], {}, "keras", "Dense", "os"]),
)


@few
@given(st.sampled_from(list(paths(CONFIG))), ODD_JSON)
def test_network_configurations(path: tuple[Any, ...], value: Any) -> None:
    config = json.loads(NETWORK["config.json"])
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    load_network(packed(NETWORK | {"config.json": json.dumps(config).encode()}))
