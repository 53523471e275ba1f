"""Photos: patches of nine photographs that ship with scikit-image, RGB; 4,086 train, 134 validation, 766 test of 32×32.

The three splits come from different photographs. Training patches overlap by half, the others not at all. A patch is
left out as blank where its standard deviation, averaged over the channels, is below 6 of 255: sky, backdrop, the black
around the retina. Two soft pictures, the retina and the deep field, are halved first. The label says which photograph.
The patches of a split come shuffled, always in the same way. Needs no network.

Source: `skimage.data`. Size: 4.2 MB. Licences as scikit-image states them: astronaut, rocket and hubble_deep_field are
in the public domain (NASA, SpaceX, NASA); chelsea (Stefan van der Walt), coffee (Rachel Michetti) and retina (Mikael
Häggström) are CC0; ihc has no known restrictions; motorcycle_left and motorcycle_right come from the Middlebury 2014
stereo benchmark and are to be cited as below.
Citations: S. van der Walt et al., "scikit-image: image processing in Python", PeerJ 2:e453, 2014; D. Scharstein et al.,
"High-resolution stereo datasets with subpixel-accurate ground truth", GCPR 2014; M. Häggström, "Medical gallery of
Mikael Häggström 2014", WikiJournal of Medicine 1 (2), 2014.
"""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from showreel.datasets.parts import pictures
from showreel.datasets.parts.fetch import RemoteFile
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.fields import Field, Rows, Split


class Photograph(NamedTuple):
    """A picture, the one split that it serves, and by what factor it is shrunk first."""

    file: str
    split: Split
    shrink: int = 1


FIELDS = ("image", "label")
FILES: tuple[RemoteFile, ...] = ()
PHOTOGRAPHS = (
    Photograph("astronaut.png", "train"),
    Photograph("motorcycle_left.png", "train"),
    Photograph("motorcycle_right.png", "train"),
    Photograph("retina.jpg", "train", shrink=2),
    Photograph("rocket.jpg", "validation"),
    Photograph("chelsea.png", "test"),
    Photograph("coffee.png", "test"),
    Photograph("hubble_deep_field.jpg", "test", shrink=2),
    Photograph("ihc.png", "test"),
)
BLANK_BELOW = 6.0
SMALLEST_PATCH, LARGEST_PATCH = 8, 128
SHUFFLE_SEED = 0


def gather(folder: Path, *, patch: int = 32) -> None:
    """Copy the photographs from the installed scikit-image into the raw folder.

    Raises:
        ShowreelError: this scikit-image has not all of them.
    """
    package = importlib.util.find_spec("skimage")
    places = package.submodule_search_locations if package else None
    for photograph in PHOTOGRAPHS:
        source = Path((places or ["skimage"])[0]) / "data" / photograph.file
        if not source.is_file():
            raise ShowreelError(f"photos: scikit-image has no {source}; install scikit-image 0.26 again")
        shutil.copyfile(source, folder / photograph.file)


def fields(folder: Path, *, patch: int = 32) -> dict[str, Field]:
    """Return what the numbers of each field mean; labels say which of `PHOTOGRAPHS` a patch is from."""
    names = tuple(Path(photograph.file).stem for photograph in PHOTOGRAPHS)
    return {"image": Field("image"), "label": Field("label", names)}


def read(folder: Path, split: Split, *, patch: int = 32) -> Iterator[dict[str, Rows]]:
    """Yield one split as one block: `image` uint8 (n, patch, patch, 3), `label` int32 (n,).

    Args:
        folder: the raw folder with the photographs.
        split: which part.
        patch: height and width of the images, in pixels.

    Raises:
        ParamsError: `patch` is below 8 or above 128 pixels.
        ShowreelError: a photograph is missing or damaged.
    """
    if not SMALLEST_PATCH <= patch <= LARGEST_PATCH:
        raise ParamsError(f"photos: patch is {patch}; it must lie between {SMALLEST_PATCH} and {LARGEST_PATCH} pixels")
    stride = patch // 2 if split == "train" else patch
    chosen = [(label, photograph) for label, photograph in enumerate(PHOTOGRAPHS) if photograph.split == split]
    cut = [(label, _patches(_pixels(folder, photograph), patch, stride)) for label, photograph in chosen]
    images = np.concatenate([patches for _, patches in cut])
    labels = np.concatenate([np.full(len(patches), label, np.int32) for label, patches in cut])
    order = np.random.default_rng(SHUFFLE_SEED).permutation(len(images))
    yield {"image": images[order], "label": labels[order]}


def _pixels(folder: Path, photograph: Photograph) -> NDArray[np.uint8]:
    """Decode a photograph: uint8 (height, width, 3)."""
    path, mend = folder / photograph.file, f"run `showreel download {folder.name}`"
    try:
        image = pictures.decode(path.read_bytes(), "rgb").reduce(photograph.shrink)
    except (OSError, pictures.UnusableError) as error:
        raise ShowreelError(f"{path}: cannot be read ({error}); {mend}") from error
    if min(image.size) < LARGEST_PATCH:
        raise ShowreelError(f"{path}: {image.width}×{image.height} pixels, so not the photograph; {mend}")
    return np.asarray(image)


def _patches(pixels: NDArray[np.uint8], patch: int, stride: int) -> NDArray[np.uint8]:
    """Cut a picture into squares from its top left corner on, without the blank ones: uint8 (n, patch, patch, 3)."""
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (patch, patch), (0, 1))[::stride, ::stride]
    squares = windows.transpose(0, 1, 3, 4, 2).reshape(-1, patch, patch, 3)
    textured: NDArray[np.uint8] = squares[squares.std(axis=(1, 2)).mean(axis=1) >= BLANK_BELOW]
    return textured
