"""From a trained network to a file for other programs, published only if it answers as Keras does."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import tensorflow as tf

from showreel.exporting.formats import FORMATS
from showreel.exporting.parity import Distance, Network, arithmetic, distances, in_float32
from showreel.pipeline import provenance
from showreel.pipeline.quiet import quiet
from showreel.storage import atomic
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.training import network_file
from showreel.training.prediction import predict

TOLERANCE = 1e-4
"""The largest difference on [0, 1] that passes: a fortieth of the step between two values of 8 bits.

Both sides compute in float32 and differ in the order of their sums, which makes a few millionths;
weights kept as bfloat16 or a wrong padding make a hundredth and more.
"""


def export(experiment: str, *, form: str, model: Path, prepared: Path, output: Path) -> str:
    """Write a trained network in a format, run it in that format's own runtime on the test split, and publish it.

    A network that was trained in bfloat16 is written in float32, the arithmetic that every runtime has.

    Args:
        experiment: its name, for the progress bar.
        form: one of `formats.FORMATS`.
        model: the trained network.
        prepared: the prepared file of its input.
        output: the file or folder to write; what an earlier export left there is replaced.

    Returns:
        What to tell the user: size and differences.

    Raises:
        ParamsError: `output` has a wrong suffix, or is something that no export wrote.
        ShowreelError: a file is damaged, the format cannot hold the network, or it answers otherwise than Keras.
    """
    check_output(form, output)
    tf.config.experimental.enable_tensor_float_32_execution(False)  # on a GPU, products would keep 10 bits
    network = network_file.load(model)
    portable = in_float32(network)
    module = importlib.import_module(f"showreel.exporting.{form}")
    with _publishing(form, output) as temporary:
        try:
            with quiet():
                module.write(portable, temporary, provenance.file_digest(model))
                exported: Network = module.opened(temporary)
        except Exception as error:  # what converters do with a layer that they do not know has no bounds
            reason = " ".join(str(error).split())[:200]
            raise ShowreelError(f"{model}: cannot be written as {form} ({reason})") from error
        others = {"exported": exported}
        if arithmetic(network) != "float32":
            others["trained"] = lambda images: predict(network, images)
        found = distances(portable, others, prepared, f"export {experiment}")
        if not found["exported"].largest <= TOLERANCE:
            raise ShowreelError(
                f"{output}: not written, for as {form} the network's output differs from that in Keras by up to "
                f"{found['exported'].largest:.1e}, and {TOLERANCE:.0e} passes; report this with {model}"
            )
    return _told(output, network, found)


def hide_gpus() -> None:
    """Leave GPUs to trainings; to be called before TensorFlow has used one."""
    tf.config.set_visible_devices([], "GPU")


def check_output(form: str, output: Path) -> None:
    """Refuse to write where no earlier export of this format can have been."""
    suffix, members = FORMATS[form].suffix, FORMATS[form].members
    if not members:
        if output.suffix != suffix:
            raise ParamsError(f"{output}: the name of an export as {form} ends in {suffix}")
        if output.is_dir():
            raise ParamsError(f"{output}: is a folder; remove it or choose another name with --output")
    elif output.name in ("", "..") or output.is_symlink() or (output.exists() and not _is_replaceable(output, members)):
        raise ParamsError(f"{output}: exists and is no export as {form}; choose another name with --output")


def _is_replaceable(folder: Path, members: frozenset[str]) -> bool:
    return folder.is_dir() and members.issuperset(path.name for path in folder.iterdir())


@contextmanager
def _publishing(form: str, output: Path) -> Iterator[Path]:
    """Yield a temporary place for a file or folder that takes its own on success."""
    if FORMATS[form].members:
        with atomic.replacing(output) as folder:
            yield folder
    else:
        with atomic.writing(output) as (file,):
            yield file


def _told(output: Path, network: keras.Model, found: dict[str, Distance]) -> str:
    files = [output] if output.is_file() else [path for path in output.rglob("*") if path.is_file()]
    lines = [
        f"{output}: {sum(path.stat().st_size for path in files):,} bytes",
        f"from Keras, both in float32: {found['exported']} ({TOLERANCE:.0e} passes)",
    ]
    if "trained" in found:
        lines.append(f"from Keras in {arithmetic(network)}, as it was trained and scored: {found['trained']}")
    return "\n".join(lines)
