"""What is particular to each data set; what holds of all stands in test_contracts.py."""

import gzip
import io
import shutil
import struct
import tarfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from blocks import arrays
from PIL import Image

from showreel.datasets import cifar10, cifar100, digits, fashion_mnist, mnist, photos
from showreel.datasets.parts import cifar_binary, idx
from showreel.pipeline.provenance import file_digest
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.fields import SPLITS

SHARED = Path(__file__).parents[3] / "shared" / "data"


def classes(module: ModuleType, folder: Path) -> tuple[str, ...]:
    names: tuple[str, ...] = module.fields(folder)["label"].classes
    return names


def real(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"real data is not here: {name}")
    return SHARED / name


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
    train, validation, test = (arrays(mnist.read(tmp_path, split)) for split in SPLITS)
    assert train["image"][:, 1, 2, 0].tolist() == list(range(33))
    assert validation["image"][:, 0, 0, 0].tolist() == [33, 34]
    assert validation["label"].tolist() == [3, 4]
    assert test["image"].shape == (3, 2, 3, 1)
    assert [len(block["image"]) for block in mnist.read(tmp_path, "train")] == [5, 5, 5, 5, 5, 5, 3]


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
        arrays(mnist.read(tmp_path, "test"))
    assert str(tmp_path / idx.NAMES[2]) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_idx_header_that_promises_billions_takes_no_memory(tmp_path: Path) -> None:
    write_idx(tmp_path, 12)
    many = 2**32 - 1
    (tmp_path / idx.NAMES[2]).write_bytes(gzip.compress(struct.pack(">4I", 0x803, many, 2, 3) + bytes(18)))
    (tmp_path / idx.NAMES[3]).write_bytes(gzip.compress(struct.pack(">2I", 0x801, many) + bytes(3)))
    with pytest.raises(ShowreelError, match="shorter than its header says"):
        arrays(mnist.read(tmp_path, "test"))


def test_label_without_a_class_is_refused(tmp_path: Path) -> None:
    write_idx(tmp_path, 12, 2, labels=[9, 10] * 6)
    with pytest.raises(ShowreelError, match="label 10, but there are 10 classes"):
        arrays(mnist.read(tmp_path, "train"))


def test_missing_idx_file_is_told_with_the_command_that_brings_it(tmp_path: Path) -> None:
    with pytest.raises(
        ShowreelError, match=r"train-images-idx3-ubyte.gz: missing; run `showreel download test_missing"
    ):
        arrays(mnist.read(tmp_path, "train"))


def test_real_mnist_begins_with_the_known_digits() -> None:
    test, validation = (arrays(mnist.read(real("mnist"), split)) for split in ("test", "validation"))
    assert test["label"][:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert (test["image"].shape, validation["image"].shape) == ((10_000, 28, 28, 1), (5_000, 28, 28, 1))
    assert test["image"].mean() == pytest.approx(33.79, abs=0.01)


def test_mnist_digests_are_those_of_the_real_files() -> None:
    assert {file.name: file_digest(real("mnist") / file.name) for file in mnist.FILES} == {
        file.name: file.sha256 for file in mnist.FILES
    }


def test_part_of_real_fashion_mnist_reads_in_the_same_way() -> None:
    counts = [len(arrays(fashion_mnist.read(real("fashion_mnist_900"), split))["label"]) for split in SPLITS]
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
    train, validation, test = (arrays(cifar10.read(tmp_path, split)) for split in SPLITS)
    assert train["image"][:, 0, 0, 0].tolist() == train["image"][:, 31, 31, 0].tolist() == list(range(18))
    assert validation["image"][:, 0, 0, 0].tolist() == [18, 19]
    assert validation["label"].tolist() == [8, 9]
    assert (test["image"][0, 5, 9].tolist(), test["label"].tolist()) == ([99, 5, 9], [7])
    assert classes(cifar10, tmp_path)[::9] == ("airplane", "truck")


def cifar100_members() -> dict[str, bytes]:
    """Ten training images and one for tests, of three fine classes and one coarse."""
    members = {
        "train.bin": b"".join(cifar_record(number, bytes([0, number % 3])) for number in range(10)),
        "test.bin": cifar_record(7, bytes([0, 2])),
        "fine_label_names.txt": b"apple\naquarium_fish\nbaby\n",
        "coarse_label_names.txt": b"all\n",
    }
    return {f"cifar-100-binary/{name}": content for name, content in members.items()}


def test_cifar100_takes_the_fine_label(tmp_path: Path) -> None:
    write_tar(tmp_path / "cifar-100-binary.tar.gz", cifar100_members())
    assert arrays(cifar100.read(tmp_path, "train"))["label"].tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2]
    assert arrays(cifar100.read(tmp_path, "test"))["label"].tolist() == [2]
    assert classes(cifar100, tmp_path) == ("apple", "aquarium_fish", "baby")


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
        arrays(cifar10.read(tmp_path, "train"))


