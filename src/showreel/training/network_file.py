"""Trained networks as `.keras` files: equal weights give equal bytes, and a file of anybody else's is refused."""

import io
import json
import re
import zipfile
from pathlib import Path

import h5py
import keras

from showreel.models.parts import blocks
from showreel.storage import hdf5
from showreel.storage.errors import ShowreelError

LAYERS = {"Clip": blocks.Clip, "DepthToSpace": blocks.DepthToSpace}
"""The layers of ours that a network may hold; any other code in a file is refused."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member, since a zip archive knows none earlier."""

MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
"""What an archive holds, uncompressed, so that no member is larger than the file."""

SHARED_OBJECT = r'(?<="shared_object_id": )\d+'
OUR_MODULE = r'(?<="module": ")showreel[.\w]*'


def save(network: keras.Model, path: Path, origin: str) -> None:
    """Write a network without its optimizer.

    Keras writes the time (twice), addresses in memory and the modules of our layers into the archive; constants replace
    them here, so that neither a run nor a move of a file changes a byte.

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
    members["config.json"] = _settled(members["config.json"])
    members["metadata.json"] = json.dumps({"keras_version": keras.__version__}).encode()
    with zipfile.ZipFile(path, "w") as archive:
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
        with zipfile.ZipFile(path if path.is_file() else "") as archive:
            for member in archive.infolist():
                if member.filename not in MEMBERS or member.compress_type != zipfile.ZIP_STORED:
                    raise ValueError(f"{member.filename[:100]!a} is no member that showreel writes")
            content = archive.read("model.weights.h5")
        with h5py.File(io.BytesIO(content)) as weights:
            if reason := hdf5.foreign(weights, len(content)):
                raise ValueError(reason)
        return keras.models.load_model(path, custom_objects=LAYERS, compile=False, safe_mode=True)
    except Exception as error:  # what Keras's layers do with a foreign file has no bounds
        reason = " ".join(str(error).split())[:200]
        raise ShowreelError(f"{path}: cannot be loaded ({reason}); delete it and train again") from error


def origin(path: Path) -> str:
    """Return what `save` was told of a network's origin; an empty text for another program's file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment.decode("utf-8", "replace")
    except (OSError, zipfile.BadZipFile) as error:
        raise ShowreelError(f"{path}: cannot be read ({error}); delete it and train again") from error


def _settled(config: bytes) -> bytes:
    """Number shared objects 0, 1, 2, … in the order of their appearance, and call the home of our layers `showreel`."""
    text = re.sub(OUR_MODULE, "showreel", config.decode())
    addresses = dict.fromkeys(re.findall(SHARED_OBJECT, text))
    numbers = {address: str(number) for number, address in enumerate(addresses)}
    return re.sub(SHARED_OBJECT, lambda match: numbers[match[0]], text).encode()
