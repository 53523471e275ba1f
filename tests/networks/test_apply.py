"""`showreel apply`: pictures of every size and kind, through small networks made by hand."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps
from test_evaluate import darker_by_a_tenth, identity, twice_as_large, write_model
from test_params import GOOD

import showreel
from showreel.applying import picture
from showreel.applying.resizable import resizable
from showreel.applying.restorer import Restorer
from showreel.applying.tiles import spans
from showreel.cli import parser
from showreel.datasets.parts.pictures import UnusableError
from showreel.models import unet, upscaler
from showreel.models.parts import blocks
from showreel.pipeline import paths
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.training import network_file

NAME = "digits-denoiser"
SIZES = [(1, 1), (1, 9), (31, 33), (64, 64), (97, 130)]
Apply = Callable[..., int]


def random_weights(network: keras.Model) -> keras.Model:
    """Give every weight a value, since ours begin with zeros that hide what a network sees."""
    generator = np.random.default_rng(5)
    network.set_weights([generator.normal(0, 0.12, weight.shape) for weight in network.get_weights()])
    return network


def network(channels: int = 3, *, twice: bool = False, depth: int = 1, size: int = 8) -> Restorer:
    """Return a restorer over a small network with random weights."""
    large = size * (2 if twice else 1)
    build = upscaler.build if twice else unet.build
    built = build((size, size, channels), (large, large, channels), depth=depth, filters=4)
    return Restorer(resizable(random_weights(built)))


def noise(*shape: int, dtype: type = np.uint8) -> NDArray[Any]:
    bits = np.iinfo(dtype).bits
    return np.random.default_rng(1).integers(0, 1 << bits, shape).astype(dtype)


@pytest.fixture
def apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apply:
    """A function that runs the command in a project whose network makes everything darker by a tenth."""
    (tmp_path / "params.yaml").write_text(GOOD)
    (tmp_path / "models").mkdir()
    write_model(tmp_path / paths.model(NAME), darker_by_a_tenth)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: parser.main(["apply", NAME, *arguments])


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_pixel_depends_on_nothing_beyond_the_margin(twice: bool, depth: int) -> None:
    free = network(1, twice=twice, depth=depth).resizable
    free.network.set_weights([np.ones(weight.shape) / weight.size for weight in free.network.get_weights()])
    unclipped = keras.Model(free.network.inputs, free.network.get_layer("image").output)
    side = 2 * free.margin + 4 * free.multiple
    middle = side // 2 // free.multiple * free.multiple
    image, reaches = tf.ones((1, side, side, 1)), []
    for row in range(middle, middle + free.multiple * free.scale):
        with tf.GradientTape() as tape:
            tape.watch(image)
            pixel = unclipped(image)[0, row * free.scale, middle * free.scale, 0]
        seen = np.flatnonzero(np.abs(tape.gradient(pixel, image)[0, :, :, 0]).max(axis=1))
        reaches.append(np.abs(seen - row).max())
    assert free.margin - free.multiple <= max(reaches) <= free.margin


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("twice", [False, True])
def test_tiles_together_are_the_whole_picture(size: tuple[int, int], twice: bool) -> None:
    restorer, pixels = network(twice=twice), noise(*size, 3)
    whole, tiled = restorer.restore(pixels, tile=512), restorer.restore(pixels, tile=16)
    assert whole.shape == (size[0] * restorer.scale, size[1] * restorer.scale, 3)
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert size == (1, 1) or len(np.unique(whole)) > 1


@pytest.mark.parametrize(
    "enlarging",
    [
        keras.layers.Conv2DTranspose(4, 2, 2, padding="same"),
        keras.layers.Conv2DTranspose(4, 5, 2, padding="same"),
        keras.layers.UpSampling2D(2),
    ],
)
def test_other_ways_to_enlarge_are_tiled_without_seams(enlarging: keras.Layer) -> None:
    restorer = Restorer(resizable(random_weights(halving_and(enlarging))))
    whole, tiled = (restorer.restore(noise(37, 54, 1), tile=tile) for tile in (512, 8))
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert len(np.unique(whole)) > 10


def test_a_network_that_interpolates_is_refused() -> None:
    with pytest.raises(ShowreelError, match="between: enlarges by bilinear interpolation, which Keras does for one"):
        resizable(halving_and(keras.layers.UpSampling2D(2, interpolation="bilinear", name="between")))


def halving_and(enlarging: keras.Layer) -> keras.Model:
    images = keras.Input((8, 8, 1), dtype="uint8")
    halved = keras.layers.Conv2D(4, 3, 2, padding="same")(keras.layers.Rescaling(1 / 255)(images))
    return keras.Model(images, keras.layers.Conv2D(1, 3, padding="same")(enlarging(halved)))


def test_the_whole_picture_is_what_the_network_says_of_it() -> None:
    built = random_weights(unet.build((40, 52, 3), (40, 52, 3), depth=2, filters=4))
    pixels = noise(40, 52, 3)
    restored = Restorer(resizable(built)).restore(pixels, tile=16)
    expected = np.rint(255 * np.asarray(built.predict(pixels[np.newaxis], verbose=0))[0])
    assert np.abs(expected - restored).max() <= 1


@pytest.mark.parametrize("length", [4, 16, 60, 64, 68, 100, 1000])
def test_tiles_cover_a_side_once_and_keep_their_margins(length: int) -> None:
    found = spans(length, tile=64, margin=12, multiple=4)
    assert [span.first for span in found] == [0, *(span.last for span in found[:-1])]
    assert found[-1].last == length
    for span in found:
        assert span.start % 4 == 0
        assert span.stop - span.start == min(64, length)
        assert span.start == 0 or span.first - span.start >= 12
        assert span.stop == length or span.stop - span.last >= 12


def test_a_network_trained_on_a_size_that_needed_padding_takes_any() -> None:
    built = random_weights(unet.build((25, 25, 1), (25, 25, 1), depth=2, filters=4))
    assert Restorer(resizable(built)).restore(noise(10, 61)).shape == (10, 61)


def test_a_network_that_looks_at_the_whole_image_is_refused() -> None:
    x = keras.Input((8, 8, 1), dtype="uint8")
    y = keras.layers.Reshape((8, 8, 1))(keras.layers.Dense(64)(keras.layers.Flatten()(x)))
    with pytest.raises(ShowreelError, match="network of convolutions"):
        resizable(keras.Model(x, y))


def test_each_colour_goes_through_a_grey_network_by_itself() -> None:
    restorer, pixels = network(1), noise(20, 30, 3)
    restored = restorer.restore(pixels)
    for colour in range(3):
        np.testing.assert_array_equal(restored[..., colour], restorer.restore(pixels[..., colour]))


def test_a_colour_network_takes_grey_as_three_equal_colours_and_their_mean_is_the_answer() -> None:
    restorer, pixels = network(3), noise(20, 30) / np.float32(255)
    colours = restorer.restore(np.repeat(pixels[..., None], 3, axis=2))
    np.testing.assert_allclose(restorer.restore(pixels), colours.mean(axis=2), atol=1e-6)


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_kept_and_enlarged(channels: int) -> None:
    pixels = noise(6, 7, channels)
    np.testing.assert_array_equal(network().restore(pixels)[..., -1], pixels[..., -1])
    pixels[..., -1] = 77
    assert (network(twice=True).restore(pixels)[..., -1] == 77).all()


def test_sixteen_bits_stay_sixteen() -> None:
    x = keras.Input((8, 8, 1), dtype="uint8")
    pixels = noise(40, 30, 3, dtype=np.uint16)
    restored = Restorer(resizable(keras.Model(x, blocks.Clip()(identity(x))))).restore(pixels)
    assert restored.dtype == np.uint16
    assert np.abs(restored.astype(int) - pixels).max() <= 1


@pytest.mark.parametrize("pixels", [np.zeros((4, 4), np.int64), np.full((4, 4), 2.0), np.zeros((4, 4, 5), np.uint8)])
def test_an_array_that_is_no_picture_is_refused(pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match=r"pixels|picture"):
        network().restore(pixels)


def test_from_python(apply: Apply, tmp_path: Path) -> None:
    restored = showreel.load(NAME, tmp_path).restore(np.full((3, 50), 0.5))
    np.testing.assert_allclose(restored, np.full((3, 50), 0.4), atol=1e-6)
    with pytest.raises(ParamsError, match=r"digits-denoisr.*did you mean"):
        showreel.load("digits-denoisr", tmp_path)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        showreel.nothing  # noqa: B018


def save(pixels: NDArray[np.uint8], path: Path) -> None:
    picture.write(picture.Picture(pixels, b"", 1, None), path)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "jpg"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_kind_of_picture_comes_back_as_it_was(apply: Apply, suffix: str, channels: int, dtype: type) -> None:
    source, target, full = Path(f"a.{suffix}"), Path(f"b.{suffix}"), np.iinfo(dtype).max
    pixels: NDArray[Any] = np.full((5, 7, channels), full // 5 * 4, dtype)
    lost = (suffix == "jpg" and channels in (2, 4)) or (suffix in ("jpg", "webp") and dtype == np.uint16)
    if lost or (suffix == "tif" and channels == 2 and dtype == np.uint16):
        with pytest.raises(UnusableError, match="write a PNG"):
            picture.check_storable(pixels, source)
        return
    save(pixels, source)
    assert apply(str(source), "-o", str(target)) == 0
    before, after = picture.read(source).pixels, picture.read(target).pixels
    assert after.dtype == dtype
    assert after.shape == before.shape
    colours = before.shape[2] - (before.shape[2] % 2 == 0)
    expected = np.rint((before[..., :colours] / full - 0.1) * full)
    assert np.abs(after[..., :colours] - expected).max() <= (2 if suffix == "jpg" else 1)
    np.testing.assert_array_equal(after[..., colours:], before[..., colours:])


def test_palettes_and_bits_become_what_they_show(apply: Apply) -> None:
    Image.fromarray(np.full((5, 7, 3), (204, 102, 51), np.uint8)).quantize(4).save("palette.png")
    Image.fromarray(np.full((5, 7), True)).save("bits.png")
    assert apply("palette.png", "bits.png", "-o", "out") == 0
    assert np.abs(picture.read(Path("out/palette.png")).pixels[0, 0] - np.array([178.5, 76.5, 25.5])).max() <= 1
    assert np.abs(picture.read(Path("out/bits.png")).pixels[0, 0] - 229.5).max() <= 1


@pytest.mark.parametrize(
    ("kind", "orientation"),
    [(kind, turn) for kind in ("a.jpg", "a.png", "a.webp", "16.png", "16.tif") for turn in (1, 6)]
    + [("a.tif", turn) for turn in range(1, 9)],
)
def test_orientation_and_colour_profile_stay_in_the_file_and_the_pixels_as_they_lie(
    apply: Apply, kind: str, orientation: int
) -> None:
    exif, profile = Image.Exif(), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif[0x0112], exif[0x010F] = orientation, "maker"
    pixels: NDArray[Any] = np.zeros((8, 16, 3), np.uint16 if kind.startswith("16") else np.uint8)
    pixels[:4, :8] = np.iinfo(pixels.dtype).max
    picture.write(picture.Picture(pixels, exif.tobytes(), orientation, profile), Path(kind))
    with Image.open(kind) as image:
        shown = ImageOps.exif_transpose(image)
    assert shown.size == ((8, 16) if orientation > 4 else (16, 8))
    assert apply(kind, "-o", f"out/{kind}", "--compare") == 0
    after = picture.read(Path("out") / kind)
    assert after.pixels.shape == (8, 16, 3)
    assert after.orientation == orientation
    bright = np.all(after.pixels > np.iinfo(after.pixels.dtype).max // 2, axis=2)
    assert bright[:3, :7].all()
    assert bright.sum() <= 4 * 8 + 4
    assert after.profile == profile
    with Image.open(Path("out") / kind) as image, Image.open(f"out/{Path(kind).stem}.compare.png") as compared:
        assert image.getexif()[0x0112] == orientation
        assert compared.size == (2 * shown.width + 8, shown.height)
        assert ImageOps.exif_transpose(image).size == shown.size


def test_what_a_camera_noted_is_kept_and_what_is_no_longer_true_is_not(apply: Apply) -> None:
    write_model(paths.model(NAME), twice_as_large)
    exif = Image.Exif()
    exif[0x010F] = "maker"
    exif[0x8769] = {0x829A: 0.25, 0xA002: 16, 0xA003: 8}
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.5)}
    Image.new("L", (16, 8), 204).save("a.jpg", exif=exif)
    for name in ("b.jpg", "b.webp", "b.png"):
        assert apply("a.jpg", "-o", name) == 0
        with Image.open(name) as image:
            found = image.getexif()
        assert found[0x010F] == "maker"
        assert found.get_ifd(0x8769) == {0x829A: 0.25}
        assert found.get_ifd(0x8825) == {1: "N", 2: (52.0, 31.0, 12.5)}


def test_a_comparison_shows_before_and_after(apply: Apply) -> None:
    save(np.full((4, 6, 1), 204, np.uint8), Path("a.png"))
    assert apply("a.png", "-o", "b.png", "--compare") == 0
    with Image.open("b.compare.png") as image:
        pixels = np.asarray(image)
    assert pixels.shape == (4, 20, 3)
    assert (pixels[:, :6] == 204).all()
    assert (np.abs(pixels[:, 14:] - 178.5) <= 1).all()


def test_super_resolution_doubles_the_file(apply: Apply) -> None:
    write_model(paths.model(NAME), twice_as_large)
    save(noise(5, 7, 4), Path("a.png"))
    assert apply("a.png", "-o", "b.png", "--compare") == 0
    assert picture.read(Path("b.png")).pixels.shape == (10, 14, 4)


def test_folders_patterns_and_files_keep_their_names(apply: Apply, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("in/a.png", "in/deep/b.JPG", "more/c.tif", "more/d.txt", "e.webp", "in/.hidden.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        save(noise(4, 4, 1), Path(name)) if not name.endswith("txt") else Path(name).write_text("")
    assert apply("in", "more/*", "e.webp", "-o", "in/out") == 0
    made = {str(path.relative_to("in/out")) for path in Path("in/out").rglob("*") if path.is_file()}
    assert made == {"a.png", "deep/b.JPG", "c.tif", "e.webp"}
    told = capfd.readouterr()
    assert told.out.count("\n") == 4
    assert told.err == ""
    assert apply("in", "-o", "in/out", "--force") == 0
    assert len(list(Path("in/out").rglob("*.*"))) == 4


def damaged_png() -> bytes:
    return tf.io.encode_png(noise(40, 40, 3, dtype=np.uint16)).numpy()[:-3000]  # type: ignore[no-any-return]


def bomb() -> bytes:
    file = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("b.png", b"no picture", "not a PNG, JPEG, TIFF or WebP"),
        ("b.png", damaged_png(), "truncated"),
        ("b.png", bomb(), "decompression bomb"),
        ("b.jpg", b"", "not a PNG"),
    ],
)
def test_a_picture_that_cannot_be_read_is_named_and_the_others_go_on(
    apply: Apply, capfd: pytest.CaptureFixture[str], name: str, content: bytes, reason: str
) -> None:
    Path("in").mkdir()
    for good in ("a.png", "c.png"):
        save(noise(4, 4, 1), Path("in") / good)
    (Path("in") / name).write_bytes(content)
    assert apply("in", "-o", "out") == 1
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "c.png"]
    first, last = capfd.readouterr().err.splitlines()
    assert first.startswith(f"showreel: error: in/{name}: ")
    assert reason in first
    assert last == "showreel: error: 1 of 3 pictures could not be restored; they are named above"


def test_kinds_without_a_known_meaning_are_refused(apply: Apply, capfd: pytest.CaptureFixture[str]) -> None:
    Image.new("CMYK", (4, 4)).save("cmyk.jpg")
    tifffile.imwrite("float.tif", np.zeros((4, 4), np.float32))
    Image.new("L", (4, 4)).save("pages.tif", save_all=True, append_images=[Image.new("L", (4, 4))])
    assert apply("cmyk.jpg", "float.tif", "pages.tif", "-o", "out") == 1
    told = capfd.readouterr().err
    assert [word in told for word in ("CMYK", "float32", "several frames")] == [True] * 3


@pytest.mark.parametrize(
    ("arguments", "reason", "code"),
    [
        ("a.png -o a.png --force", "a.png: is a picture to be restored; write it elsewhere", 2),
        ("a.png -o . --force", "a.png: is a picture to be restored; write it elsewhere", 2),
        ("a.png -o link.png --force", "link.png: is a picture to be restored; write it elsewhere", 2),
        ("a.png -o b.png", "b.png: exists; name another place, or add --force to replace it", 2),
        ("a.png b.png -o c.png", "-o c.png: one file for 2 pictures; name a folder", 2),
        ("a.png d/a.png -o out", "a.png: another picture would write out/a.png, too; restore one after the other", 2),
        (
            "a.png a.jpg -o out --compare",
            "a.png: another picture would write out/a.compare.png, too; restore one after the other",
            2,
        ),
        (
            "a.png -o a.gif",
            "-o a.gif: is neither a folder nor a .png, .jpg, .jpeg, .tif, .tiff, .webp; name one of these",
            2,
        ),
        ("none.png -o out", "none.png: missing; name a picture, a folder or a pattern such as 'photos/*.png'", 1),
        ("empty -o out", "empty: no pictures there; PNG, JPEG, TIFF and WebP are taken", 1),
        ("params.yaml -o out", "params.yaml: no suffix of a picture (.png, .jpg, .jpeg, .tif, .tiff, .webp)", 2),
    ],
)
def test_what_would_be_lost_is_refused_before_anything_is_done(
    apply: Apply, capfd: pytest.CaptureFixture[str], arguments: str, reason: str, code: int
) -> None:
    Path("d").mkdir()
    Path("empty").mkdir()
    for name in ("a.png", "a.jpg", "b.png", "d/a.png"):
        save(noise(4, 4, 1), Path(name))
    Path("link.png").symlink_to("a.png")
    before = {path: path.read_bytes() for path in Path().rglob("*.png")}
    assert apply(*arguments.split()) == code
    assert capfd.readouterr().err == f"showreel: error: {reason}\n"
    assert {path: path.read_bytes() for path in Path().rglob("*.png")} == before


def test_force_replaces_a_file(apply: Apply) -> None:
    save(np.full((4, 4, 1), 204, np.uint8), Path("a.png"))
    Path("b.png").write_text("old")
    assert apply("a.png", "-o", "b.png", "--force") == 0
    assert picture.read(Path("b.png")).pixels.shape == (4, 4, 1)


def test_a_network_that_is_not_there_or_not_ours(apply: Apply, capfd: pytest.CaptureFixture[str]) -> None:
    save(noise(4, 4, 1), Path("a.png"))
    paths.model(NAME).write_bytes(b"PK")
    assert apply("a.png", "-o", "b.png") == 1
    paths.model(NAME).unlink()
    assert apply("a.png", "-o", "b.png") == 1
    damaged, missing = capfd.readouterr().err.splitlines()
    assert "cannot be loaded" in damaged
    assert "missing; train it first" in missing
    assert not Path("b.png").exists()


def test_the_file_of_a_trained_network_is_what_is_applied(tmp_path: Path) -> None:
    built = random_weights(unet.build((8, 8, 1), (8, 8, 1), depth=1, filters=4))
    network_file.save(built, tmp_path / "m.keras", "{}")
    loaded = keras.models.load_model(tmp_path / "m.keras", custom_objects=network_file.LAYERS, compile=False)
    pixels = noise(9, 30)
    direct, stored = (Restorer(resizable(one)).restore(pixels) for one in (built, loaded))
    np.testing.assert_array_equal(direct, stored)
