"""The device that a network runs on and the arithmetic that suits it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import keras
import tensorflow as tf

from showreel.storage.errors import ParamsError
from showreel.training.exclusive import held

Precision = Literal["auto", "bfloat16", "float32"]

GPU_LOCKS = Path(tempfile.gettempdir()) / f"showreel-gpus-{os.getuid()}"
"""One for all checkouts of a user; another user could not lock its files."""

AMPERE = (8, 0)
"""The first compute capability of NVIDIA's GPUs with bfloat16 matrix units."""

BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}
"""Linux's names for the processor features that make bfloat16 faster than float32."""


def gpus() -> list[tf.config.PhysicalDevice]:
    """Return the GPUs that TensorFlow sees."""
    return list(tf.config.list_physical_devices("GPU"))


@contextmanager
def claimed(*, alone: bool, count: int = 1) -> Iterator[str]:
    """Hold devices, and yield what they are called: GPUs, or the processor. TensorFlow takes GPU memory as it needs it.

    Args:
        alone: whether to wait for GPUs that no other such process of this machine holds. Only where TensorFlow sees
            several is there a choice: a scheduler that hands out devices shows each job its own alone.
        count: how many GPUs to take where there is a choice.
    """
    found = gpus()
    for gpu in found:
        tf.config.experimental.set_memory_growth(gpu, True)
    with ExitStack() as stack:
        if alone and len(found) >= max(2, count):
            places = stack.enter_context(held(_numbers(len(found)), GPU_LOCKS, count))
            found = [found[place] for place in places]
            tf.config.set_visible_devices(found, "GPU")
        name = tf.config.experimental.get_device_details(found[0])["device_name"] if found else _processor("model name")
        yield str(name) if count == 1 else f"{count} × {name}"


def strategy(count: int) -> tf.distribute.Strategy:
    """Return how a network that is built within its scope trains on the first `count` devices, each on its share.

    Raises:
        ParamsError: TensorFlow sees fewer.
    """
    if count == 1:
        return tf.distribute.get_strategy()
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) < count:
        raise ParamsError(
            f"training.devices: {count}, but TensorFlow sees {len(devices)} here; 1 gives the same but for rounding"
        )
    return tf.distribute.MirroredStrategy([device.name for device in devices[:count]])


def _numbers(count: int) -> list[str]:
    """Return how the machine calls the GPUs that TensorFlow numbers from 0 on."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").replace(" ", "")
    return visible.split(",")[:count] if visible else [str(number) for number in range(count)]


def set_arithmetic(precision: Precision, *, deterministic: bool) -> str:
    """Set the arithmetic of networks that are built from now on, and return Keras's name for it."""
    policy = dtype_policy(precision)
    keras.config.set_dtype_policy(policy)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    return policy


def dtype_policy(precision: Precision) -> str:
    """Return Keras's name for the arithmetic: `mixed_bfloat16` or `float32`; `auto` takes what is faster here."""
    if precision == "auto":
        precision = "bfloat16" if _has_fast_bfloat16() else "float32"
    return {"bfloat16": "mixed_bfloat16", "float32": "float32"}[precision]


def _has_fast_bfloat16() -> bool:
    if found := gpus():
        return all(
            tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0)) >= AMPERE for gpu in found
        )
    return not BFLOAT16_FLAGS.isdisjoint(_processor("flags").split())


def _processor(field: str) -> str:
    """Return a field of the first processor that Linux describes, or "unknown" where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(field)), "unknown")
