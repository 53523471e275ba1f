"""Contracts of every file of datasets/, then what is particular to each data set."""

import gzip
import inspect
import io
import re
import shutil
import struct
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from showreel.datasets import cifar10, cifar100, digits, fashion_mnist, mnist, photos
from showreel.datasets.parts import cifar_binary, idx
from showreel.params import registry
from showreel.pipeline.provenance import file_digest
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.fields import SPLITS, Block

SHARED = Path(__file__).parents[3] / "shared" / "data"
EVERY = [pytest.param(registry.module("datasets", name), id=name) for name in registry.names("datasets")]


def options(function: Any) -> list[inspect.Parameter]:
    parameters = inspect.signature(function).parameters.values()
    return [parameter for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]


def needs_no_more(module: ModuleType) -> bool:
    return not module.FILES and all(option.default is not option.empty for option in options(module.read))


PACKAGED = [parameter for parameter in EVERY if needs_no_more(parameter.values[0])]  # type: ignore[arg-type]


def joined(blocks: Iterator[Block]) -> Block:
    images, labels = zip(*blocks, strict=True)
    return Block(np.concatenate(images), np.concatenate(labels))


def real(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"real data is not here: {name}")
    return SHARED / name


@pytest.mark.parametrize("module", EVERY)
def test_source_licence_and_citation_are_told(module: ModuleType) -> None:
    for word in ("ource", "icence", "itation"):
        assert word in (module.__doc__ or "")


@pytest.mark.parametrize("module", EVERY)
def test_files_are_verified_and_their_addresses_end_in_their_names(module: ModuleType) -> None:
    assert bool(module.FILES) != hasattr(module, "gather")
    for file in module.FILES:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert len(file.urls) >= 2
        assert all(re.fullmatch(rf"https?://\S+/{re.escape(file.name)}", url) for url in file.urls)
    assert len({file.sha256 for file in module.FILES}) == len({file.name for file in module.FILES}) == len(module.FILES)


@pytest.mark.parametrize("module", EVERY)
def test_all_functions_take_the_same_typed_options(module: ModuleType) -> None:
    assert all(option.annotation is not option.empty for option in options(module.read))
    assert options(module.classes) == options(module.read)
    assert options(getattr(module, "gather", module.read)) == options(module.read)


@pytest.mark.parametrize("module", PACKAGED)
def test_packaged_data_reads_as_promised(module: ModuleType, tmp_path: Path) -> None:
    module.gather(tmp_path)
    shapes = set()
    for split in SPLITS:
        blocks = list(module.read(tmp_path, split))
        again = joined(module.read(tmp_path, split))
        for block in blocks:
            assert (block.images.dtype, block.labels.dtype) == (np.uint8, np.int32)
            assert len(block.images) == len(block.labels) > 0
            assert 0 <= block.labels.min() <= block.labels.max() < len(module.classes(tmp_path))
            shapes.add(block.images.shape[1:])
        assert np.array_equal(joined(iter(blocks)).images, again.images)
        assert np.array_equal(joined(iter(blocks)).labels, again.labels)
    assert len(shapes) == 1
    assert shapes.pop()[2] in (1, 3)


