"""People's own images: every container, layout, kind of picture and damage."""

import io
import logging
import os
import random
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blocks import arrays, same
from numpy.typing import NDArray
from PIL import Image

from showreel.datasets import folder
from showreel.datasets.parts import packing
from showreel.datasets.parts.arrangement import Picture, arrange, is_picture
from showreel.pipeline.provenance import file_digest
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.fields import SPLITS, Split

SHARED = Path(__file__).parents[3] / "shared" / "data"
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(colour: tuple[int, int, int] = RED, size: tuple[int, int] = (8, 8)) -> bytes:
    return encoded(Image.new("RGB", size, colour))


def three_splits(test: bytes | None = None, **others: bytes) -> dict[str, bytes]:
    return {"train/a.png": plain(), "validation/b.png": plain(), "test/c.png": test or plain()} | others


def write_folder(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: Mapping[str, bytes], mode: Any = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def gathered(raw: Path, path: Path, **options: Any) -> dict[str, Any]:
    raw.mkdir(exist_ok=True)
    complete: dict[str, Any] = {"path": str(path), "size": 8} | options
    folder.gather(raw, **complete)
    return complete


def read(raw: Path, split: Split, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    return arrays(folder.read(raw, split, **options))


def classes(raw: Path, options: Mapping[str, Any]) -> tuple[str, ...]:
    return folder.fields(raw, **options)["label"].classes


def first_test_image(tmp_path: Path, picture: bytes, **options: Any) -> NDArray[np.uint8]:
    complete = gathered(tmp_path / "raw", write_folder(tmp_path / "mine", three_splits(picture)), **options)
    image: NDArray[np.uint8] = read(tmp_path / "raw", "test", complete)["image"][0]
    return image


def places(*names: str) -> dict[str, tuple[str, str]]:
    return {picture.name: (picture.split, picture.category) for picture in arrange(names)[0]}


def test_split_folders_and_classes_are_recognised_in_any_case_and_below_a_wrapper() -> None:
    assert places("Pets/Train/cat/1.png", "Pets/TEST/dog/2.png", "Pets/val/cat/old/3.png", "Pets/train/4.png") == {
        "Pets/Train/cat/1.png": ("train", "cat"),
        "Pets/TEST/dog/2.png": ("test", "dog"),
        "Pets/val/cat/old/3.png": ("validation", "cat"),
        "Pets/train/4.png": ("train", "images"),
    }


@pytest.mark.parametrize(
    ("names", "categories"),
    [
        (["a.png", "b.png"], {"images"}),
        (["cat/a.png", "dog/b.png"], {"cat", "dog"}),
        (["cat/a.png", "cat/b.png"], {"cat"}),
        (["pets/cat/a.png", "pets/cat/b.png"], {"cat"}),
        (["./pets/cat/a.png", "./pets/dog/b.png"], {"cat", "dog"}),
        (["pets\\cat\\a.png", "pets\\dog\\b.png"], {"cat", "dog"}),
        (["pets/a.png", "pets/dog/b.png"], {"pets"}),
    ],
)
def test_class_is_the_first_folder_below_the_wrappers(names: list[str], categories: set[str]) -> None:
    assert {picture.category for picture in arrange(names)[0]} == categories


def test_without_split_folders_a_tenth_each_is_drawn_and_stays_when_pictures_are_added() -> None:
    few, many = (places(*(f"{number}.png" for number in range(count))) for count in (1000, 2000))
    counts = [sum(split == wanted for split, _ in few.values()) for wanted in SPLITS]
    assert sum(counts) == 1000
    assert 770 < counts[0] < 830
    assert 70 < counts[1] < 130
    assert all(many[name] == place for name, place in few.items())


def test_only_missing_splits_are_drawn_and_only_from_training_pictures() -> None:
    names = [f"{split}/{number}.png" for split in ("train", "test") for number in range(200)]
    belongs = places(*names)
    assert {belongs[name][0] for name in names[:200]} == {"train", "validation"}
    assert {belongs[name][0] for name in names[200:]} == {"test"}


def test_pictures_beside_the_split_folders_are_left_out_and_told() -> None:
    pictures, outside = arrange(["train/a.png", "test/b.png", "preview.png", "extra/c.png"])
    assert outside == ["extra/c.png", "preview.png"]
    assert len(pictures) == 2


def test_test_folder_without_a_train_folder_is_refused() -> None:
    with pytest.raises(ShowreelError, match=r"there is a folder test/ but no train/"):
        arrange(["test/a.png", "other/b.png"])


def test_classes_are_mixed() -> None:
    pictures: list[Picture] = arrange([f"train/{label}/{n}.png" for label in "ab" for n in range(50)])[0]
    assert 5 < [picture.category for picture in pictures[:20]].count("a") < 15


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("a.PNG", True),
        ("b/c.jpeg", True),
        ("d.tiff", True),
        ("e.webp", True),
        ("f.gif", False),
        ("png", False),
        (".hidden/a.png", False),
        ("._a.png", False),
        ("__MACOSX/a.png", False),
    ],
)
def test_pictures_are_known_by_their_names(name: str, is_one: bool) -> None:
    assert is_picture(name) is is_one


