"""Trained networks, read back from their `.keras` files; a file of anybody else's is refused before Keras sees it.

Apart from the writing of such files, so that a change here trains nothing again.
"""

import io
import zipfile
from pathlib import Path

import h5py
import keras

from showreel import hdf5
from showreel.errors import ShowreelError
from showreel.models.archive import LAYERS

MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
"""What an archive holds, uncompressed, so that no member is larger than the file."""


def load(path: Path) -> keras.Model:
    """Load a network that `archive.save` wrote, ready to predict.

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
