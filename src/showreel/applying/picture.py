"""Picture files in and out, with 8 or 16 bits: PNG, JPEG, TIFF, WebP.

The pixels stay as they lie in the file: the EXIF tag that says how to turn them goes with them, as do the ICC profile
and what a camera noted (not into a TIFF); thumbnails go. Pillow brings colours of 16 bits to 8, so that TensorFlow
reads and writes PNG of 16 bits, and tifffile TIFF; it writes all TIFF, since Pillow cannot compress one with EXIF.
"""

import struct
import warnings
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import ExifTags, Image, TiffImagePlugin, UnidentifiedImageError

from showreel.datasets.parts.pictures import FORMATS, UNREADABLE, UnusableError

SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP"}
"""Suffix → Pillow's name of the format."""

SETTINGS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True},
}

NOTES = {
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Orientation,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
}
"""Of the first EXIF folder; the others say how the file is laid out, which is no longer true."""

BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""Orientation → from the upright picture back to the pixels as they lie in the file."""

PNG_HEADER = 8 + 25
"""Bytes: the signature and the chunk IHDR."""


class Picture(NamedTuple):
    """What a file holds.

    Attributes:
        pixels: uint8 or uint16 (h, w, 1 to 4): grey or RGB, perhaps with alpha.
        exif: TIFF bytes, as EXIF stands in a JPEG but for its first six bytes; empty where there is none.
        orientation: EXIF's, 1 to 8.
        profile: ICC's, or None.
    """

    pixels: NDArray[Any]
    exif: bytes
    orientation: int
    profile: bytes | None


def read(path: Path) -> Picture:
    """Read a picture; of a photograph with previews (MPO) the first.

    Raises:
        UnusableError: it is damaged, too large, of several frames, or of a kind that is not taken; the text says which.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as image:
                if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
                    raise UnusableError("several frames or pages; save the one to restore by itself")
                notes = _exif(image)
                orientation, exif = notes.get(ExifTags.Base.Orientation, 1), notes.tobytes() if len(notes) else b""
                pixels = _pixels(image, path, orientation)
                profile = image.info.get("icc_profile")
        except UnidentifiedImageError as error:
            raise UnusableError("not a PNG, JPEG, TIFF or WebP") from error
        except UNREADABLE as error:
            raise UnusableError(" ".join(str(error).split()) or type(error).__name__) from error
    return Picture(pixels, exif, orientation, profile)


def check_storable(pixels: NDArray[Any], path: Path) -> None:
    """Refuse a format that would lose something.

    Raises:
        UnusableError: it has fewer bits than the pixels, or no alpha.
    """
    kind = SUFFIXES[path.suffix.lower()]
    if pixels.dtype == np.uint16 and kind in ("JPEG", "WEBP"):
        raise UnusableError(f"has 16 bits, of which {kind} keeps 8; write a PNG or TIFF")
    if pixels.dtype == np.uint16 and pixels.shape[2] == 2 and kind == "TIFF":
        raise UnusableError("has 16 bits and alpha, but no colour, which few programs read as TIFF; write a PNG")
    if pixels.shape[2] in (2, 4) and kind == "JPEG":
        raise UnusableError("has alpha, which JPEG cannot keep; write a PNG, TIFF or WebP")


def write(picture: Picture, path: Path) -> None:
    """Write a picture in the format of its suffix; the caller publishes the file.

    Raises:
        UnusableError: the format has no room for so many pixels.
    """
    kind = SUFFIXES[path.suffix.lower()]
    if kind == "TIFF":
        _write_tiff(picture, path)
    elif picture.pixels.dtype == np.uint16:
        _write_png(picture, path)
    else:
        _write_with_pillow(picture, path, kind)