@pytest.mark.parametrize("module", PACKAGED)
def test_packaged_data_is_gathered_to_the_same_bytes(module: ModuleType, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        module.gather(tmp_path / name)
    first, second = (
        {path.name: file_digest(path) for path in (tmp_path / name).iterdir()} for name in ("first", "second")
    )
    assert first == second


def write_idx(folder: Path, count: int, test_count: int = 3, labels: Sequence[int] | None = None) -> None:
    """Write the four files; image number n is 2×3 pixels of value n, its label n modulo 10."""
    for names, size in ((idx.NAMES[:2], count), (idx.NAMES[2:], test_count)):
        pixels = np.repeat(np.arange(size, dtype=np.uint8), 6).tobytes()
        numbers = bytes(labels or [number % 10 for number in range(size)])
        (folder / names[0]).write_bytes(gzip.compress(struct.pack(">4I", 0x803, size, 2, 3) + pixels))
        (folder / names[1]).write_bytes(gzip.compress(struct.pack(">2I", 0x801, size) + numbers))


def test_last_twelfth_of_idx_training_images_is_validation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idx, "BLOCK_BYTES", 6 * 5)
    write_idx(tmp_path, 35)
    train, validation, test = (joined(mnist.read(tmp_path, split)) for split in SPLITS)
    assert train.images[:, 1, 2, 0].tolist() == list(range(33))
    assert validation.images[:, 0, 0, 0].tolist() == [33, 34]
    assert validation.labels.tolist() == [3, 4]
    assert test.images.shape == (3, 2, 3, 1)
    assert [len(block.images) for block in mnist.read(tmp_path, "train")] == [5, 5, 5, 5, 5, 5, 3]


HEADER = struct.pack(">4I", 0x803, 3, 2, 3)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (gzip.compress(HEADER + bytes(17)), "shorter than its header says"),
        (gzip.compress(HEADER + bytes(19)), "goes on after the 3 entries"),
        (gzip.compress(HEADER[:10]), "shorter than its header says"),
        (gzip.compress(struct.pack(">4I", 0x801, 3, 2, 3) + bytes(18)), "no IDX file of images"),
        (gzip.compress(struct.pack(">4I", 0x803, 2, 2, 3) + bytes(12)), "2 images, but t10k-labels.* has 3 labels"),
        (gzip.compress(struct.pack(">4I", 0x803, 3, 2**32 - 1, 2**32 - 1)), "4294967295×4294967295 pixels"),
        (gzip.compress(struct.pack(">4I", 0x803, 3, 0, 3)), "images of 0×3 pixels"),
        (gzip.compress(HEADER + bytes(18))[:-9], "damaged"),
        (gzip.compress(HEADER + bytes(18))[:-8] + bytes(8), "damaged"),
        (b"<html>", "damaged"),
        (b"", "shorter than its header says"),
    ],
    ids=range(11),
)
def test_damaged_idx_file_is_refused_in_one_line(tmp_path: Path, content: bytes, complaint: str) -> None:
    write_idx(tmp_path, 12)
    (tmp_path / idx.NAMES[2]).write_bytes(content)
    with pytest.raises(ShowreelError, match=complaint) as caught:
        joined(mnist.read(tmp_path, "test"))
    assert str(tmp_path / idx.NAMES[2]) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_idx_header_that_promises_billions_takes_no_memory(tmp_path: Path) -> None:
    write_idx(tmp_path, 12)
    many = 2**32 - 1
    (tmp_path / idx.NAMES[2]).write_bytes(gzip.compress(struct.pack(">4I", 0x803, many, 2, 3) + bytes(18)))
    (tmp_path / idx.NAMES[3]).write_bytes(gzip.compress(struct.pack(">2I", 0x801, many) + bytes(3)))
    with pytest.raises(ShowreelError, match="shorter than its header says"):
        joined(mnist.read(tmp_path, "test"))


def test_label_without_a_class_is_refused(tmp_path: Path) -> None:
    write_idx(tmp_path, 12, 2, labels=[9, 10] * 6)
    with pytest.raises(ShowreelError, match="label 10, but there are 10 classes"):
        joined(mnist.read(tmp_path, "train"))


def test_missing_idx_file_is_told_with_the_command_that_brings_it(tmp_path: Path) -> None:
    with pytest.raises(
        ShowreelError, match=r"train-images-idx3-ubyte.gz: missing; run `showreel download test_missing"
    ):
        joined(mnist.read(tmp_path, "train"))


def test_real_mnist_begins_with_the_known_digits() -> None:
    test, validation = (joined(mnist.read(real("mnist"), split)) for split in ("test", "validation"))
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert (test.images.shape, validation.images.shape) == ((10_000, 28, 28, 1), (5_000, 28, 28, 1))
    assert test.images.mean() == pytest.approx(33.79, abs=0.01)