def test_folder_zip_and_tars_give_the_same_images(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = [rng.integers(0, 256, (8, 8, 3), np.uint8) for _ in range(12)]
    names = [f"{split}/{label}/{n}.png" for split in ("train", "val", "test") for label in ("x", "y") for n in (1, 2)]
    files = {name: encoded(Image.fromarray(pixels)) for name, pixels in zip(names, noise, strict=True)}
    sources = [
        write_folder(tmp_path / "folder", files),
        write_zip(tmp_path / "a.zip", files),
        *(write_tar(tmp_path / f"a.tar.{kind}", files, f"w:{kind}") for kind in ("", "gz", "xz")),
    ]
    every = []
    for number, source in enumerate(sources):
        raw = tmp_path / str(number)
        options = gathered(raw, source)
        assert [path.name for path in raw.iterdir()] == ["images.zip"]
        assert classes(raw, options) == ("x", "y")
        every.append([read(raw, split, options) for split in SPLITS])
    for splits in every:
        assert all(map(same, splits, every[0]))
    assert {image.tobytes() for block in every[0] for image in block["image"]} == {pixels.tobytes() for pixels in noise}


def test_snapshot_of_a_folder_is_the_same_bytes_whatever_the_dates(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "mine", three_splits())
    gathered(tmp_path / "first", source)
    os.utime(source / "test" / "c.png", (1e9, 1e9))
    gathered(tmp_path / "second", source)
    assert file_digest(tmp_path / "first" / "images.zip") == file_digest(tmp_path / "second" / "images.zip")
    with zipfile.ZipFile(tmp_path / "first" / "images.zip") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_zip_is_copied_as_it_is(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "a.zip", three_splits() | {"notes.txt": b"hello"})
    gathered(tmp_path / "raw", source)
    assert file_digest(tmp_path / "raw" / "images.zip") == file_digest(source)


def test_crop_takes_the_largest_centred_square(tmp_path: Path) -> None:
    pixels = np.zeros((16, 48, 3), np.uint8)
    pixels[:, :16], pixels[:, 16:32], pixels[:, 32:] = RED, GREEN, BLUE
    image = first_test_image(tmp_path, encoded(Image.fromarray(pixels)))
    assert image.shape == (8, 8, 3)
    assert np.unique(image[:, 3:5].reshape(-1, 3), axis=0).tolist() == [list(GREEN)]
    assert image[:, :, 1].min() > 230  # the filter reaches a little beyond the crop


def test_tile_cuts_from_the_top_left_corner_and_drops_the_rest(tmp_path: Path) -> None:
    pixels = np.arange(20 * 19, dtype=np.uint16).reshape(20, 19).astype(np.uint8)
    picture = encoded(Image.fromarray(pixels))
    options = gathered(
        tmp_path / "raw", write_folder(tmp_path / "mine", three_splits(picture)), fit="tile", mode="grey"
    )
    images = read(tmp_path / "raw", "test", options)["image"]
    assert images.shape == (4, 8, 8, 1)
    assert [image[0, 0, 0] for image in images] == [pixels[0, 0], pixels[0, 8], pixels[8, 0], pixels[8, 8]]
    assert np.array_equal(images[3, :, :, 0], pixels[8:16, 8:16])


def test_refuse_names_the_file_and_both_sizes(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"test/c.png: 9×8 pixels, not 8×8; set `fit` to crop or tile"):
        first_test_image(tmp_path, plain(size=(9, 8)), fit="refuse")


def test_picture_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, :4] = RED
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90° clockwise, left becomes top
    image = first_test_image(tmp_path, encoded(Image.fromarray(pixels), exif=exif))
    assert image[0, 7].tolist() == image[0, 0].tolist() == list(RED)
    assert image[7, 0].tolist() == [0, 0, 0]


def test_transparency_is_laid_over_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    image.putpixel((0, 0), (255, 0, 0, 255))
    opaque = first_test_image(tmp_path, encoded(image))
    assert opaque[0, 0].tolist() == [255, 0, 0]
    assert opaque[5, 5].tolist() == [255, 255, 255]


