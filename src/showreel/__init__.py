"""Showreel: data sets in, trained networks, honest scores and GIFs of networks that learn out."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from showreel.applying.restorer import load as load


def __getattr__(name: str) -> Any:
    """Import `showreel.load` once it is asked for: TensorFlow takes seconds, and a stage has no use for it."""
    if name != "load":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from showreel.applying.restorer import load

    return load