def test_cut_or_missing_cifar_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    with pytest.raises(ShowreelError, match="missing; run `showreel download"):
        arrays(cifar10.read(tmp_path, "train"))
    write_tar(path, cifar10_members())
    for content in (path.read_bytes()[:-1000], b"<html>", b""):
        path.write_bytes(content)
        with pytest.raises(ShowreelError, match="damaged"):
            arrays(cifar10.read(tmp_path, "train"))


def test_link_in_the_place_of_a_cifar_batch_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("cifar-10-batches-bin/batches.meta.txt")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    with pytest.raises(ShowreelError, match=r"batches.meta.txt is not a regular file"):
        classes(cifar10, tmp_path)


def test_digits_are_stretched_and_split_in_file_order(tmp_path: Path) -> None:
    digits.gather(tmp_path)
    train, validation, test = (arrays(digits.read(tmp_path, split)) for split in SPLITS)
    assert [len(block["label"]) for block in (train, validation, test)] == [1257, 180, 360]
    assert train["label"][:10].tolist() == list(range(10))
    assert train["image"][0, 0, :, 0].tolist() == [0, 0, 80, 207, 143, 16, 0, 0]
    assert (train["image"].min(), train["image"].max()) == (0, 255)


def test_missing_digits_are_told(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match="no digits"):
        arrays(digits.read(tmp_path, "train"))


def test_photos_of_the_splits_are_different_photographs(tmp_path: Path) -> None:
    photos.gather(tmp_path)
    train, validation, test = (arrays(photos.read(tmp_path, split)) for split in SPLITS)
    assert [len(block["label"]) for block in (train, validation, test)] == [4086, 134, 766]
    names = classes(photos, tmp_path)
    seen = [{names[label] for label in block["label"]} for block in (train, validation, test)]
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
    test = arrays(photos.read(tmp_path, "test"))
    chelsea = test["label"] == classes(photos, tmp_path).index("chelsea")
    patches = [image.tobytes() for image in test["image"][chelsea]]
    assert len(patches) == len(set(patches)) == 124
    assert set(patches) == textured


def test_patches_of_photos_have_the_size_that_was_asked_for(tmp_path: Path) -> None:
    photos.gather(tmp_path, patch=48)
    assert arrays(photos.read(tmp_path, "validation", patch=48))["image"].shape[1:] == (48, 48, 3)
    with pytest.raises(ParamsError, match="patch is 4; it must lie between 8 and 128"):
        arrays(photos.read(tmp_path, "train", patch=4))


def test_damaged_or_missing_photograph_is_told(tmp_path: Path) -> None:
    photos.gather(tmp_path)
    whole = (tmp_path / "rocket.jpg").read_bytes()
    (tmp_path / "rocket.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ShowreelError, match=r"rocket.jpg: cannot be read"):
        arrays(photos.read(tmp_path, "validation"))
    shutil.rmtree(tmp_path)
    with pytest.raises(ShowreelError, match=r"rocket.jpg: cannot be read"):
        arrays(photos.read(tmp_path, "validation"))
