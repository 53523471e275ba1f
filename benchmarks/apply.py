"""Does `showreel apply` leave seams? What does a 12-megapixel photograph cost, in tiles and at once?

Run: python benchmarks/apply.py [PROJECT]    (a folder with params.yaml and photos-* trained; four minutes)
"""

import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import material
import numpy as np
import skimage.data
from harness import peak_megabytes
from numpy.typing import NDArray
from PIL import Image

from showreel.applying import picture, restorer
from showreel.applying.restorer import TILE, Restorer

NETWORKS = ("photos-denoiser", "photos-superresolution")
WHOLE = 8192
"""A tile's side beyond that of all pictures here."""

TOUCHING = 128
"""Columns of a tile in the counter-example."""

NOISE = 40


def main(project: Path) -> None:
    """Print a line a photograph and network, then a line a run on 12 megapixels."""
    folder = material.scratch()
    for path, pixels in _photographs(folder):
        picture.write(picture.Picture(pixels, b"", 1, None), path)
        for name in NETWORKS:
            _apart(_print_seams, project, name, path)
    large = folder / "large.jpg"
    _large().save(large, quality=95)
    for name in NETWORKS:
        for tile in (TILE, WHOLE):
            _apart(_print_cost, project, name, large, tile)


def _photographs(folder: Path) -> list[tuple[Path, NDArray[Any]]]:
    """Return three noisy photographs: colour in a JPEG, grey of 16 bits in a PNG, colour with alpha in a WebP."""
    retina, hubble, motorcycle = map(_noisy, (skimage.data.retina(), skimage.data.hubble_deep_field(), _motorcycle()))
    grey = np.rint(hubble.mean(axis=2, keepdims=True) * 257).astype(np.uint16)
    alpha = np.tile(np.linspace(0, 255, motorcycle.shape[1]).astype(np.uint8), (len(motorcycle), 1))[..., np.newaxis]
    return [
        (folder / "retina.jpg", retina),
        (folder / "hubble.png", grey),
        (folder / "motorcycle.webp", np.concatenate([motorcycle, alpha], axis=2)),
    ]


def _motorcycle() -> NDArray[np.uint8]:
    path = Path(skimage.data.__file__).with_name("motorcycle_left.png")
    return np.asarray(Image.open(path).convert("RGB"))


def _noisy(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).normal(0, NOISE, pixels.shape)
    return np.rint(np.clip(pixels + noise, 0, 255)).astype(np.uint8)


def _large() -> Image.Image:
    """Return four photographs, enlarged to 2000×1500 each, as one noisy picture."""
    names = ("astronaut", "coffee", "chelsea", "rocket")
    enlarged = [Image.fromarray(getattr(skimage.data, name)()).resize((2000, 1500)) for name in names]
    rows = [np.hstack([np.asarray(image) for image in pair]) for pair in (enlarged[:2], enlarged[2:])]
    return Image.fromarray(_noisy(np.vstack(rows)))


def _print_seams(project: Path, name: str, path: Path) -> None:
    """Compare the steps across seams with those of the whole picture there; then those of tiles that only touch."""
    network, pixels = restorer.load(name, project), picture.read(path).pixels
    whole, tiled, touching = network.restore(pixels, tile=WHOLE), network.restore(pixels), _touching(network, pixels)
    tiles, (height, width, channels) = network._tiles(*pixels.shape[:2], TILE), pixels.shape
    seams = sorted({columns.first * network.scale for _, columns in tiles} - {0})
    borders = list(range(TOUCHING * network.scale, touching.shape[1], TOUCHING * network.scale))
    unit = 257 if pixels.dtype == np.uint16 else 1
    print(
        f"{path.name}: {width}×{height}, {channels} channels, {pixels.dtype}; {name}: {len(tiles)} tiles; "
        f"off the whole picture by at most {np.abs(tiled.astype(int) - whole).max() / unit:.3f}; "
        f"steps across seams {_step(tiled, seams) / unit:.2f}, of the whole picture there "
        f"{_step(whole, seams) / unit:.2f}; "
        f"tiles that touch {_step(touching, borders) / unit:.2f}, of the whole picture there "
        f"{_step(whole, borders) / unit:.2f}",
        flush=True,
    )


def _touching(network: Restorer, pixels: NDArray[Any]) -> NDArray[Any]:
    """Restore tiles by themselves and put them side by side."""
    starts = range(0, pixels.shape[1], TOUCHING)
    return np.hstack([network.restore(pixels[:, start : start + TOUCHING], tile=WHOLE) for start in starts])


def _step(pixels: NDArray[Any], columns: list[int]) -> float:
    """Return the mean absolute difference between the colours of some columns and those of the columns before."""
    colours = pixels[..., : pixels.shape[2] - (pixels.shape[2] % 2 == 0)].astype(np.float64)
    return float(np.mean([np.abs(colours[:, column] - colours[:, column - 1]).mean() for column in columns]))


def _print_cost(project: Path, name: str, path: Path, tile: int) -> None:
    """Print seconds and megabytes; the latter of the whole process, TensorFlow included."""
    network, pixels = restorer.load(name, project), picture.read(path).pixels
    before, start = peak_megabytes(), time.monotonic()
    network.restore(pixels, tile=tile)
    seconds, count = time.monotonic() - start, len(network._tiles(*pixels.shape[:2], tile))
    print(
        f"{name}, 12 megapixels, {count} tiles: {seconds:.1f} s, {peak_megabytes():.0f} MB (before: {before:.0f})",
        flush=True,
    )


def _apart(function: Callable[..., None], *arguments: object) -> None:
    """Run a function in a process of its own: peaks of memory do not go down again."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        print(f"{function.__name__.strip('_')} {arguments[1:]}: ended with {process.exitcode}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path())
