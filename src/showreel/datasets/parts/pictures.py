"""From the bytes of a picture file to uint8 arrays of one size and one number of channels.

The picture is turned as its EXIF says; transparency is laid over white; of 16 bits the upper 8 count; of several frames
or pages the first is taken. Files beyond about 89 million pixels are refused as decompression bombs.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

Fit = Literal["crop", "tile", "refuse"]
Mode = Literal["rgb", "grey"]

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    ArithmeticError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow's decoders raise for files that are not what they claim to be."""


class UnusableError(Exception):
    """A picture cannot be used; the text says why."""


class WrongSizeError(Exception):
    """A picture has another size than the one that was asked for; the text says which."""


def decode(data: bytes, mode: Mode) -> Image.Image:
    """Decode a picture to RGB or grey.

    Raises:
        UnusableError: it is damaged, too large, or of a kind without a known range.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                turned = ImageOps.exif_transpose(image)
                return _flat(turned).convert("RGB" if mode == "rgb" else "L")
        except UnidentifiedImageError as error:
            raise UnusableError("not a PNG, JPEG, TIFF or WebP") from error
        except UNREADABLE as error:
            raise UnusableError(" ".join(str(error).split()) or type(error).__name__) from error


def squares(image: Image.Image, size: int, fit: Fit) -> Iterator[NDArray[np.uint8]]:
    """Yield what a picture gives: uint8 (size, size, channels).

    Args:
        image: RGB or grey.
        size: of the sides, in pixels.
        fit: `crop` takes the largest centred square and resizes it (Lanczos); `tile` cuts squares from the top left
            corner on and drops what is left over; `refuse` takes pictures of that very size only.

    Raises:
        UnusableError: it is smaller than one tile.
        WrongSizeError: it is to be refused.
    """
    width, height = image.size
    if fit == "refuse" and (width, height) != (size, size):
        raise WrongSizeError(f"{width}×{height} pixels, not {size}×{size}")
    if fit == "tile" and min(width, height) < size:
        raise UnusableError(f"{width}×{height} pixels, smaller than a tile of {size}×{size}")
    if fit == "crop":
        image = ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
    pixels = np.asarray(image, np.uint8).reshape(image.height, image.width, -1)
    for top in range(0, image.height - size + 1, size):
        for left in range(0, image.width - size + 1, size):
            yield pixels[top : top + size, left : left + size]


def _flat(image: Image.Image) -> Image.Image:
    """Bring 16 bits to 8 and lay transparency over white."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise UnusableError("32-bit pixels, whose range is unknown")
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured)
    return image
