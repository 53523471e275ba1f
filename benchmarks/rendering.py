"""Rendering: frames a second of a reel of 25 epochs, and the GIF's size, beside matplotlib's animation writer."""

import importlib.util
import json
import tempfile
from pathlib import Path

import harness
import material
import numpy as np
from harness import OURS, Result

from showreel import storage
from showreel.objectives.restoration.examples import Examples
from showreel.stages.render import render
from showreel.storage import Reel

EPOCHS, IMAGES = 25, 10
METRICS = {"psnr": 21.5, "ssim": 0.9, "gain_db": 6.5, "baseline_psnr": 15.0, "input_psnr": 9.0, "count": 10}
OUTPUTS = {
    "gif": "reel.gif", "poster": "poster.png", "card": "card.gif", "still": "card.png",
    "sheet": "sheet.png", "places": "sheet.json",
}  # fmt: skip
PEER = "matplotlib's PillowWriter"
ROWS = ("input", "baseline", "network", "truth", "difference")


def measure(rounds: int) -> list[Result]:
    """Compare the whole stage, which also draws the cards and the sheet, with an animation of the same rows alone."""
    folder = Path(tempfile.mkdtemp(prefix="showreel-bench-"))
    reel = _reel()
    storage.write(folder / "reel.h5", reel)
    storage.write(folder / "examples.h5", _examples(reel))
    (folder / "metrics.json").write_text(json.dumps(METRICS))
    inputs = {"reel": folder / "reel.h5", "examples": folder / "examples.h5", "metrics": folder / "metrics.json"}
    outputs = {name: folder / file for name, file in OUTPUTS.items()}

    def ours() -> None:
        render("bench", **inputs, **outputs, lineage=material.lineage(folder))

    cases = {OURS: lambda: material.rate(EPOCHS + 1, ours)}
    question = f"rendering {EPOCHS} epochs of {IMAGES} images"
    if importlib.util.find_spec("matplotlib") is None:
        rates = harness.paired(cases, rounds, title="render")
        return [Result(question, "frames/s", rates, skipped={PEER: "not installed (`pip install --group peers`)"})]
    cases[PEER] = lambda: material.rate(EPOCHS + 1, lambda: _animated(reel, folder / "peer.gif"))
    rates = harness.paired(cases, rounds, title="render")
    sizes = [(folder / name).stat().st_size / 1024 for name in ("reel.gif", "peer.gif")]
    note = f"the GIF has {sizes[0]:.0f} KiB, matplotlib's {sizes[1]:.0f} KiB"
    return [Result(question, "frames/s", rates, {PEER: 20}, (note,))]


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


def _animated(reel: Reel, path: Path) -> None:
    """Draw the same rows as people do: a grid of `imshow`, its data set anew for every frame."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot
    from matplotlib.animation import FuncAnimation, PillowWriter

    figure, axes = pyplot.subplots(len(ROWS), IMAGES, figsize=(9.2, 5))
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
