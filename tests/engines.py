"""The two engines behind one interface: run a stage, alone or with an accident, in the foreground or beside others."""

import json
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from checkouts import Checkout

ENGINES = ("dvc", "snakemake")
INJECTED = Path(__file__).parent / "faults" / "injected"

PARAMS = """\
seed: 20
datasets:
  digits: {source: digits}
inputs:
  digits-noisy: {dataset: digits, degradation: noisy, sigma: 0.5}
models:
  unet: {depth: 1, filters: 2}
training: {epochs: 3, batch_size: 128, learning_rate: 0.001, precision: float32, deterministic: true}
experiments:
  denoiser: {task: restoration, dataset: digits, input: digits-noisy, model: unet, weights: random}
crosses: {}
"""

PORTFOLIO = """\
seed: 20
datasets:
  digits: {source: digits}
inputs:
  digits-noisy: {dataset: digits, degradation: noisy, sigma: 0.5}
  digits-downscaled: {dataset: digits, degradation: downscaled, factor: 2, sigma: 0.05}
models:
  unet: {depth: 1, filters: 2}
  upscaler: {depth: 1, filters: 2}
training: {epochs: 2, batch_size: 128, learning_rate: 0.001, precision: float32}
experiments:
  identity: {task: restoration, dataset: digits, input: digits, model: unet, weights: random}
  denoiser: {task: restoration, dataset: digits, input: digits-noisy, model: unet, weights: identity}
  superresolution: {task: restoration, dataset: digits, input: digits-downscaled, model: upscaler, weights: random}
crosses:
  denoiser-crossed: {of: denoiser, dataset: digits, values: [0.25, 0.5]}
"""
"""Params of three tiny experiments, one of which begins with another's weights, and of a study of one."""
EXPERIMENTS = ("identity", "denoiser", "superresolution")

STAGES = {
    "download": ("digits", "data/raw/digits"),
    "prepare": ("digits", "data/prepared/digits.h5"),
    "degrade": ("digits-noisy", "data/prepared/digits-noisy.h5"),
    "train": ("denoiser", "models/denoiser.keras"),
    "evaluate": ("denoiser", "results/denoiser/metrics.json"),
    "render": ("denoiser", "results/denoiser/reel.gif"),
}
"""Stage → its instance's name in dvc.yaml and one of its outputs, in the order in which they run."""

GALLERY = {
    "dvc": ["dvc", "repro", "--single-item", "gallery"],
    "snakemake": ["snakemake", "--cores", "2", "--quiet", "rules", "--", "gallery"],
    "hand": ["showreel", "gallery"],
}
"""Who makes the gallery, of all experiments at once → the command."""


@dataclass(frozen=True)
class Accident:
    """Something that befalls one command of showreel.

    Attributes:
        stage: the command.
        event: an audit event of Python, just before which it strikes.
        text: a part of the event's first two arguments.
        number: which of such events.
        action: a shell command; $PPID is the process of showreel.
    """

    stage: str
    event: str
    text: str
    number: int = 1
    action: str = "kill -9 $PPID"


@dataclass(frozen=True)
class Engine:
    """DVC or Snakemake; or a hand, for the gallery alone."""

    name: str

    def command(self, stage: str) -> list[str]:
        """Return the command that brings one stage, and what it needs, up to date."""
        if stage == "gallery":
            return GALLERY[self.name]
        instance, output = STAGES[stage]
        if self.name == "dvc":
            return ["dvc", "repro", f"{stage}@{instance}"]
        return ["snakemake", "--cores", "2", "--quiet", "rules", "--", output]

    def run(self, checkout: Checkout, stage: str, accident: Accident | None = None) -> tuple[int, str]:
        """Run a stage, which must succeed unless there is an accident; return the exit code and what was printed."""
        process = self.start(checkout, stage, accident)
        printed = process.communicate()[0]
        assert accident or process.returncode == 0, printed
        return process.returncode, printed

    def start(self, checkout: Checkout, stage: str, accident: Accident | None = None) -> "subprocess.Popen[str]":
        """Start a stage in a process group of its own."""
        environment = checkout.environment
        if accident:
            path = f"{environment['PYTHONPATH']}:{INJECTED}"
            environment = environment | {"PYTHONPATH": path, "SHOWREEL_FAULT": json.dumps(vars(accident))}
        return subprocess.Popen(
            self.command(stage),
            cwd=checkout.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_heed_signals,
        )

    def recover(self, checkout: Checkout) -> None:
        """Do what the engine itself asks for after it was killed."""
        if self.name == "snakemake":
            checkout.run("snakemake", "--unlock")


def _heed_signals() -> None:
    """Take the signals of a terminal as in a terminal: in the background, shells tell programs to ignore them."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True)
class History:
    """A checkout in which one engine ran all stages, as it stood before each of them and, under "", in the end."""

    engine: Engine
    stood: dict[str, Checkout]

    @staticmethod
    def write(engine: Engine, folder: Path) -> None:
        """Run all stages, and keep in a folder how the checkout stood."""
        (folder / "now").mkdir()
        checkout = Checkout.fresh(folder / "now", PARAMS)
        for stage in STAGES:
            checkout.copied(folder / f"before-{stage}")
            engine.run(checkout, stage)

    @classmethod
    def read(cls, engine: Engine, folder: Path) -> "History":
        """Return what `write` left in a folder."""
        before = {stage: Checkout(folder / f"before-{stage}") for stage in STAGES}
        return cls(engine, before | {"": Checkout(folder / "now")})

    def reference(self, stage: str = "") -> dict[str, str]:
        """Return the digests of all outputs once a stage has run; without a name, of all stages."""
        stages = list(self.stood)
        return self.stood[stages[stages.index(stage) + 1] if stage else ""].outputs()
