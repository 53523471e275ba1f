"""Training: images a second, and the PSNR that is reached, beside what people would write instead.

The U-Net of params.yaml on noisy images, each library in a process of its own, one epoch a round:

- showreel: its own stage's network, feed and settings (bfloat16 where the processor has it, two halves of each batch on
  two cores);
- plain Keras: the same layers in float32, arrays in memory, `model.fit`, TensorFlow as it comes;
- PyTorch: the same layers and distributions of initial weights, channels last, bfloat16 autocast where ours has
  bfloat16, fused Adam; needs the group `peers`. Compiled (`torch.compile`), it also needs a C++ compiler.
"""

import importlib.util
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import harness
import material
import numpy as np
from harness import OURS, Case, Result

OPTIONS = {"depth": 2, "filters": 16}
BATCH, RATE, SEED = 128, 0.001, 20
COMPILED = "PyTorch, compiled"
SHAPES = {(28, 28, 1): (12_800, 512, 2_000), (32, 32, 3): (6_400, 512, 1_000)}
TARGETS = {"plain Keras": 2.2, "PyTorch": 1.15, COMPILED: 1.15}
LARGEST_GAP = 0.05
"""dB between ours and another's PSNR on the test split at the end."""


def measure(rounds: int) -> Iterator[Result]:
    for sizes in SHAPES.items():
        yield compared("training", *sizes, rounds, {})


def compared(
    question: str,
    shape: tuple[int, int, int],
    counts: tuple[int, int, int],
    epochs: int,
    left_out: Mapping[str, str],
) -> Result:
    """Let the libraries take turns, an epoch each, after one that does not count for the rates.

    Args:
        question: what to call it, before the data.
        shape: of the images, as of `material.prepared`.
        counts: images of the three splits.
        epochs: how many count.
        left_out: case → why it is not measured.
    """
    noisy, clean, data = material.prepared(shape, counts)
    begins, skipped = _beginnings(left_out)
    scores = {name: noisy.with_name(f"{name}.json") for name in begins}
    begun = {name: partial(begin, noisy, clean, epochs + 1, scores[name]) for name, begin in begins.items()}
    rates = harness.apart(begun, epochs, title=f"{question}, {data}")
    reached = {name: json.loads(path.read_text()) for name, path in scores.items()}
    return Result(f"{question}, {data}", "images/s", rates, TARGETS, _notes(epochs + 1, reached), skipped)


def _beginnings(
    left_out: Mapping[str, str],
) -> tuple[dict[str, Callable[[Path, Path, int, Path], Case]], dict[str, str]]:
    """Return how each library begins, and for those that are left out or missing why.

    A beginning takes the prepared files of inputs and targets, the number of epochs, and the file for its score.
    """
    known = {OURS: ours, "plain Keras": plain, "PyTorch": torch, COMPILED: partial(torch, compiled=True)}
    skipped = dict(left_out)
    if shutil.which("g++") is None:
        skipped[COMPILED] = "no C++ compiler (g++)"
    if importlib.util.find_spec("torch") is None:
        skipped |= dict.fromkeys(("PyTorch", COMPILED), "not installed (`pip install --group peers`)")
    return {name: begin for name, begin in known.items() if name not in skipped}, skipped


def _notes(epochs: int, reached: dict[str, dict[str, float]]) -> tuple[str, ...]:
    told = [f"{name} {one['psnr']:.2f} dB, {one['parameters']:,} parameters" for name, one in reached.items()]
    gap = max(abs(one["psnr"] - reached[OURS]["psnr"]) for one in reached.values())
    verdict = "within" if gap <= LARGEST_GAP else "not within"
    return (f"PSNR on the test split after {epochs} epochs: {'; '.join(told)}; {verdict} {LARGEST_GAP} dB of ours",)


def ours(noisy: Path, clean: Path, epochs: int, scores: Path) -> Case:
    import keras

    from showreel.models import unet
    from showreel.storage.fields import SPLITS
    from showreel.tasks.restoration import learning
    from showreel.training import device, loop
    from showreel.training.loop import Experiment, Recipe
    from showreel.training.prediction import predict

    recipe = Recipe(unet.build, OPTIONS, SEED, epochs, BATCH, RATE, "auto", deterministic=False)
    device.set_arithmetic(recipe.precision, deterministic=recipe.deterministic)
    halved = loop.halved(recipe)
    splits = {split: material.examples(noisy, clean, split) for split in SPLITS}
    experiment = Experiment("bench", learning, splits, recipe)
    feed, (degraded, targets) = loop.feed(experiment), material.arrays(noisy, clean, "test")
    network: keras.Model = loop.compiled(experiment, feed.steps, halved=halved)
    numbers = iter(range(epochs))

    def epoch() -> float:
        start, number = time.perf_counter(), next(numbers)
        network.fit(feed.batches(np.random.default_rng((SEED, number))), verbose=0, shuffle=False)
        seconds = time.perf_counter() - start
        _write(scores, targets, predict(network, degraded), network.count_params())
        return splits["train"].count / seconds

    return epoch


