"""Trained networks as `.keras` files: equal weights give equal bytes, and the file says where it came from."""

import json
import zipfile
from pathlib import Path

import keras

from showreel import atomic
from showreel.errors import ShowreelError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member, since a zip archive knows none earlier."""


def save(network: keras.Model, path: Path, origin: str) -> None:
    """Write an uncompiled network atomically.

    Keras writes the time into the archive twice; both places are set to a constant here.

    Args:
        network: the network; its optimizer is not kept.
        path: a name that ends in `.keras`.
        origin: JSON of what made it, kept as the archive's comment.
    """
    with atomic.writing(path) as temporary:
        network.save(temporary)
        with zipfile.ZipFile(temporary) as archive:
            members = {name: archive.read(name) for name in sorted(archive.namelist())}
        saved = json.loads(members["metadata.json"])
        members["metadata.json"] = json.dumps({"keras_version": saved["keras_version"]}).encode()
        with zipfile.ZipFile(temporary, "w") as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name, EPOCH), content)
            archive.comment = origin.encode()


def load(path: Path) -> keras.Model:
    """Load a network that `save` wrote, ready to predict.

    Raises:
        ShowreelError: the file is missing, damaged, or holds code (which Keras's safe mode refuses).
    """
    if not path.exists():
        raise ShowreelError(f"{path}: missing; train it first (`dvc repro` does that)")
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError, KeyError, TypeError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())[:200]
        raise ShowreelError(f"{path}: cannot be loaded ({reason}); delete it and train again") from error
