"""Arrays of any size in, restored arrays out: a trained network over tiles that together are the whole picture.

    import showreel
    restored = showreel.load("mnist-denoiser").restore(array)

Each tile overlaps its neighbours by twice what the network sees around a pixel, and only its inside is kept. So the
result is the network's answer to the whole picture, in the memory of a tile: there are no seams to be blended.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from showreel.applying.resizable import Resizable, resizable
from showreel.applying.tiles import Span, spans
from showreel.params import loading, messages
from showreel.pipeline import paths
from showreel.storage.errors import ShowreelError
from showreel.training import network_file

TILE = 512
"""Pixels of a tile's side; it grows with a network that sees far, so that at least half of it is kept."""

Pixels = NDArray[Any]
Tile = tuple[Span, Span]
Progress = Callable[[Sequence[Tile]], Iterable[Tile]]


def load(name: str, project: Path = Path()) -> "Restorer":
    """Load an experiment's trained network.

    Args:
        name: of the experiment in params.yaml.
        project: the folder that holds params.yaml and models/.

    Raises:
        ParamsError: params.yaml is missing, or does not declare the experiment.
        ShowreelError: the network is missing, damaged, foreign, or not made of convolutions.
    """
    messages.check_declared(name, loading.load(project / paths.PARAMS).experiments, "experiment")
    return Restorer(resizable(network_file.load(project / paths.model(name))))


@dataclass(frozen=True)
class Restorer:
    """A network that restores pictures of any size."""

    resizable: Resizable

    @property
    def scale(self) -> int:
        """How many times larger the restored picture is, 2 for super-resolution, else 1."""
        return self.resizable.scale

    def restore(self, pixels: Pixels, *, progress: Progress = iter, tile: int = TILE) -> Pixels:
        """Restore a picture; its alpha is kept, enlarged (bicubic) if the picture is.

        A grey network takes each colour by itself; a colour network takes a grey picture as three equal colours, whose
        answers are averaged.

        Args:
            pixels: (h, w) or (h, w, channels): grey, grey and alpha, RGB, or RGB and alpha; uint8, uint16, or floating
                in [0, 1].
            progress: what goes through the tiles: `tqdm.tqdm`, say.
            tile: pixels of a tile's side; the result is the same.

        Returns:
            The restored picture, of the same kind, with the same channels, and `scale` times as high and wide.

        Raises:
            ValueError: that is no such array.
            ShowreelError: the network takes neither grey nor RGB.
        """
        full = _full(pixels)
        planes = pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
        if planes.ndim != 3 or planes.shape[2] not in (1, 2, 3, 4) or not planes.size:
            raise ValueError(f"an array of shape {pixels.shape} is no picture: (h, w) or (h, w, 1, 2, 3 or 4)")
        if self.resizable.channels not in (1, 3):
            raise ShowreelError(f"the network takes {self.resizable.channels} channels; apply takes grey or RGB")
        colours = planes.shape[2] - (planes.shape[2] % 2 == 0)
        height, width = planes.shape[0] * self.scale, planes.shape[1] * self.scale
        restored = np.empty((height, width, planes.shape[2]), planes.dtype)
        for rows, columns in progress(self._tiles(planes.shape[0], planes.shape[1], tile)):
            kept = restored[self._kept(rows), self._kept(columns)]
            made = self._restored(_cut(planes[..., :colours], rows, columns), 255 / full)
            top, left = (rows.first - rows.start) * self.scale, (columns.first - columns.start) * self.scale
            inside = made[top : top + kept.shape[0], left : left + kept.shape[1]]
            kept[..., :colours] = _stored(inside, planes.dtype, full)
        if colours < planes.shape[2]:
            restored[..., -1] = _enlarged(planes[..., -1], (width, height), full)
        return restored.reshape(height, width) if pixels.ndim == 2 else restored

    def _kept(self, span: Span) -> slice:
        """Return where in the restored picture the inside of a tile goes."""
        return slice(span.first * self.scale, span.last * self.scale)

    def _tiles(self, height: int, width: int, tile: int) -> list[Tile]:
        """Return all tiles, row by row."""
        multiple, margin = self.resizable.multiple, self.resizable.margin
        side = -(-max(tile, 4 * margin) // multiple) * multiple
        lengths = (-(-length // multiple) * multiple for length in (height, width))
        rows, columns = (spans(length, tile=side, margin=margin, multiple=multiple) for length in lengths)
        return list(itertools.product(rows, columns))

    def _restored(self, colours: Pixels, factor: float) -> NDArray[np.float32]:
        """Return the network's answer to one tile (h, w, 1 or 3) in [0, 1]."""
        values = colours.astype(np.float32) * np.float32(factor)
        if values.shape[2] == self.resizable.channels:
            answer: NDArray[np.float32] = self._answer(values[np.newaxis])[0]
        elif self.resizable.channels == 1:
            answer = np.moveaxis(self._answer(np.moveaxis(values, 2, 0)[..., np.newaxis])[..., 0], 0, 2)
        else:
            answer = self._answer(values.repeat(3, axis=2)[np.newaxis])[0].mean(axis=2, keepdims=True)
        return answer

    def _answer(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self.resizable.network.predict_on_batch(images))


def _full(pixels: Pixels) -> int:
    """Return what stands for full light."""
    if pixels.dtype in (np.uint8, np.uint16):
        return int(np.iinfo(pixels.dtype).max)
    if not np.issubdtype(pixels.dtype, np.floating):
        raise ValueError(f"pixels of {pixels.dtype} have no known range; give uint8, uint16, or floating in [0, 1]")
    if not ((pixels >= 0) & (pixels <= 1)).all():
        raise ValueError("floating pixels must lie in [0, 1]")
    return 1


def _cut(planes: Pixels, rows: Span, columns: Span) -> Pixels:
    """Cut a tile; beyond the lower and the right edge the last row and column go on."""
    picked = planes[rows.start : rows.stop, columns.start : columns.stop]
    missing = [span.stop - span.start - size for span, size in zip((rows, columns), picked.shape[:2], strict=True)]
    return np.pad(picked, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")


def _stored(values: NDArray[np.float32], dtype: np.dtype[Any], full: int) -> Pixels:
    """Return values as a picture keeps them, clipped to [0, 1]."""
    values = values.clip(0, 1)
    return (np.rint(values * np.float32(full)) if full > 1 else values).astype(dtype)


def _enlarged(alpha: Pixels, size: tuple[int, int], full: int) -> Pixels:
    """Return an alpha channel of another (width, height), by bicubic interpolation."""
    if alpha.shape == size[::-1]:
        return alpha
    image = Image.fromarray((alpha / np.float32(full)).astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    return _stored(np.asarray(image), alpha.dtype, full)
