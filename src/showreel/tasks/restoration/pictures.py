"""What a page needs on which a reader tries a restoring network on a picture of their own, in the browser.

The page's scripts, in `assets/`, degrade a picture as the pipeline does, restore it, and score it by its PSNR.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from showreel.drawing.colours import difference_map
from showreel.drawing.tiles import DIFFERENCE_LIMIT

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("degrading.js", "try.js")
"""Of the files in `ASSETS`, in the order in which a page loads them."""

UNCHANGED = "unchanged"
"""What the scripts call the way from an image to an input that is the image itself."""

LARGEST = 1e12
FIGURES = {"truth": "Truth", "input": "Input", "network": "Network", "difference": "Difference"}
WITHOUT_TRUTH = ("input", "network")
"""The figures where a picture cannot be degraded: it is the input itself."""

INVITATION = "Choose a picture, and see what the network makes of it."
INVITATIONS = {
    "noisy": "Choose a picture, add noise, and see how much of it comes back.",
    "downscaled": "Choose a picture, which is made smaller first, and see how much of it comes back.",
}


class Unchanged(BaseModel):
    """The options of no degradation: none."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Noisy(Unchanged):
    """Those of `noisy`."""

    sigma: Annotated[float, Field(ge=0, le=LARGEST)]


class Downscaled(Noisy):
    """Those of `downscaled`."""

    factor: Annotated[int, Field(ge=2, le=LARGEST)]


DEGRADATIONS: dict[str, type[Unchanged]] = {UNCHANGED: Unchanged, "noisy": Noisy, "downscaled": Downscaled}
"""The degradations that `assets/degrading.js` knows, by their names in params.yaml."""


class Offer(NamedTuple):
    """What a page says on which a network can be tried.

    Attributes:
        figures: id → name of what is shown side by side.
        sigma: start, most and step of the slider for the noise; None where there is none.
        invitation: what a reader is to do.
        legend: below the figures.
        data: what the scripts need besides the network and the samples.
    """

    figures: Mapping[str, str]
    sigma: Mapping[str, Any] | None
    invitation: str
    legend: str
    data: Mapping[str, Any]


def offer(degradation: str, input_name: str, options: Mapping[str, Any]) -> Offer:
    """Return what a page says of a network that was trained on a degradation.

    Args:
        degradation: a file of `degradations/`; "" where the network was given the images themselves.
        input_name: the name of its input.
        options: the degradation's.
    """
    name = degradation or UNCHANGED
    usable = _options(name, options)
    data = {"colours": difference_map().tolist(), "limit": DIFFERENCE_LIMIT}
    if usable is None:
        return Offer(
            figures={kind: FIGURES[kind] for kind in WITHOUT_TRUTH},
            sigma=None,
            invitation=INVITATION,
            legend=f"The network takes the picture as it is; it was trained on {input_name}.",
            data=data | {"degradation": {"name": "", "options": {}}},
        )
    return Offer(
        figures=FIGURES,
        sigma=_slider(usable["sigma"]) if "sigma" in usable else None,
        invitation=INVITATIONS.get(name, INVITATION),
        legend=_legend(usable),
        data=data | {"degradation": {"name": name, "options": usable}},
    )


def _options(name: str, options: Mapping[str, Any]) -> dict[str, float] | None:
    """Return the options of a degradation that the scripts know; None for any other."""
    if name not in DEGRADATIONS:
        return None
    try:
        return DEGRADATIONS[name].model_validate(dict(options)).model_dump()
    except ValidationError:
        return None


def _slider(sigma: float) -> dict[str, Any]:
    """Return a slider's range and start for the standard deviation of noise on [0, 1]."""
    return {"start": sigma, "most": max(1, 2 * sigma), "step": 0.01 if round(sigma, 2) == sigma else "any"}


def _legend(options: Mapping[str, float]) -> str:
    trained = ", ".join(f"{'σ' if name == 'sigma' else name} {value}" for name, value in options.items())
    trained = f" It was trained with {trained} and nothing else." if trained else ""
    return (
        "The PSNR compares the input and the restored picture with this one truth, as the pipeline does it. The "
        f"difference is brightest from {DIFFERENCE_LIMIT:.0%} of the range on.{trained}"
    )
