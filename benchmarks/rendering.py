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
from showreel.drawing.frame import Film, frames
from showreel.drawing.gif import animated
from showreel.stages import render as stage
from showreel.storage import reel as storage
from showreel.storage.fields import Field, to_json
from showreel.storage.reel import Chosen, Reel
from showreel.tasks.restoration import drawing
from showreel.tasks.restoration.scores import SCORES

EPOCHS, IMAGES = 25, 10
METRICS = {"psnr": 21.5, "ssim": 0.9, "gain": 6.5, "baseline_psnr": 15.0, "input_psnr": 9.0, "count": 10}
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
    size = next(frames(_film(reel))).shape[1::-1]
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


def _film(reel: Reel) -> Film:
    """Return what the frames are drawn from, as the stage makes it."""
    rows = drawing.rows(reel.inputs, reel.targets, reel.outputs, reel.inputs["image"], storage.described(reel))
    return Film("bench", rows, reel.epochs, reel.scores, METRICS, SCORES, "median")


def _drawn(reel: Reel, path: Path) -> None:
    """Draw the GIF as the stage does, and nothing else."""
    film = _film(reel)
    palette = colours.palette([row.tiles for row in film.rows if not row.key], [])
    path.write_bytes(animated(frames(film), palette, "{}")[0])


def _stage(reel: Reel, folder: Path) -> Callable[[], None]:
    """Return the whole stage: files read, six pictures written, lineage recorded."""
    storage.write(folder / "reel.h5", reel)
    storage.write(folder / "chosen.h5", _chosen(reel))
    (folder / "metrics.json").write_text(json.dumps(METRICS))
    inputs = {"reel": folder / "reel.h5", "chosen": folder / "chosen.h5", "metrics": folder / "metrics.json"}
    files = stage.Paths(**inputs, **{name: folder / file for name, file in OUTPUTS.items()})
    return lambda: stage.render("bench", files, lineage=material.lineage(folder))


def _reel() -> Reel:
    """Return noisy images that turn into clean ones, as a training's do."""
    noisy, clean, _ = material.prepared(material.MNIST, (8, 8, IMAGES))
    degraded, target = material.arrays(noisy, clean, "test")
    shares = np.linspace(0, 1, EPOCHS + 1).reshape(-1, 1, 1, 1, 1)
    return Reel(
        origin="{}",
        task=material.TASK,
        score="psnr",
        fields=json.dumps({"image": to_json(Field("image"))}),
        indices=np.arange(IMAGES),
        inputs={"image": degraded},
        targets={"image": target},
        epochs=np.arange(EPOCHS + 1),
        scores=np.linspace(9, 21.5, EPOCHS + 1),
        outputs=np.rint(shares * target + (1 - shares) * degraded).astype(np.uint8),
    )


def _chosen(reel: Reel) -> Chosen:
    degraded, target = (np.asarray(fields["image"]) for fields in (reel.inputs, reel.targets))
    return Chosen(
        origin="{}",
        task=reel.task,
        baseline="median",
        reel_answers=degraded,
        indices=np.arange(3),
        inputs={"image": degraded[:3]},
        targets={"image": target[:3]},
        answers=degraded[:3],
        outputs=target[:3],
    )


def _animated(reel: Reel, path: Path, size: tuple[int, ...]) -> None:
    """Draw the same rows as people do, a grid of `imshow` with new data for every frame, in as many pixels as ours."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot
    from matplotlib.animation import FuncAnimation, PillowWriter

    degraded, target = (np.asarray(fields["image"]) for fields in (reel.inputs, reel.targets))
    figure, axes = pyplot.subplots(len(ROWS), IMAGES, figsize=[side / DPI for side in size], dpi=DPI)
    shown = [[axis.imshow(np.zeros(target.shape[1:3]), cmap="gray", vmin=0, vmax=255) for axis in row] for row in axes]
    for axis in axes.flat:
        axis.set_axis_off()

    def draw(epoch: int) -> list[object]:
        network = reel.outputs[epoch]
        difference = np.abs(network.astype(int) - target).astype(np.uint8)
        for row, images in zip(shown, (degraded, degraded, network, target, difference), strict=True):
            for picture, image in zip(row, images, strict=True):
                picture.set_data(image[..., 0])
        figure.suptitle(f"epoch {epoch}: {reel.scores[epoch]:.2f} dB")
        return []

    FuncAnimation(figure, draw, frames=EPOCHS + 1).save(path, writer=PillowWriter(fps=5))
    pyplot.close(figure)
