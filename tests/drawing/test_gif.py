import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence
from PIL.GifImagePlugin import GifImageFile

from showreel.drawing import colours
from showreel.drawing.gif import animated

GREYS = np.repeat(np.array([0, 60, 133, 255], np.uint8)[:, None], 3, axis=1)


def painted(*levels: tuple[int, int]) -> NDArray[np.uint8]:
    """Paint squares of 4×4 pixels, each a column and a grey, on black."""
    canvas = np.zeros((12, 40, 3), np.uint8)
    for column, level in levels:
        canvas[4:8, column : column + 4] = level
    return canvas


def shown(content: bytes) -> list[tuple[NDArray[np.uint8], int]]:
    """Decode the frames and how many milliseconds each lasts."""
    with Image.open(io.BytesIO(content)) as gif:
        return [(np.asarray(each.convert("RGB")), each.info["duration"]) for each in ImageSequence.Iterator(gif)]


def boxes(content: bytes) -> list[object]:
    """Return left, top, right and bottom of what each frame stores."""
    found: list[object] = []
    with GifImageFile(io.BytesIO(content)) as gif:
        for number in range(gif.n_frames):
            gif.seek(number)
            found.append(gif.tile[0].extents)
    return found


def test_a_frame_stores_the_rectangle_that_changes() -> None:
    canvases = [painted(), painted((8, 60)), painted((8, 133), (24, 255))]
    content, last = animated(canvases, GREYS, "")
    assert boxes(content) == [(0, 0, 40, 12), (8, 4, 12, 8), (8, 4, 28, 8)]
    for (decoded, _), wanted in zip(shown(content), canvases, strict=True):
        np.testing.assert_array_equal(decoded, wanted)
    np.testing.assert_array_equal(last, canvases[-1])


def test_a_frame_like_the_one_before_makes_that_last_longer() -> None:
    one, other = painted((0, 60)), painted((0, 255))
    content, _ = animated([one, one, other, one, one.copy(), one], GREYS, "")
    assert [duration for _, duration in shown(content)] == [400, 200, 3400]
    for (decoded, _), wanted in zip(shown(content), [one, other, one], strict=True):
        np.testing.assert_array_equal(decoded, wanted)


def test_a_single_frame_lasts_as_long_as_the_last_one_of_many() -> None:
    content, _ = animated([painted((0, 60))], GREYS, "")
    ((decoded, duration),) = shown(content)
    assert duration == 3000
    np.testing.assert_array_equal(decoded, painted((0, 60)))


def test_canvases_may_be_drawn_one_by_one() -> None:
    canvases = [painted((column, 255)) for column in range(0, 36, 6)]
    assert animated(iter(canvases), GREYS, "")[0] == animated(canvases, GREYS, "")[0]


@pytest.mark.parametrize("count", [57, 128, colours.PALETTE_SIZE])
def test_random_frames_come_back_in_the_nearest_colours(count: int) -> None:
    generator = np.random.default_rng(4)
    palette = np.unique(generator.integers(0, 256, (count, 3), np.uint8), axis=0)
    canvases = [generator.integers(0, 256, (9, 7, 3), np.uint8).repeat(2, axis=0)]
    for _ in range(5):
        canvases.append(canvases[-1].copy())
        canvases[-1][6:14, 2:] = generator.integers(0, 256, (8, 5, 3), np.uint8)
    content, _ = animated(canvases, palette, "")
    for (decoded, _), canvas in zip(shown(content), canvases, strict=True):
        nearest = palette[colours.nearest(canvas.reshape(-1, 3), palette)]
        np.testing.assert_array_equal(decoded, nearest.reshape(canvas.shape))


def test_a_comment_of_any_length_is_kept() -> None:
    comment = "origin " * 200
    with Image.open(io.BytesIO(animated([painted()], GREYS, comment)[0])) as gif:
        assert gif.info["comment"] == comment.encode()
