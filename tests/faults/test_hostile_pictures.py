"""Pictures of strangers: bombs, giant texts, cut files, odd colours, wild EXIF. Each is decoded or has a reason."""

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import MEGABYTE, measured, project
from matrices import one_of_each, paired, sample
from PIL import Image
from test_folder import bomb, encoded, plain, three_splits, write_zip

from showreel.datasets.parts import pictures

pytestmark = pytest.mark.slow

AFTER_HEADER = 33
LARGEST = 2000
"""MiB for the largest picture that is allowed: 89 million pixels, for a moment four times in four channels."""
MEASURED = """
import json, sys
from pathlib import Path
from showreel.datasets.parts import pictures
def peak():
    return int(next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM")).split()[1])
data, before = Path(sys.argv[1]).read_bytes(), peak()
try:
    said = pictures.decode(data, "rgb").mode
except pictures.UnusableError as error:
    said = str(error)
print(json.dumps([said, (peak() - before) // 1024]))
"""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """A small PNG with one more chunk behind its header."""
    return plain()[:AFTER_HEADER] + chunk(kind, data) + plain()[AFTER_HEADER:]


def zeros(megabytes: int) -> bytes:
    return zlib.compress(bytes(megabytes * MEGABYTE), 1)


def decoded(folder: Path, data: bytes) -> tuple[str, int]:
    """Decode in a process of its own; return the mode or the reason, and the MiB of memory that it took."""
    (folder / "picture").write_bytes(data)
    done = subprocess.run([sys.executable, "-c", MEASURED, str(folder / "picture")], capture_output=True, check=True)
    said, megabytes = json.loads(done.stdout)
    return said, megabytes


@pytest.mark.parametrize(
    ("name", "said"),
    one_of_each(
        [
            ("text", "Decompressed data too large"),
            ("international text", "Decompressed data too large"),
            ("colour profile", "Decompressed data too large"),
            ("pixels", "RGB"),
            ("size", "pixels"),
            ("largest size", "pixels"),
        ],
        kind=lambda name, said: said,
    ),
)
def test_small_file_takes_little_memory(tmp_path: Path, name: str, said: str) -> None:
    data = {
        "text": lambda: with_chunk(b"zTXt", b"k\0\0" + zeros(500)),
        "international text": lambda: with_chunk(b"iTXt", b"k\0\1\0\0\0" + zeros(500)),
        "colour profile": lambda: with_chunk(b"iCCP", b"k\0\0" + zeros(500)),
        "pixels": lambda: plain()[:AFTER_HEADER] + chunk(b"IDAT", zeros(500)) + chunk(b"IEND", b""),
        "size": lambda: bomb(10_000),
        "largest size": lambda: bomb(2**31 - 1),
    }[name]()
    found, megabytes = decoded(tmp_path, data)
    assert said in found
    assert megabytes < 100


@pytest.mark.faults
def test_largest_picture_takes_bounded_memory(tmp_path: Path) -> None:
    """A transparent picture just below the limit of pixels is the most that a small file can cost."""
    source = write_zip(tmp_path / "a.zip", three_splits(encoded(Image.new("RGBA", (9400, 9400)))))
    folder = project(tmp_path, source)
    for command in ("download mine", "prepare mine"):
        outcome = measured(folder, command)
        assert (outcome.code, outcome.megabytes < LARGEST) == (0, True), outcome


@pytest.mark.parametrize(("kind", "kept"), paired(["PNG", "JPEG", "TIFF", "WEBP"], ["0.3", "0.02", "0.9"]))
def test_cut_picture_has_a_reason(kind: str, kept: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(pictures.UnusableError, match=r"\w+"):
        pictures.decode(data[: int(float(kept) * len(data))], "rgb")


@pytest.mark.parametrize("kind", sample(["PNG", "WEBP", "TIFF"], "TIFF"))
def test_first_of_several_frames_is_taken(kind: str) -> None:
    first, second = (Image.new("RGB", (8, 8), colour) for colour in ("white", "black"))
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(first, kind, save_all=True, append_images=[second] * 3, **options)
    assert pictures.decode(data, "rgb").getpixel((0, 0)) == (255, 255, 255)


MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F")


@pytest.mark.parametrize("mode", sample(MODES, "P", "LAB", "I;16", "F"))
@pytest.mark.parametrize("wanted", ["rgb", "grey"])
def test_every_colour_mode_is_decoded_or_has_a_reason(mode: str, wanted: pictures.Mode) -> None:
    data = encoded(Image.new(mode, (8, 8)), "TIFF")
    if mode in ("I", "F"):
        with pytest.raises(pictures.UnusableError, match="32-bit pixels, whose range is unknown"):
            pictures.decode(data, wanted)
    elif mode == "LAB" and wanted == "grey":
        with pytest.raises(pictures.UnusableError, match="conversion from LAB"):
            pictures.decode(data, wanted)
    else:
        assert pictures.decode(data, wanted).mode == {"rgb": "RGB", "grey": "L"}[wanted]


EXIF = {
    "too many entries": b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" * 3,
    "none": b"Exif\0\0",
    "loop": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\xff\xff\xff\xff\x06\0\0\0\x08\0\0\0",
    "orientation 65535": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\xff\xff\0\0\0\0\0\0",
    "leads nowhere": b"Exif\0\0MM\0*\xff\xff\xff\xff",
}


@pytest.mark.parametrize(("kind", "exif"), paired(["JPEG", "PNG", "WEBP"], EXIF))
def test_wild_exif_does_not_spoil_the_picture(kind: str, exif: str) -> None:
    image = Image.new("RGB", (16, 8))
    buffer = io.BytesIO()
    image.save(buffer, kind, exif=EXIF[exif])
    assert pictures.decode(buffer.getvalue(), "rgb").size in ((16, 8), (8, 16))


@pytest.mark.parametrize("kind", sample(["PNG", "WEBP"], "PNG"))
def test_exif_of_zeros_is_a_reason(kind: str) -> None:
    with pytest.raises(pictures.UnusableError, match="header"):
        pictures.decode(encoded(Image.new("RGB", (8, 8)), kind, exif=b"Exif\0\0" + bytes(60_000)), "rgb")
