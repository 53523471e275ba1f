"""CIFAR-100: 60,000 photographs in 100 fine classes, 32×32 RGB; 45,000 train, 5,000 validation, 10,000 test.

Source: https://www.cs.toronto.edu/~kriz/cifar.html (binary version). Size: 169 MB. That server can be slow; set
SHOWREEL_MIRROR where there is a copy nearby. Licence: none is stated; the authors ask for the citation. The images come
from "80 Million Tiny Images", which its makers withdrew in 2020 for offensive labels.
Citation: A. Krizhevsky, "Learning multiple layers of features from tiny images", technical report, University of
Toronto, 2009.
"""

from collections.abc import Iterator
from pathlib import Path

from showreel.datasets.parts import cifar_binary
from showreel.datasets.parts.fetch import RemoteFile
from showreel.storage.fields import Field, Rows, Split

FIELDS = ("image", "label")
FILES = (
    RemoteFile(
        "cifar-100-binary.tar.gz",
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        (
            "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
            "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-100-binary.tar.gz",
        ),
    ),
)
VERSION = cifar_binary.Version(
    archive="cifar-100-binary.tar.gz",
    train=("cifar-100-binary/train.bin",),
    test="cifar-100-binary/test.bin",
    names="cifar-100-binary/fine_label_names.txt",
    label_bytes=2,
)


def fields(folder: Path) -> dict[str, Field]:
    """Return what the numbers of each field mean; labels are the fine classes as the archive lists them."""
    return cifar_binary.fields(folder, VERSION)


def read(folder: Path, split: Split) -> Iterator[dict[str, Rows]]:
    """Yield one split in blocks: `image` uint8 (n, 32, 32, 3), `label` int32 (n,)."""
    return cifar_binary.blocks(folder, VERSION, split)
