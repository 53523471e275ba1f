"""Whether one experiment is better than another: their scores of the same test images, image by image."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from showreel.scoring.score import FIGURES
from showreel.storage.errors import ShowreelError

RESAMPLES = 2000
LEVEL = 0.95
SEED = 20
BLOCK = 1 << 20
"""Random draws at a time."""

SCORES = {"psnr": FIGURES["psnr"]._replace(heading="PSNR"), "ssim": FIGURES["ssim"]._replace(form=".4f")}
"""Column of the scores → how it is written; differences of SSIM are small, so that it has a digit more here."""

Scores = NDArray[np.float32]


class Contestant(NamedTuple):
    """An experiment's scores of all test images.

    Attributes:
        label: its name.
        truth: what says which test images they are.
        given: what the network was given of them, in words.
        scores: `psnr` and `ssim`, float32 (n,) each.
    """

    label: str
    truth: str
    given: str
    scores: dict[str, Scores]


@dataclass(frozen=True)
class Paired:
    """What two scores of the same images come to.

    Attributes:
        difference: mean of the other's score minus the reference's.
        low: lower bound of its 95 % bootstrap interval over the images.
        high: upper bound.
        better: the share of images on which the other has the higher score.
        worse: the share on which it has the lower one; what is left are ties.
    """

    difference: float
    low: float
    high: float
    better: float
    worse: float


def paired(reference: Scores, other: Scores) -> Paired:
    """Compare two scores of the same images, float32 (n,) each; higher is better.

    The interval is the percentile interval of the mean difference over `RESAMPLES` resamples of the images (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13), drawn with a fixed seed. It tells how much the
    choice of test images matters, and nothing of how much another training would. It takes the images for independent:
    of patches that come from a few photographs, as those of `photos` do, it is too narrow.
    """
    differences = other.astype(np.float64) - reference
    generator, count = np.random.default_rng(SEED), len(differences)
    rows = max(1, BLOCK // count)
    parts = [
        differences[generator.integers(0, count, (min(rows, RESAMPLES - start), count))].mean(axis=1)
        for start in range(0, RESAMPLES, rows)
    ]
    low, high = np.quantile(np.concatenate(parts), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Paired(
        difference=float(differences.mean()),
        low=float(low),
        high=float(high),
        better=float((differences > 0).mean()),
        worse=float((differences < 0).mean()),
    )


def compare(reference: Contestant, others: Sequence[Contestant]) -> dict[str, dict[str, Paired]]:
    """Compare others with a reference: label → score → result.

    Raises:
        ShowreelError: they were not scored on the same test images.
    """
    for other in others:
        if other.truth != reference.truth or len(other.scores["psnr"]) != len(reference.scores["psnr"]):
            labels = f"{other.label} and {reference.label}"
            raise ShowreelError(f"{labels} were not scored on the same test images; compare those of one data set")
    return {
        other.label: {kind: paired(reference.scores[kind], other.scores[kind]) for kind in SCORES} for other in others
    }


def as_json(reference: Contestant, others: Sequence[Contestant]) -> str:
    """Tell it to machines: the reference's label, the number of images, and all results."""
    results = {
        label: {kind: asdict(result) for kind, result in kinds.items()}
        for label, kinds in compare(reference, others).items()
    }
    count = len(reference.scores["psnr"])
    return json.dumps({"reference": reference.label, "images": count, "compared": results}, indent=1, sort_keys=True)


def as_text(reference: Contestant, others: Sequence[Contestant]) -> str:
    """Tell it to people: a table for each score, and a sentence for each experiment."""
    results = compare(reference, others)
    lines = [f"{len(reference.scores['psnr']):,} test images, each compared with itself; reference: {reference.label}"]
    for kind in SCORES:
        lines += ["", *_table(kind, reference, others, results)]
    verdicts = [_verdict(label, reference.label, **kinds) for label, kinds in results.items()]
    cautions = [_caution(other, reference) for other in others if other.given != reference.given]
    return "\n".join([*lines, "", *verdicts, *cautions])


def _table(
    kind: str, reference: Contestant, others: Sequence[Contestant], results: dict[str, dict[str, Paired]]
) -> Iterator[str]:
    figure, form = SCORES[kind], SCORES[kind].form
    rows = [("", figure.heading, "difference", "95 % interval", "better on", "worse on")]
    rows.append((reference.label, figure.written(reference.scores[kind].mean()), "", "", "", ""))
    for other in others:
        result = results[other.label][kind]
        rows.append((
            other.label, figure.written(other.scores[kind].mean()), f"{result.difference:+{form}}",
            f"{result.low:+{form}} … {result.high:+{form}}", f"{result.better:.1%}", f"{result.worse:.1%}",
        ))  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for label, *cells in rows:
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        yield "  ".join([label.ljust(widths[0]), *aligned]).rstrip()


def _caution(other: Contestant, reference: Contestant) -> str:
    inputs = f"{other.label} was given {other.given}, {reference.label} {reference.given}"
    return f"{inputs}: this compares the tasks, not the networks"


def _verdict(label: str, reference: str, psnr: Paired, ssim: Paired) -> str:
    if psnr.low <= 0 <= psnr.high:
        word = "better" if ssim.low > 0 else "worse" if ssim.high < 0 else ""
        but = f"; by SSIM {label} is {word}" if word else ""
        return f"{label} and {reference} cannot be told apart by PSNR: the interval holds 0{but}"
    word, often = ("better", psnr.better) if psnr.difference > 0 else ("worse", psnr.worse)
    opposite = ssim.high < 0 if psnr.difference > 0 else ssim.low > 0
    but = "; by SSIM it is the other way round" if opposite else ""
    average = f"{abs(psnr.difference):.2f} dB on average"
    return f"{label} is {word} than {reference} by {average}, on {often:.1%} of the images{but}"
