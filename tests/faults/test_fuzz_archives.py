"""Fuzzing of what parses archives and raw files: each input gives what is promised, or one of our errors, and soon."""

import gzip
from typing import Any

import pytest
from fuzzing import as_promised, made, mutated, some, soon
from hypothesis import example, given
from hypothesis import strategies as st
from test_datasets import cifar10_members, write_idx
from test_datasets import write_tar as write_cifar
from test_folder import three_splits, write_tar, write_zip

from showreel.datasets import cifar10, folder, mnist
from showreel.datasets.parts import arrangement, idx
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import SPLITS

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

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
        classes = cifar10.fields(raw)["label"].classes
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
        classes = folder.fields(place / "raw", **options)["label"].classes
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
