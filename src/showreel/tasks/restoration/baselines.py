"""What a restoring network has to beat: the classical ways back that its degradation names."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from showreel.params import registry
from showreel.scoring.baselines import Baseline, Made
from showreel.storage.fields import Fields
from showreel.tasks.restoration.learning import unit

Images = NDArray[np.float32]


def baselines(made: Made) -> Mapping[str, Baseline]:
    """Return the ways back that the degradation's file has, in its order; none where nothing was degraded.

    Those take and return float32 (n, h, w, c) in [0, 1], and are told the target's (height, width).
    """
    if not made.degradation:
        return {}
    shape = _size(made)
    named: Mapping[str, Baseline] = registry.module("degradations", made.degradation).BASELINES
    return {
        name: baseline._replace(answer=partial(_restored, baseline.answer, shape)) for name, baseline in named.items()
    }


def unchanged(made: Made) -> Baseline | None:
    """Return the degraded image itself; one of another size is enlarged by repeating its pixels."""
    if not made.degradation:
        return None
    return Baseline(partial(_enlarged, _size(made)))


def _size(made: Made) -> tuple[int, int]:
    """Return the (height, width) of the clean images."""
    height, width, _ = made.targets["image"].shape
    return height, width


def _restored(restore: Callable[..., Images], shape: tuple[int, int], inputs: Fields, **options: Any) -> Images:
    return restore(unit(np.asarray(inputs["image"])), shape, **options)


def _enlarged(shape: tuple[int, int], inputs: Fields) -> Images:
    """Repeat each pixel by the whole factor that leads to `shape`, and cut off what padding had added."""
    images = unit(np.asarray(inputs["image"]))
    down, across = (-(-target // size) for target, size in zip(shape, images.shape[1:3], strict=True))
    return images.repeat(down, axis=1).repeat(across, axis=2)[:, : shape[0], : shape[1]]
