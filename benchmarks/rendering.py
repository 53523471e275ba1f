"""Rendering: frames a second of a reel of 25 epochs, and the GIF's size, beside matplotlib's animation writer."""

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import harness
import material
import numpy as np
from harness import OURS, Result

from showreel.drawing import colours
from showreel.drawing.frame import frames
from showreel.drawing.gif import animated
from showreel.scoring.chosen import Examples
from showreel.stages import render as stage
from showreel.storage import prepared
from showreel.storage.prepared import Reel

EPOCHS, IMAGES = 25, 10
METRICS = {"psnr": 21.5, "ssim": 0.9, "gain_db": 6.5, "baseline_psnr": 15.0, "input_psnr": 9.0, "count": 10}
OUTPUTS = {
    "gif": "stage.gif", "poster": "poster.png", "card": "card.gif", "still": "card.png",
    "sheet": "sheet.png", "places": "sheet.json",
}  # fmt: skip
PEER = "matplotlib's PillowWriter"
DPI = 100
STAGE = "the whole stage"
ROWS = ("input", "baseline", "network", "truth", "difference")


def measure(rounds: int) -> Iterator[Result]:
    """Compare the GIF alone with an animation of the same rows, and tell what the whole stage takes beside it."""
    folder = material.scratch()
    reel = _reel()
    size = next(frames("bench", reel, _examples(reel), METRICS)).shape[1::-1]
    cases = {
        OURS: lambda: material.rate(EPOCHS + 1, lambda: _drawn(reel, folder / "reel.gif")),
        STAGE: lambda: material.rate(EPOCHS + 1, _stage(reel, folder)),
    }
    skipped = {}
    if importlib.util.find_spec("matplotlib") is None:
        skipped[PEER] = "not installed (`pip install --group peers`)"
    else:
        cases[PEER] = lambda: material.rate(EPOCHS + 1, lambda: _animated(reel, folder / "peer.gif", size))
    rates = harness.paired(cases, rounds, title="render")
    sizes = ", ".join(f"{file.name} {file.stat().st_size / 1024:.0f} KiB" for file in sorted(folder.glob("*.gif")))
    question = f"a reel of {EPOCHS} epochs, {IMAGES} images of MNIST's size"
    yield Result(question, "frames/s", rates, {PEER: 20}, (sizes,), skipped, own=(STAGE,))


def _drawn(reel: Reel, path: Path) -> None:
    """Draw the GIF as the stage does, and nothing else."""
    examples = _examples(reel)
    palette = colours.palette([reel.target, reel.degraded, examples.baseline, reel.predictions])
    path.write_bytes(animated(frames("bench", reel, examples, METRICS), palette, "{}")[0])


def _stage(reel: Reel, folder: Path) -> Callable[[], None]:
    """Return the whole stage: files read, six pictures written, lineage recorded."""
    prepared.write(folder / "reel.h5", reel)
    prepared.write(folder / "examples.h5", _examples(reel))
    (folder / "metrics.json").write_text(json.dumps(METRICS))
    inputs = {"reel": folder / "reel.h5", "examples": folder / "examples.h5", "metrics": folder / "metrics.json"}
    outputs = {name: folder / file for name, file in OUTPUTS.items()}
    return lambda: stage.render("bench", **inputs, **outputs, lineage=material.lineage(folder))


def _reel() -> Reel:
    """Return noisy images that turn into clean ones, as a training's do."""
    pairs = material.pairs(material.MNIST, (8, 8, IMAGES), "test").read()
    shares = np.linspace(0, 1, EPOCHS + 1).reshape(-1, 1, 1, 1, 1)
    return Reel(
        origin="{}",
        indices=np.arange(IMAGES),
        degraded=pairs.degraded,
        target=pairs.target,
        epochs=np.arange(EPOCHS + 1),
        predictions=np.rint(shares * pairs.target + (1 - shares) * pairs.degraded).astype(np.uint8),
        psnr=np.linspace(9, 21.5, EPOCHS + 1),
    )


def _examples(reel: Reel) -> Examples:
    return Examples(
        origin="{}",
        baseline_name="median",
        baseline=reel.degraded,
        chosen=np.arange(3),
        chosen_degraded=reel.degraded[:3],
        chosen_target=reel.target[:3],
        chosen_baseline=reel.degraded[:3],
        chosen_restored=reel.target[:3],
    )


def _animated(reel: Reel, path: Path, size: tuple[int, ...]) -> None:
    """Draw the same rows as people do, a grid of `imshow` with new data for every frame, in as many pixels as ours."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot
    from matplotlib.animation import FuncAnimation, PillowWriter

    figure, axes = pyplot.subplots(len(ROWS), IMAGES, figsize=[side / DPI for side in size], dpi=DPI)
    shown = [
        [axis.imshow(np.zeros(reel.target.shape[1:3]), cmap="gray", vmin=0, vmax=255) for axis in row] for row in axes
    ]
    for axis in axes.flat:
        axis.set_axis_off()

    def draw(epoch: int) -> list[object]:
        network = reel.predictions[epoch]
        difference = np.abs(network.astype(int) - reel.target).astype(np.uint8)
        for row, images in zip(shown, (reel.degraded, reel.degraded, network, reel.target, difference), strict=True):
            for picture, image in zip(row, images, strict=True):
                picture.set_data(image[..., 0])
        figure.suptitle(f"epoch {epoch}: {reel.psnr[epoch]:.2f} dB")
        return []

    FuncAnimation(figure, draw, frames=EPOCHS + 1).save(path, writer=PillowWriter(fps=5))
    pyplot.close(figure)
