"""What an ONNX file says of itself: the properties that `showreel export` gave it, read without ONNX's own packages.

A file is one message of Protocol Buffers: fields, each a number with its kind and then its value
(https://protobuf.dev/programming-guides/encoding). Of ONNX's `ModelProto` only the properties are of interest here.
"""

from collections.abc import Iterator
from pathlib import Path

from showreel.storage.errors import ShowreelError

PROPERTIES, KEY, VALUE = 14, 1, 2
"""The fields' numbers: in a model, and in one of its properties."""

VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
"""Kinds of values."""

LONGEST = 10
"""Bytes of a number at most."""


def properties(content: bytes, path: Path) -> dict[str, str]:
    """Return a model's properties by name; one that is there twice has its last value.

    Args:
        content: of the file.
        path: of the file, for messages.

    Raises:
        ShowreelError: these bytes are no message of Protocol Buffers.
    """
    texts_by_name = {}
    try:
        for number, value in _fields(content):
            if number == PROPERTIES and isinstance(value, bytes):
                texts = {number: text for number, text in _fields(value) if isinstance(text, bytes)}
                texts_by_name[texts.get(KEY, b"").decode()] = texts.get(VALUE, b"").decode()
    except ValueError as error:
        raise ShowreelError(f"{path}: is no ONNX file ({error}); delete it, or run `showreel export` again") from error
    return texts_by_name


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield the number and the value of each field."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _number(message, at)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            length, at = _number(message, at)
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            length = 8 if kind == EIGHT_BYTES else 4
        else:
            raise ValueError(f"no field begins with {tag} at byte {at}")
        if length > len(message) - at:
            raise ValueError(f"cut short at byte {len(message)}")
        yield tag >> 3, message[at : at + length]
        at += length


def _number(message: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, seven bits a byte, the lowest first, and where it ends."""
    value = 0
    for place, byte in enumerate(message[at : at + LONGEST]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError(f"a number without an end at byte {at}")
