"""Trained networks as `.keras` files: equal weights give equal bytes, and the file says where it came from."""

import json
import re
import zipfile
from pathlib import Path

import keras

from showreel.errors import ShowreelError
from showreel.models import blocks

LAYERS = {"Clip": blocks.Clip, "DepthToSpace": blocks.DepthToSpace}
"""The layers of ours that a network may hold; any other code in a file is refused."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member, since a zip archive knows none earlier."""

SHARED_OBJECT = r'(?<="shared_object_id": )\d+'


def save(network: keras.Model, path: Path, origin: str) -> None:
    """Write a network without its optimizer.

    Keras writes the time (twice) and addresses in memory into the archive; constants replace them here.

    Args:
        network: the network.
        path: a name that ends in `.keras`: a temporary file that its caller publishes.
        origin: JSON of what made it, kept as the archive's comment.
    """
    uncompiled = keras.Model.from_config(network.get_config(), custom_objects=LAYERS)
    uncompiled.set_weights(network.get_weights())
    uncompiled.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    members["config.json"] = _renumbered(members["config.json"])
    members["metadata.json"] = json.dumps({"keras_version": keras.__version__}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content)
        archive.comment = origin.encode()


def origin(path: Path) -> str:
    """Return what `save` was told of a network's origin; an empty text for another program's file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment.decode("utf-8", "replace")
    except (OSError, zipfile.BadZipFile) as error:
        raise ShowreelError(f"{path}: cannot be read ({error}); delete it and train again") from error


def _renumbered(config: bytes) -> bytes:
    """Replace the addresses by which Keras marks shared objects by 0, 1, 2, … in the order of their appearance."""
    text = config.decode()
    addresses = dict.fromkeys(re.findall(SHARED_OBJECT, text))
    numbers = {address: str(number) for number, address in enumerate(addresses)}
    return re.sub(SHARED_OBJECT, lambda match: numbers[match[0]], text).encode()