def plain(noisy: Path, clean: Path, epochs: int, scores: Path) -> Case:
    os.environ.pop("TF_ENABLE_ONEDNN_OPTS", None)  # set by `material`, as the command does; this is a loop without us

    import keras

    from showreel.models.parts import blocks

    degraded, targets = (array.astype(np.float32) / 255 for array in material.arrays(noisy, clean, "train"))
    test, test_targets = material.arrays(noisy, clean, "test")
    keras.utils.set_random_seed(SEED)
    images = keras.Input(degraded.shape[1:])
    network = keras.Model(images, blocks.restored(blocks.u_net(images, **OPTIONS), targets.shape[1:]))
    steps = epochs * -(-len(targets) // BATCH)
    network.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)), "mean_squared_error")

    def epoch() -> float:
        start = time.perf_counter()
        network.fit(degraded, targets, batch_size=BATCH, verbose=0)
        seconds = time.perf_counter() - start
        restored = network.predict(test.astype(np.float32) / 255, batch_size=1024, verbose=0)
        _write(scores, test_targets, restored, network.count_params())
        return len(targets) / seconds

    return epoch


def torch(noisy: Path, clean: Path, epochs: int, scores: Path, *, compiled: bool = False) -> Case:
    import torch

    torch.manual_seed(SEED)
    images, targets = (torch.from_numpy(array).permute(0, 3, 1, 2) for array in material.arrays(noisy, clean, "train"))
    degraded, test_targets = material.arrays(noisy, clean, "test")
    network = _torch_network(images.shape[1]).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), RATE, fused=True)
    steps = epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    restore = torch.compile(network) if compiled else network
    autocast = partial(torch.autocast, "cpu", torch.bfloat16, enabled="bf16" in harness.machine()[harness.UNITS])

    def epoch() -> float:
        start = time.perf_counter()
        network.train()
        for rows in torch.randperm(len(images)).split(BATCH):
            inputs = images[rows].float().div_(255).contiguous(memory_format=torch.channels_last)
            wanted = targets[rows].float().div_(255)
            with autocast():
                restored = restore(inputs)
            loss = torch.nn.functional.mse_loss(restored.float(), wanted)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        seconds = time.perf_counter() - start
        with torch.no_grad(), autocast():
            test = torch.from_numpy(degraded).permute(0, 3, 1, 2).float().div_(255)
            parts = [network(part).float().clamp(0, 1) for part in test.split(1024)]
        restored = torch.cat(parts).permute(0, 2, 3, 1).numpy()
        _write(scores, test_targets, restored, sum(one.numel() for one in network.parameters()))
        return len(images) / seconds

    return epoch


def _torch_network(channels: int) -> Any:
    """Return `models/unet.py` in PyTorch's words."""
    from torch import nn

    class Level(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)

        def forward(self, x: Any) -> Any:
            return (x + self.second(self.first(x).relu())).relu()

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            widths = [OPTIONS["filters"] * 2**level for level in range(OPTIONS["depth"] + 1)]
            steps = list(pairwise(widths))
            self.stem = nn.Conv2d(channels, widths[0], 3, padding=1)
            self.down = nn.ModuleList(Level(width) for width in widths[:-1])
            self.halve = nn.ModuleList(nn.Conv2d(a, b, 3, 2, padding=1) for a, b in steps)
            self.bottom = Level(widths[-1])
            self.doubled = nn.ModuleList(nn.Conv2d(b, 4 * a, 1) for a, b in steps)
            self.space = nn.PixelShuffle(2)
            self.up = nn.ModuleList(Level(width) for width in widths[:-1])
            self.image = nn.Conv2d(widths[0], channels, 3, padding=1)
            for name, values in self.named_parameters():
                nn.init.xavier_uniform_(values) if values.ndim > 1 else nn.init.zeros_(values)
                if name.endswith(("second.weight", "image.weight")):
                    nn.init.zeros_(values)

        def forward(self, x: Any) -> Any:
            x, skipped = self.stem(x).relu(), []
            for down, halve in zip(self.down, self.halve, strict=True):
                x = down(x)
                skipped.append(x)
                x = halve(x).relu()
            x = self.bottom(x)
            for level in reversed(range(OPTIONS["depth"])):
                x = self.up[level](self.space(self.doubled[level](x).relu()) + skipped[level])
            return self.image(x)

    return Network()


def _write(path: Path, target: np.ndarray, restored: np.ndarray, parameters: int) -> None:
    from showreel.tasks.restoration import learning

    psnr = float(learning.psnr(target, np.ascontiguousarray(restored, np.float32)).mean())
    path.write_text(json.dumps({"psnr": psnr, "parameters": int(parameters)}))
