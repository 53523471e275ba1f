"""A picture before and after its restoration, side by side, to look at: 8 bits, upright, without alpha."""

import numpy as np
from PIL import Image, ImageOps

from showreel.applying.picture import Picture

GAP = 8
"""White pixels between the two."""


def side_by_side(before: Picture, after: Picture) -> Image.Image:
    """Return the two, the first one enlarged to the other's size by repeating its pixels."""
    height, width = after.pixels.shape[:2]
    left, right = (_flat(picture).resize((width, height), Image.Resampling.NEAREST) for picture in (before, after))
    left, right = (_upright(image, before.orientation) for image in (left, right))
    both = Image.new("RGB", (2 * left.width + GAP, left.height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + GAP, 0))
    return both


def _flat(picture: Picture) -> Image.Image:
    """Return it as RGB, transparency over white."""
    pixels = picture.pixels
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels / np.float32(257)).astype(np.uint8)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    image.getexif()[0x0112] = orientation
    return ImageOps.exif_transpose(image)