def test_mnist_digests_are_those_of_the_real_files() -> None:
    assert {file.name: file_digest(real("mnist") / file.name) for file in mnist.FILES} == {
        file.name: file.sha256 for file in mnist.FILES
    }


def test_part_of_real_fashion_mnist_reads_in_the_same_way() -> None:
    counts = [len(joined(fashion_mnist.read(real("fashion_mnist_900"), split)).labels) for split in SPLITS]
    assert counts == [550, 50, 300]


def cifar_record(number: int, label: bytes) -> bytes:
    """Red is the number everywhere, green the row, blue the column."""
    rows, columns = np.indices((32, 32), np.uint8)
    return label + np.stack([np.full_like(rows, number), rows, columns]).tobytes()


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def cifar10_members() -> dict[str, bytes]:
    """Five batches of four, in the unsorted order of the official archive."""
    batches = {
        f"data_batch_{batch}.bin": b"".join(cifar_record(n, bytes([n % 10])) for n in range(4 * batch - 4, 4 * batch))
        for batch in (1, 3, 4, 5, 2)
    }
    names = "airplane automobile bird cat deer dog frog horse ship truck".replace(" ", "\n") + "\n\n"
    others = {"batches.meta.txt": names.encode(), "test_batch.bin": cifar_record(99, b"\x07"), "readme.html": b"x"}
    return {f"cifar-10-batches-bin/{name}": content for name, content in (others | batches).items()}


def test_cifar10_batches_come_in_order_and_end_in_validation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar_binary, "BLOCK_IMAGES", 3)
    write_tar(tmp_path / "cifar-10-binary.tar.gz", cifar10_members())
    train, validation, test = (joined(cifar10.read(tmp_path, split)) for split in SPLITS)
    assert train.images[:, 0, 0, 0].tolist() == train.images[:, 31, 31, 0].tolist() == list(range(18))
    assert validation.images[:, 0, 0, 0].tolist() == [18, 19]
    assert validation.labels.tolist() == [8, 9]
    assert (test.images[0, 5, 9].tolist(), test.labels.tolist()) == ([99, 5, 9], [7])
    assert cifar10.classes(tmp_path)[::9] == ("airplane", "truck")


def test_cifar100_takes_the_fine_label(tmp_path: Path) -> None:
    members = {
        "train.bin": b"".join(cifar_record(number, bytes([0, number % 3])) for number in range(10)),
        "test.bin": cifar_record(7, bytes([0, 2])),
        "fine_label_names.txt": b"apple\naquarium_fish\nbaby\n",
        "coarse_label_names.txt": b"all\n",
    }
    write_tar(tmp_path / "cifar-100-binary.tar.gz", {f"cifar-100-binary/{name}": members[name] for name in members})
    assert joined(cifar100.read(tmp_path, "train")).labels.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2]
    assert joined(cifar100.read(tmp_path, "test")).labels.tolist() == [2]
    assert cifar100.classes(tmp_path) == ("apple", "aquarium_fish", "baby")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"data_batch_4.bin": None}, "has no cifar-10-batches-bin/data_batch_4.bin"),
        ({"batches.meta.txt": None}, "has no cifar-10-batches-bin/batches.meta.txt"),
        ({"data_batch_2.bin": bytes(4000)}, "data_batch_2.bin has 4000 bytes, which are no whole records"),
        ({"data_batch_2.bin": b""}, "data_batch_2.bin has 0 bytes"),
        ({"data_batch_3.bin": cifar_record(0, b"\x0a")}, "label 10, above 9"),
    ],
)
def test_other_archive_than_cifar_is_refused(tmp_path: Path, change: dict[str, bytes | None], complaint: str) -> None:
    members = cifar10_members() | {f"cifar-10-batches-bin/{name}": content for name, content in change.items()}
    path = tmp_path / "cifar-10-binary.tar.gz"
    write_tar(path, {name: content for name, content in members.items() if content is not None})
    with pytest.raises(ShowreelError, match=complaint):
        joined(cifar10.read(tmp_path, "train"))


