"""Raw files that somebody else put there, and servers and mirrors that lie."""

import gzip
import http.client
import os
import struct
import zlib
from pathlib import Path
from string import digits

import numpy as np
import pytest
from hostile import BOUND, MEGABYTE, gzip_bomb, measured, project, refused
from matrices import one_of_each, sample
from test_datasets import write_idx
from test_fetch import BODY, Place, place, sends
from test_folder import bomb, plain

from showreel.cli import parser
from showreel.datasets.parts import idx
from showreel.pipeline import paths
from showreel.storage.errors import ShowreelError

pytestmark = pytest.mark.slow

__all__ = ["place"]
IMAGES, LABELS = idx.NAMES[:2]
MANY = 2**32 - 1


def images(count: int, height: int, width: int, content: bytes = b"") -> bytes:
    return struct.pack(">4I", idx.IMAGES_MAGIC, count, height, width) + content


def labels(count: int, content: bytes = b"") -> bytes:
    return struct.pack(">2I", idx.LABELS_MAGIC, count) + content


def raw(folder: Path, dataset: str) -> Path:
    path = project(folder) / "data/raw" / dataset
    path.mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    one_of_each(
        [
            (IMAGES, gzip.compress(images(MANY, 2, 3)), "4294967295 images, but train-labels"),
            (IMAGES, gzip.compress(images(0, 2, 3)), "0 images, but train-labels"),
            (IMAGES, gzip.compress(images(12, 0, 3)), "images of 0×3 pixels"),
            (IMAGES, gzip.compress(images(12, 65535, 65535)), "images of 65535×65535 pixels"),
            (IMAGES, gzip.compress(images(12, 4096, 4096, bytes(72))), "shorter than its header says"),
            (IMAGES, gzip.compress(images(12, 2, 3, bytes(73))), "goes on after the 12 entries"),
            (IMAGES, gzip.compress(images(12, 2, 3, bytes(72))) + b"junk", "damaged (Not a gzipped file"),
            (IMAGES, images(12, 2, 3, bytes(72)), "damaged (Not a gzipped file"),
            (IMAGES, gzip.compress(labels(12, bytes(72))), "no IDX file of images (magic 0x801)"),
            (IMAGES, b"\x1f\x8b\x08\x04" + bytes(6) + b"\xff\xff", "damaged"),
            (LABELS, gzip.compress(labels(12, b"\x0a" * 12)), "label 10, but there are 10 classes"),
            (LABELS, gzip.compress(labels(MANY, bytes(12))), "12 images, but train-labels"),
        ],
        kind=lambda name, content, complaint: complaint.strip(digits)[:9],
    ),
)
def test_idx_file_that_lies_is_refused(
    tmp_path: Path, name: str, content: bytes, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = raw(tmp_path, "mnist")
    write_idx(folder, 12)
    (folder / name).write_bytes(content)
    said = refused(tmp_path / "project", "prepare mnist", capsys)
    assert said.startswith("data/raw/mnist/train-")
    assert complaint in said


def test_idx_files_of_no_images_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = raw(tmp_path, "mnist")
    write_idx(folder, 12)
    (folder / IMAGES).write_bytes(gzip.compress(images(0, 2, 3)))
    (folder / LABELS).write_bytes(gzip.compress(labels(0)))
    assert "the train split has no examples" in refused(tmp_path / "project", "prepare mnist", capsys)


@pytest.mark.parametrize(
    "header", sample({"after the end": images(12, 2, 3, bytes(72)), "inside": images(MANY, 2, 3)}, "after the end")
)
def test_idx_bomb_takes_little_memory(tmp_path: Path, header: bytes) -> None:
    folder = raw(tmp_path, "mnist")
    write_idx(folder, 12)
    gzip_bomb(folder / IMAGES, [header], 1024)
    if header == images(MANY, 2, 3):
        (folder / LABELS).write_bytes(gzip.compress(labels(MANY, bytes(MEGABYTE))))
    outcome = measured(tmp_path / "project", "prepare mnist")
    assert (outcome.code, outcome.megabytes < BOUND) == (1, True), outcome


def npy(shape: tuple[int, ...], kind: str = "|u1") -> bytes:
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(100)


@pytest.mark.parametrize(
    "content",
    sample(
        {
            "terabytes": npy((10**12, 8, 8)),
            "negative": npy((-1, 8, 8)),
            "two sides": npy((10, 8)),
            "pickle": npy((1,), "|O"),
            "short": npy((1797, 8, 8)),
            "endless header": b"\x93NUMPY\x01\x00\xff\xff(",
            "bare pickle": b"\x80\x04\x95.",
            "zip": b"PK\x03\x04" + bytes(100),
            "empty": b"",
        },
        "terabytes",
        "two sides",
        "pickle",
    ),
)
def test_array_that_lies_is_refused(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    folder = raw(tmp_path, "digits")
    np.save(folder / "labels.npy", np.zeros(1797, np.int32))
    (folder / "images.npy").write_bytes(content)
    said = refused(tmp_path / "project", "prepare digits", capsys)
    assert said.startswith("data/raw/digits: ")
    assert "run `showreel download digits`" in said


@pytest.mark.parametrize("change", sample(["brighter", "label 10", "label -1"], "label 10"))
def test_digits_of_other_values_are_refused(
    tmp_path: Path, change: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = raw(tmp_path, "digits")
    monkeypatch.chdir(tmp_path / "project")
    assert parser.main(["download", "digits"]) == 0
    path = folder / ("images.npy" if change == "brighter" else "labels.npy")
    values = np.load(path)
    values[5] = 17 if change == "brighter" else int(change.split()[1])
    np.save(path, values)
    paths.record("download", "digits").unlink()
    assert "values that no digits have" in refused(tmp_path / "project", "prepare digits", capsys)


@pytest.mark.parametrize(
    "content",
    sample(
        {
            "400 million pixels": bomb(20_000),
            "121 million pixels": bomb(11_000),
            "another size": plain(size=(3, 3)),
            "text": b"text",
            "zeros": zlib.compress(bytes(100)),
        },
        "another size",
    ),
)
def test_other_photograph_is_refused(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = raw(tmp_path, "photos")
    monkeypatch.chdir(tmp_path / "project")
    assert parser.main(["download", "photos"]) == 0
    (folder / "astronaut.png").write_bytes(content)
    said = refused(tmp_path / "project", "prepare photos", capsys)
    assert said.startswith("data/raw/photos/astronaut.png: ")


@pytest.mark.parametrize("kind", sample(["fifo", "folder", "/dev/zero"], "fifo"))
def test_mirror_that_is_no_file_is_passed_over_at_once(place: Place, kind: str) -> None:
    path = place.folder / "data.bin"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(kind)
    with pytest.raises(ShowreelError, match=r"data\.bin: not a file"):
        place.fetch(mirrors=(str(place.folder),))
    assert place.is_untouched()


@pytest.mark.parametrize(
    "target",
    sample(
        ["http://[", "http://host:port/x", "file:///etc/passwd", "gopher://x/", "\x01"],
        "http://[",
        "file:///etc/passwd",
    ),
)
def test_redirection_that_cannot_be_is_passed_over(place: Place, target: str) -> None:
    url = place.serve("/away", lambda handler: handler.answer(302, b"", header=("Location", target)))
    with pytest.raises(ShowreelError, match=r"data\.bin: no source has it"):
        place.fetch(url)
    assert place.fetch(url, place.serve("/good", sends(BODY))) == BODY


@pytest.mark.parametrize(
    "length",
    sample({"endless": "9" * 5000, "a power": "\xb2", "-5": "-5", "1e9": "1e9", "none": "", "parts": "4 00 000"}, "-5"),
)
def test_length_that_cannot_be_is_no_error_of_ours(place: Place, length: str) -> None:
    def behave(handler: object) -> None:
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.send_header("Content-Length", length)  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        handler.wfile.write(BODY)  # type: ignore[attr-defined]

    place.serve("/odd", behave)
    assert place.fetch(place.url + "/odd", place.serve("/good", sends(BODY))) == BODY


def test_endless_headers_are_passed_over(place: Place) -> None:
    def behave(handler: object) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * (http.client._MAXHEADERS + 1) + b"\r\n")  # type: ignore[attr-defined]

    place.serve("/endless", behave)
    assert place.fetch(place.url + "/endless", place.serve("/good", sends(BODY))) == BODY
