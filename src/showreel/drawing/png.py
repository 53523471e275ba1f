"""A picture as the bytes of a PNG that says where it came from."""

import imageio.v3 as imageio
import numpy as np
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngInfo


def encoded(canvas: NDArray[np.uint8], comment: str) -> bytes:
    """Return a PNG of a canvas, uint8 (h, w, 3), with a comment."""
    text = PngInfo()
    text.add_text("Comment", comment)
    content: bytes = imageio.imwrite("<bytes>", canvas, extension=".png", plugin="pillow", pnginfo=text)
    return content