def test_upper_half_of_16_bits_counts(tmp_path: Path) -> None:
    pixels = np.full((8, 8), 0x8034, np.uint16)
    pixels[0, 0] = 0xFFFF
    image = first_test_image(tmp_path, encoded(Image.fromarray(pixels)), mode="grey")
    assert (image[0, 0, 0], image[1, 1, 0]) == (255, 0x80)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("L", "PNG"), ("1", "PNG"), ("P", "PNG"), ("CMYK", "JPEG"), ("LA", "PNG"), ("RGB", "WEBP"), ("L", "TIFF")],
)
def test_white_of_every_colour_mode_is_white(tmp_path: Path, mode: str, kind: str) -> None:
    image = Image.new("RGB", (8, 8), "white").convert(mode)
    options = {"lossless": True} if kind == "WEBP" else {}
    assert first_test_image(tmp_path, encoded(image, kind, **options)).tolist() == [[[255, 255, 255]] * 8] * 8


def test_grey_is_the_luma_of_the_colours(tmp_path: Path) -> None:
    image = first_test_image(tmp_path, plain(GREEN), mode="grey")
    assert image.shape == (8, 8, 1)
    assert set(image.ravel().tolist()) == {150}  # 0.587 × 255


def bomb(side: int) -> bytes:
    """A PNG that claims to be larger than its content."""
    whole = bytearray(plain())
    whole[16:24] = side.to_bytes(4, "big") * 2
    whole[29:33] = zlib.crc32(whole[12:29]).to_bytes(4, "big")
    return bytes(whole)


def test_unusable_files_are_skipped_and_listed_with_the_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    noise = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)))
    damaged = {
        "test/text.png": b"this is text",
        "test/empty.jpg": b"",
        "test/cut.png": noise[:5000],
        "test/bomb.png": bomb(10_000),
        "test/larger_bomb.png": bomb(20_000),
        "test/float.tif": encoded(Image.new("F", (8, 8)), "TIFF"),
        "test/gif.png": encoded(Image.new("L", (8, 8)), "GIF"),
    }
    options = gathered(tmp_path / "raw", write_folder(tmp_path / "mine", three_splits(**damaged)))
    caplog.clear()
    assert len(read(tmp_path / "raw", "test", options)["image"]) == 1
    for name in damaged:
        assert f"skipped {name}: " in caplog.text
    for reason in (
        "not a PNG, JPEG, TIFF or WebP",
        "32-bit pixels",
        "100000000 pixels",
        "400000000 pixels",
        "skipped 7 in all",
    ):
        assert reason in caplog.text
    caplog.clear()
    read(tmp_path / "raw", "train", options)
    assert not caplog.text


def test_long_list_of_skipped_files_ends_in_a_count(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    damaged = {f"test/{number}.png": b"text" for number in range(50)}
    options = gathered(tmp_path / "raw", write_folder(tmp_path / "mine", three_splits(**damaged)))
    caplog.clear()
    read(tmp_path / "raw", "test", options)
    assert len(caplog.records) == 21
    assert "skipped 50 in all" in caplog.records[-1].getMessage()


def test_split_without_a_usable_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ShowreelError, match=r"no usable image for the test split \(1 skipped; the first: test/c.png: not"
    ):
        first_test_image(tmp_path, b"text")


@pytest.mark.parametrize("count", [0, 2])
def test_too_few_images_are_refused_at_once(tmp_path: Path, count: int) -> None:
    source = write_folder(tmp_path / "mine", {f"{n}.png": plain() for n in range(count)} | {"notes.txt": b"x"})
    with pytest.raises(ShowreelError, match=rf"mine: no image for the \w+ split \({count} PNG, JPEG, TIFF or WebP"):
        gathered(tmp_path / "raw", source)


def test_missing_path_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"nowhere: there is no such folder or archive; mend `path` in params.yaml"):
        gathered(tmp_path / "raw", tmp_path / "nowhere")
    (tmp_path / "a.rar").write_bytes(b"Rar!")
    with pytest.raises(ShowreelError, match=r"a.rar: neither a folder nor a zip or tar"):
        gathered(tmp_path / "raw", tmp_path / "a.rar")
    with pytest.raises(ParamsError, match="size is 4; it must lie between 8 and 1024 pixels"):
        gathered(tmp_path / "raw", tmp_path, size=4)
    assert not list((tmp_path / "raw").iterdir())


def test_cut_archives_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    files = three_splits(encoded(Image.fromarray(noise)))
    tar, zipped = write_tar(tmp_path / "a.tar.gz", files), write_zip(tmp_path / "a.zip", files)
    tar.write_bytes(tar.read_bytes()[:-3000])
    zipped.write_bytes(zipped.read_bytes()[:-3000])
    with pytest.raises(ShowreelError, match=r"a.tar.gz: damaged tar"):
        gathered(tmp_path / "raw", tar)
    with pytest.raises(ShowreelError, match=r"a.zip: neither a folder nor a zip or tar"):
        gathered(tmp_path / "raw", zipped)
    assert not list((tmp_path / "raw").iterdir())


