"""Fashion-MNIST: 70,000 pictures of clothes, 28×28 grey; 55,000 train, 5,000 validation, 10,000 test.

Source: https://github.com/zalandoresearch/fashion-mnist. Size: 30.9 MB. Licence: MIT, © 2017 Zalando SE.
Citation: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms", arXiv:1708.07747, 2017.
"""

from collections.abc import Iterator
from pathlib import Path

from showreel.datasets.parts import idx
from showreel.storage.fields import Field, Rows, Split

CLASSES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

FIELDS = ("image", "label")
FILES = idx.files(
    (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
    ),
)


def fields(folder: Path) -> dict[str, Field]:
    """Return what the numbers of each field mean; labels are the kinds of clothing in the publisher's order."""
    return {"image": Field("image"), "label": Field("label", CLASSES)}


def read(folder: Path, split: Split) -> Iterator[dict[str, Rows]]:
    """Yield one split in blocks: `image` uint8 (n, 28, 28, 1), clothes bright on 0, and `label` int32 (n,)."""
    return idx.blocks(folder, split, len(CLASSES))
