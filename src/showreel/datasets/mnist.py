"""MNIST: 70,000 handwritten digits, 28×28 grey; 55,000 train, 5,000 validation, 10,000 test.

Source: http://yann.lecun.com/exdb/mnist/, which no longer answers reliably; the mirrors of PyTorch and of the
Common Visual Data Foundation hold the same bytes. Size: 11.6 MB.
Licence: Creative Commons Attribution-ShareAlike 3.0; Yann LeCun and Corinna Cortes hold the copyright.
Citation: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 86 (11), 2278–2324, 1998.
"""

from collections.abc import Iterator
from pathlib import Path

from showreel.datasets.parts import idx
from showreel.storage.fields import Field, Rows, Split

CLASSES = tuple("0123456789")

FIELDS = ("image", "label")
FILES = idx.files(
    (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
    ("https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"),
)


def fields(folder: Path) -> dict[str, Field]:
    """Return what the numbers of each field mean; labels are the digits in their order."""
    return {"image": Field("image"), "label": Field("label", CLASSES)}


def read(folder: Path, split: Split) -> Iterator[dict[str, Rows]]:
    """Yield one split in blocks: `image` uint8 (n, 28, 28, 1), strokes bright on 0, and `label` int32 (n,)."""
    return idx.blocks(folder, split, len(CLASSES))
