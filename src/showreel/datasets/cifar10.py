"""CIFAR-10: 60,000 photographs in ten classes, 32×32 RGB; 45,000 train, 5,000 validation, 10,000 test.

Source: https://www.cs.toronto.edu/~kriz/cifar.html (binary version). Size: 170 MB. That server can be slow; set
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
        "cifar-10-binary.tar.gz",
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        (
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-10-binary.tar.gz",
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
        ),
    ),
)
VERSION = cifar_binary.Version(
    archive="cifar-10-binary.tar.gz",
    train=tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)),
    test="cifar-10-batches-bin/test_batch.bin",
    names="cifar-10-batches-bin/batches.meta.txt",
    label_bytes=1,
)


def fields(folder: Path) -> dict[str, Field]:
    """Return what the numbers of each field mean; labels are the ten classes as the archive lists them."""
    return cifar_binary.fields(folder, VERSION)


def read(folder: Path, split: Split) -> Iterator[dict[str, Rows]]:
    """Yield one split in blocks: `image` uint8 (n, 32, 32, 3), `label` int32 (n,)."""
    return cifar_binary.blocks(folder, VERSION, split)
