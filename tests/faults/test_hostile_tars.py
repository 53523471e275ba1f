"""Tars of strangers, as somebody's images and as CIFAR's archive: links, devices, bombs, lying headers."""

import bz2
import gzip
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import BOUND, MEGABYTE, files, gzip_bomb, measured, project, refused
from matrices import one_of_each, paired, sample
from test_datasets import cifar10_members
from test_datasets import write_tar as write_cifar
from test_folder import three_splits, write_tar

from showreel.cli import parser
from showreel.datasets import cifar10
from showreel.storage.errors import ShowreelError

pytestmark = pytest.mark.slow

END = bytes(1024)


def header(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> bytes:
    entry = tarfile.TarInfo(name)
    entry.type, entry.size, entry.linkname = kind, size, link
    return entry.tobuf(tarfile.GNU_FORMAT)


def sparse(name: str, size: int) -> bytes:
    """A header of GNU's sparse format that claims a size without holding a byte."""
    block = bytearray(header(name, tarfile.GNUTYPE_SPARSE))
    block[386:410] = b"%011o\0" % 0 * 2
    block[483:495] = b"%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def long_name(length: int) -> bytes:
    name = b"a" * length + b".png\0"
    return header("././@LongLink", tarfile.GNUTYPE_LONGNAME, len(name)) + name + bytes(-len(name) % 512)


def without_end(tar: bytes) -> bytes:
    """The blocks of a tar that others may follow."""
    blocks = tar.rstrip(b"\0")
    return blocks + bytes(-len(blocks) % 512)


def joined(folder: Path, blocks: bytes) -> Path:
    """Write a good tar that goes on with some blocks."""
    source = folder / "a.tar"
    source.write_bytes(without_end(write_tar(source, three_splits(), "w").read_bytes()) + blocks + END)
    return source


@pytest.mark.parametrize(
    "member",
    sample(
        {
            "symbolic link": header("test/x.png", tarfile.SYMTYPE, link="/etc/passwd"),
            "hard link": header("test/x.png", tarfile.LNKTYPE, link="../../../../etc/passwd"),
            "device": header("test/x.png", tarfile.CHRTYPE),
            "disk": header("test/x.png", tarfile.BLKTYPE),
            "fifo": header("test/x.png", tarfile.FIFOTYPE),
            "sparse file": sparse("test/x.png", 1 << 28),
            "long name": long_name(5000) + header("test/x.png"),
            "escape sequence": header("test/\x1b[31mx.png"),
        },
        "symbolic link",
        "device",
        "escape sequence",
    ),
)
def test_member_that_is_no_plain_file_is_left_out_and_told(
    tmp_path: Path, member: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path, joined(tmp_path, member))
    before = files(tmp_path)
    monkeypatch.chdir(folder)
    assert [parser.main(command.split()) for command in ("download mine", "prepare mine")] == [0, 0]
    assert "skipped 1 in all" in caplog.text
    assert caplog.text.replace("\n", "").isprintable()
    new = {path.relative_to(folder).as_posix() for path in files(tmp_path).keys() - before.keys()}
    assert new == {"data/raw/mine/images.zip", "data/prepared/mine.h5"}


@pytest.mark.parametrize("name", sample(["../up.png", "/abs/x.png", "train/../../x.png"], "train/../../x.png"))
def test_member_that_leads_out_of_the_archive_is_written_nowhere(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_tar(tmp_path / "a.tar.gz", three_splits() | {name: three_splits()["train/a.png"]})
    monkeypatch.chdir(project(tmp_path, source))
    assert parser.main(["download", "mine"]) == 0
    assert sorted(path.name for path in files(tmp_path)) == ["a.tar.gz", "images.zip", "params.yaml"]


@pytest.mark.parametrize(
    ("blocks", "complaint"),
    one_of_each(
        [
            (header("x", tarfile.XHDTYPE, 1 << 30), "65,536 bytes of headers for one member"),
            (long_name(70_000) + header("x.png"), "65,536 bytes of headers for one member"),
            (header("x", tarfile.XHDTYPE) * 500 + header("x.png"), "65,536 bytes of headers for one member"),
            (header("x.png", size=-512), "-512 bytes in a member"),
            (header("x.txt", size=1 << 40), "unexpected end of data"),
            (header("x.txt", size=1 << 80), "cannot fit 'int' into an offset-sized integer"),
            (b"garbage." * 64, "a damaged header"),
        ],
        kind=lambda blocks, complaint: complaint,
    ),
    ids=[
        "endless header",
        "endless name",
        "chain of headers",
        "negative size",
        "size of a terabyte",
        "size beyond all files",
        "garbage",
    ],
)
def test_header_that_lies_is_refused(
    tmp_path: Path, blocks: bytes, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(project(tmp_path, joined(tmp_path, blocks)), "download mine", capsys)
    assert "a.tar: damaged tar (" in said
    assert complaint in said


@pytest.mark.parametrize(("kind", "kept"), paired(["", "gz", "bz2", "xz"], ["0.3", "0.6", "0.9"]))
def test_tar_that_was_cut_off_is_refused(
    tmp_path: Path, kept: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = {f"train/{number}.png": os.urandom(3000) for number in range(9)}
    source = write_tar(tmp_path / "a.tar", three_splits() | noise, f"w:{kind}")
    content = source.read_bytes().rstrip(b"\0")
    source.write_bytes(content[: int(float(kept) * len(content))])
    said = refused(project(tmp_path, source), "download mine", capsys)
    assert "a.tar: damaged tar" in said or "a.tar: neither a folder nor a zip or tar (" in said


BOMBS: dict[str, Callable[[Path], Path]] = {
    "long name": lambda path: gzip_bomb(path, [header("a", tarfile.GNUTYPE_LONGNAME, 1 << 30)], 1024),
    "extended header": lambda path: gzip_bomb(path, [header("a", tarfile.XHDTYPE, 1 << 30)], 1024),
    "one member": lambda path: gzip_bomb(path, [header("a.bin", size=1 << 30)], 1025),
    "100,000 members": lambda path: gzip_bomb(path, (header(f"{number}.txt") for number in range(100_000)), 1),
}


@pytest.mark.parametrize("bomb", sample(BOMBS, "extended header"))
@pytest.mark.parametrize("dataset", ["mine", "cifar10"])
def test_gzip_bomb_takes_little_memory(tmp_path: Path, bomb: Callable[[Path], Path], dataset: str) -> None:
    source = bomb(tmp_path / cifar10.VERSION.archive)
    folder = project(tmp_path, source)
    if dataset == "cifar10":
        (folder / "data/raw/cifar10").mkdir(parents=True)
        source = source.rename(folder / "data/raw/cifar10" / source.name)
    outcome = measured(folder, "download mine" if dataset == "mine" else "prepare cifar10")
    assert outcome.code == 1
    assert "cifar-10-binary.tar.gz: " in outcome.said
    assert outcome.megabytes < BOUND


@pytest.mark.parametrize("kind", sample(["bz2", "xz"], "xz"))
def test_other_bombs_take_little_memory(tmp_path: Path, kind: str) -> None:
    with bz2.open(tmp_path / "a", "w") if kind == "bz2" else lzma.open(tmp_path / "a", "w", preset=0) as file:
        file.write(header("a.bin", size=256 * MEGABYTE))
        for _ in range(256):
            file.write(bytes(MEGABYTE))
        file.write(END)
    outcome = measured(project(tmp_path, tmp_path / "a"), "download mine")
    assert (outcome.code, "no image for the" in outcome.said) == (1, True)
    assert outcome.megabytes < BOUND


def test_xz_that_asks_for_gigabytes_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 29}]
    source = joined(tmp_path, b"")
    source.write_bytes(lzma.compress(source.read_bytes(), filters=filters))
    assert "Memory usage limit" in refused(project(tmp_path, source), "download mine", capsys)


def cifar(folder: Path, members: dict[str, bytes]) -> Path:
    """Make a project with an archive of CIFAR-10 that somebody put there."""
    made = project(folder)
    (made / "data/raw/cifar10").mkdir(parents=True)
    write_cifar(made / "data/raw/cifar10" / cifar10.VERSION.archive, members)
    return made


@pytest.mark.parametrize(
    "member",
    sample(
        {
            "symbolic link": header("cifar-10-batches-bin/test_batch.bin", tarfile.SYMTYPE, link="/etc/passwd"),
            "hard link": header("cifar-10-batches-bin/test_batch.bin", tarfile.LNKTYPE, link="/etc/passwd"),
            "device": header("cifar-10-batches-bin/test_batch.bin", tarfile.CHRTYPE),
            "sparse file of terabytes": sparse("cifar-10-batches-bin/test_batch.bin", 3073 << 30),
        },
        "hard link",
        "sparse file of terabytes",
    ),
)
def test_cifar_batch_that_is_no_plain_file_is_refused(
    tmp_path: Path, member: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cifar(tmp_path, {name: data for name, data in cifar10_members().items() if "test_batch" not in name})
    path = folder / "data/raw/cifar10" / cifar10.VERSION.archive
    path.write_bytes(gzip.compress(without_end(gzip.decompress(path.read_bytes())) + member + END))
    assert "test_batch.bin is not a regular file" in refused(folder, "prepare cifar10", capsys)


@pytest.mark.parametrize(
    "names",
    sample(
        {
            "none": b"",
            "blank": b"\n\n",
            "escape sequence": b"cat\x1b[31m\ndog\n",
            "not ASCII": b"\xff\xfe\ndog\n",
            "NUL": b"a\0b\n",
            "300 names": b"n\n" * 300,
        },
        "escape sequence",
        "300 names",
    ),
)
def test_odd_class_names_are_refused(tmp_path: Path, names: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    folder = cifar(tmp_path, cifar10_members() | {"cifar-10-batches-bin/batches.meta.txt": names})
    said = refused(folder, "prepare cifar10", capsys)
    assert "cifar-10-binary.tar.gz: cifar-10-batches-bin/batches.meta.txt is no list of ASCII names of classes" in said


def test_cifar_with_a_negative_size_does_not_run_for_ever(tmp_path: Path) -> None:
    blocks = header("a", size=0) + header("b", size=-512) + END
    (tmp_path / cifar10.VERSION.archive).write_bytes(gzip.compress(blocks))
    with pytest.raises(ShowreelError, match=r"damaged \(-512 bytes in a member\)"):
        cifar10.fields(tmp_path)