def _pixels(image: Image.Image, path: Path, orientation: int) -> NDArray[Any]:
    """Decode an opened picture: (h, w, channels)."""
    if image.format == "PNG" and _png_bits(path) == 16:
        pixels = _decoded_png(image, path)
    elif isinstance(image, TiffImagePlugin.TiffImageFile) and max(image.tag_v2.get(258, (1,))) > 8:
        pixels = _decoded_tiff(path)
    else:
        if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
            raise UnusableError(f"its pixels are {image.mode}; convert it to grey or RGB first")
        image.load()
        if image.format == "TIFF" and orientation in BACK:  # Pillow has turned it
            image = image.transpose(BACK[orientation])
        alpha, grey = image.has_transparency_data, image.mode in ("1", "L", "LA")
        pixels = np.asarray(image.convert(("LA" if alpha else "L") if grey else ("RGBA" if alpha else "RGB")))
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _exif(image: Image.Image) -> Image.Exif:
    """Return what stays true of a restored picture."""
    found, kept = image.getexif(), Image.Exif()
    for tag in NOTES & set(found):
        kept[tag] = found[tag]
    if not 1 <= kept.get(ExifTags.Base.Orientation, 1) <= 8:
        del kept[ExifTags.Base.Orientation]
    stale = {ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight, ExifTags.Base.ExifInteroperabilityOffset}
    for folder in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        notes = {tag: value for tag, value in found.get_ifd(folder).items() if tag not in stale}
        if notes:
            kept[folder] = notes
    return kept


def _png_bits(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(PNG_HEADER)[24]


def _decoded_png(image: Image.Image, path: Path) -> NDArray[np.uint16]:
    """Decode a PNG of 16 bits, once Pillow has gone through it: TensorFlow takes one that is cut short."""
    import tensorflow as tf

    image.load()
    try:
        return np.asarray(tf.io.decode_png(path.read_bytes(), dtype=tf.uint16))
    except tf.errors.OpError as error:
        raise UnusableError(str(error.message)) from error


def _decoded_tiff(path: Path) -> NDArray[np.uint16]:
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        if page.dtype != np.uint16 or page.photometric not in (1, 2):
            raise UnusableError(f"a TIFF of {page.dtype} and colours of kind {int(page.photometric)}; take grey or RGB")
        pixels = np.asarray(page.asarray())
    return np.moveaxis(pixels, 0, 2) if pixels.ndim == 3 and page.planarconfig == 2 else pixels


def _write_with_pillow(picture: Picture, path: Path, kind: str) -> None:
    image = Image.fromarray(picture.pixels[..., 0] if picture.pixels.shape[2] == 1 else picture.pixels)
    notes: dict[str, Any] = {"exif": b"Exif\0\0" + picture.exif} if picture.exif else {}
    if picture.profile:
        notes["icc_profile"] = picture.profile
    try:
        image.save(path, kind, **SETTINGS[kind], **notes)
    except ValueError as error:
        raise UnusableError(f"{image.width}×{image.height} pixels do not fit into a {kind} ({error})") from error


def _write_png(picture: Picture, path: Path) -> None:
    import tensorflow as tf

    with tf.device("CPU"):
        encoded = tf.io.encode_png(picture.pixels).numpy()
    chunks = b""
    if picture.profile:
        chunks += _chunk(b"iCCP", b"ICC\0\0" + zlib.compress(picture.profile))
    if picture.exif:
        chunks += _chunk(b"eXIf", picture.exif)
    with path.open("wb") as file:
        file.writelines((encoded[:PNG_HEADER], chunks, encoded[PNG_HEADER:]))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _write_tiff(picture: Picture, path: Path) -> None:
    channels = picture.pixels.shape[2]
    tifffile.imwrite(
        path,
        picture.pixels if channels > 1 else picture.pixels[..., 0],
        photometric="rgb" if channels > 2 else "minisblack",
        planarconfig="contig" if channels > 1 else None,
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        compression="zlib",
        iccprofile=picture.profile,
        extratags=[(274, "H", 1, picture.orientation, True)],
        metadata=None,
        software=False,
    )