def test_cut_or_missing_cifar_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    with pytest.raises(ShowreelError, match="missing; run `showreel download"):
        joined(cifar10.read(tmp_path, "train"))
    write_tar(path, cifar10_members())
    for content in (path.read_bytes()[:-1000], b"<html>", b""):
        path.write_bytes(content)
        with pytest.raises(ShowreelError, match="damaged"):
            joined(cifar10.read(tmp_path, "train"))


def test_link_in_the_place_of_a_cifar_batch_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("cifar-10-batches-bin/batches.meta.txt")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    with pytest.raises(ShowreelError, match=r"batches.meta.txt is not a regular file"):
        cifar10.classes(tmp_path)


def test_digits_are_stretched_and_split_in_file_order(tmp_path: Path) -> None:
    digits.gather(tmp_path)
    train, validation, test = (joined(digits.read(tmp_path, split)) for split in SPLITS)
    assert [len(block.labels) for block in (train, validation, test)] == [1257, 180, 360]
    assert train.labels[:10].tolist() == list(range(10))
    assert train.images[0, 0, :, 0].tolist() == [0, 0, 80, 207, 143, 16, 0, 0]
    assert (train.images.min(), train.images.max()) == (0, 255)


def test_missing_digits_are_told(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match="no digits"):
        joined(digits.read(tmp_path, "train"))


def test_photos_of_the_splits_are_different_photographs(tmp_path: Path) -> None:
    photos.gather(tmp_path)
    train, validation, test = (joined(photos.read(tmp_path, split)) for split in SPLITS)
    assert [len(block.labels) for block in (train, validation, test)] == [4086, 134, 766]
    seen = [{photos.classes(tmp_path)[label] for label in block.labels} for block in (train, validation, test)]
    assert seen == [
        {"astronaut", "motorcycle_left", "motorcycle_right", "retina"},
        {"rocket"},
        {"chelsea", "coffee", "hubble_deep_field", "ihc"},
    ]


def test_test_patches_lie_on_a_grid_without_overlap(tmp_path: Path) -> None:
    photos.gather(tmp_path)
    with Image.open(tmp_path / "chelsea.png") as image:
        pixels = np.asarray(image)
    tiles = [pixels[y : y + 32, x : x + 32] for y in range(0, 300 - 31, 32) for x in range(0, 451 - 31, 32)]
    textured = {tile.tobytes() for tile in tiles if np.mean(np.std(tile, axis=(0, 1))) >= 6}
    test = joined(photos.read(tmp_path, "test"))
    found = [image.tobytes() for image in test.images[test.labels == photos.classes(tmp_path).index("chelsea")]]
    assert len(found) == len(set(found)) == 124
    assert set(found) == textured


def test_patches_of_photos_have_the_size_that_was_asked_for(tmp_path: Path) -> None:
    photos.gather(tmp_path, patch=48)
    assert joined(photos.read(tmp_path, "validation", patch=48)).images.shape[1:] == (48, 48, 3)
    with pytest.raises(ParamsError, match="patch is 4; it must lie between 8 and 128"):
        joined(photos.read(tmp_path, "train", patch=4))


def test_damaged_or_missing_photograph_is_told(tmp_path: Path) -> None:
    photos.gather(tmp_path)
    whole = (tmp_path / "rocket.jpg").read_bytes()
    (tmp_path / "rocket.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ShowreelError, match=r"rocket.jpg: cannot be read"):
        joined(photos.read(tmp_path, "validation"))
    shutil.rmtree(tmp_path)
    with pytest.raises(ShowreelError, match=r"rocket.jpg: cannot be read"):
        joined(photos.read(tmp_path, "validation"))