def test_missing_or_damaged_snapshot_is_told(tmp_path: Path) -> None:
    options = {"path": "mine", "size": 8}
    with pytest.raises(ShowreelError, match=r"images.zip: missing; run `showreel download"):
        read(tmp_path, "test", options)
    (tmp_path / "images.zip").write_bytes(b"no zip")
    with pytest.raises(ShowreelError, match=r"images.zip: damaged zip"):
        read(tmp_path, "test", options)


def test_hostile_tar_members_are_not_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = write_tar(tmp_path / "a.tar", three_splits() | {"../test/up.png": plain(), "/abs/x.png": plain()}, "w")
    with tarfile.open(source, "a") as archive:
        for kind, name in ((tarfile.SYMTYPE, "test/link.png"), (tarfile.LNKTYPE, "test/hard.png")):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
        device = tarfile.TarInfo("test/device.png")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
    options = gathered(tmp_path / "raw", source)
    for name in ("link", "hard", "device"):
        assert f"'test/{name}.png': not a file" in caplog.text
    assert len(read(tmp_path / "raw", "test", options)["image"]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "raw"]


def test_links_and_encrypted_members_of_a_zip_are_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = write_zip(tmp_path / "a.zip", three_splits() | {"test/secret.png": plain()})
    with zipfile.ZipFile(source, "a") as archive:
        link = zipfile.ZipInfo("test/link.png")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    content = bytearray(source.read_bytes())
    entry = content.rindex(b"test/secret.png") - 46
    content[entry + 8] |= 1
    source.write_bytes(content)
    options = gathered(tmp_path / "raw", source)
    assert len(read(tmp_path / "raw", "test", options)["image"]) == 1
    assert "skipped test/link.png: a link, not a file" in caplog.text
    assert "skipped test/secret.png: encrypted" in caplog.text


def test_flipped_byte_in_a_zip_costs_one_picture(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = tmp_path / "a.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for name, content in three_splits(**{"test/d.png": plain(BLUE)}).items():
            archive.writestr(name, content)
    flipped = bytearray(source.read_bytes())
    flipped[flipped.index(plain(BLUE)) + 40] ^= 1
    source.write_bytes(flipped)
    options = gathered(tmp_path / "raw", source)
    assert len(read(tmp_path / "raw", "test", options)["image"]) == 1
    assert "test/d.png: Bad CRC-32" in caplog.text


def test_oversized_and_repeated_files_are_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "LARGEST_FILE", 1000)
    source = write_tar(tmp_path / "a.tar", three_splits() | {"test/large.png": bytes(1001)}, "w")
    with tarfile.open(source, "a") as archive:
        entry = tarfile.TarInfo("test/c.png")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"text"))
    options = gathered(tmp_path / "raw", source)
    assert "skipped test/large.png: larger than 512 MiB" in caplog.text
    assert "skipped test/c.png: there are two of this name" in caplog.text
    assert len(read(tmp_path / "raw", "test", options)["image"]) == 1


def test_blocks_stay_small_and_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "BLOCK_BYTES", 3 * 8 * 8 * 3)
    files = {f"test/{number}.png": plain((number, 0, 0)) for number in range(10)}
    options = gathered(tmp_path / "raw", write_folder(tmp_path / "mine", three_splits(**files)))
    blocks = list(folder.read(tmp_path / "raw", "test", **options))
    assert [len(block["image"]) for block in blocks] == [len(block["label"]) for block in blocks] == [3, 3, 3, 2]
    assert sorted({image[0, 0, 0] for block in blocks for image in block["image"]}) == [*range(10), 255]


def test_randomly_damaged_pictures_never_raise_anything_else(tmp_path: Path) -> None:
    dice = random.Random(3)
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
    files = {}
    for kind, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tif"), ("WEBP", "webp")):
        whole = encoded(Image.fromarray(pixels), kind)
        for number in range(60):
            content = bytearray(whole)
            for _ in range(3):
                content[dice.randrange(min(len(content), 400))] = dice.randrange(256)
            files[f"test/{number}.{suffix}"] = bytes(content[: dice.choice((len(content), len(content) // 2))])
    options = gathered(tmp_path / "raw", write_folder(tmp_path / "mine", three_splits(**files)))
    logging.getLogger("PIL").setLevel(logging.ERROR)
    assert 1 <= len(read(tmp_path / "raw", "test", options)["image"]) < 241


def test_real_archive_of_jpegs_has_its_splits_and_classes(tmp_path: Path) -> None:
    if not (SHARED / "cifar10-jpeg.zip").exists():
        pytest.skip("real data is not here: cifar10-jpeg.zip")
    options = gathered(tmp_path, SHARED / "cifar10-jpeg.zip", size=32)
    assert classes(tmp_path, options)[::9] == ("airplane", "truck")
    block = arrays(islice(folder.read(tmp_path, "test", **options), 1))
    assert block["image"].shape[1:] == (32, 32, 3)
    assert set(block["label"].tolist()) == set(range(10))
