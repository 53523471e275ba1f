"""The device that a network runs on and the arithmetic that suits it."""

from pathlib import Path
from typing import Literal

import tensorflow as tf

Precision = Literal["auto", "bfloat16", "float32"]

AMPERE = (8, 0)
"""The first compute capability of NVIDIA's GPUs with bfloat16 matrix units."""

BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}
"""Linux's names for the processor features that make bfloat16 faster than float32."""


def claim() -> str:
    """Let TensorFlow take GPU memory as it needs it, and return the device's name: a GPU's or the processor's."""
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    return str(tf.config.experimental.get_device_details(gpus[0])["device_name"]) if gpus else _processor("model name")


def dtype_policy(precision: Precision) -> str:
    """Return Keras's name for the arithmetic: `mixed_bfloat16` or `float32`; `auto` takes what is faster here."""
    if precision == "auto":
        precision = "bfloat16" if _has_fast_bfloat16() else "float32"
    return {"bfloat16": "mixed_bfloat16", "float32": "float32"}[precision]


def _has_fast_bfloat16() -> bool:
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        return all(
            tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0)) >= AMPERE for gpu in gpus
        )
    return not BFLOAT16_FLAGS.isdisjoint(_processor("flags").split())


def _processor(field: str) -> str:
    """Return a field of the first processor that Linux describes, or "unknown" where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(field)), "unknown")
