"""What is known of one experiment, as tables for people."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from showreel.declaration import shown
from showreel.listing import COLOURS
from showreel.state import State

GAP = (0, 2, 0, 0)
SHORT = 12
"""Characters of a digest that tell it from others."""


def parts(known: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield what `showreel show` prints, from top to bottom: a heading, then a table for each topic.

    Args:
        known: what `details.details` returns.
    """
    state = State(known["state"])
    yield Text.assemble((known["experiment"], "bold"), "  ", (state, COLOURS[state]))
    yield _pairs("", ((reason["stage"], reason["text"]) for reason in known["reasons"]))
    yield _pairs("what", ((topic, _values(known[topic])) for topic in ("dataset", "input", "model", "training")))
    if known["scores"]:
        yield _scores(known["scores"], known["baselines"])
    yield _pairs(
        "files",
        (
            (what, file["path"] if file["here"] else f"{file['path']} (not here)")
            for what, file in known["files"].items()
        ),
    )
    if known["provenance"]:
        yield _pairs("provenance", _provenance(known["provenance"]))
    yield _pairs("make it again", (("", command) for command in known["rebuild"]))


def _pairs(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    """Return two columns beneath a title."""
    table = Table(
        box=None, pad_edge=False, padding=GAP, show_header=False, title=f"\n{title}" if title else None,
        title_justify="left", title_style="bold",
    )  # fmt: skip
    table.add_column(no_wrap=True, style="bright_black")
    table.add_column(no_wrap=True)
    for name, text in rows:
        table.add_row(name, text)
    return table


def _values(options: Mapping[str, Any]) -> str:
    """Return a name with its options in brackets, or options alone."""
    listed = ", ".join(f"{key}: {value}" for key, value in options.items() if key != "name")
    return f"{options['name']} ({listed})" if "name" in options and listed else options.get("name", listed)


def _scores(scores: Mapping[str, float], baselines: Iterable[Mapping[str, Any]]) -> Table:
    """Return one line for the network, each baseline, the strongest first, and the input."""
    gain = f"; the network gains {scores['gain_db']:+.2f} dB on the strongest baseline" if "gain_db" in scores else ""
    table = Table(
        box=None, pad_edge=False, padding=GAP, title_justify="left", title_style="bold", header_style="bright_black",
        title=f"\nscores on {scores.get('count', 0):,} test images, with 95 % intervals{gain}",
    )  # fmt: skip
    for heading in ("", "PSNR in dB", "SSIM", "options"):
        table.add_column(heading, no_wrap=True)
    table.add_row(f"network ({scores.get('parameters', 0):,} parameters)", *_figures(scores, ""), "", style="bold")
    for row in baselines:
        table.add_row(row["baseline"], *_figures(row, ""), _values(row["options"]))
    if not baselines and "baseline_psnr" in scores:
        table.add_row("strongest baseline", *_figures(scores, "baseline_"), "")
    if "input_psnr" in scores:
        table.add_row("input", *_figures(scores, "input_"), "")
    return table


def _figures(scores: Mapping[str, float], prefix: str) -> tuple[str, str]:
    return _figure(scores, f"{prefix}psnr", ".2f"), _figure(scores, f"{prefix}ssim", ".3f")


def _figure(scores: Mapping[str, float], name: str, form: str) -> str:
    """Return a mean with its interval, as far as they are known."""
    mean, low, high = (scores.get(f"{name}{end}") for end in ("", "_low", "_high"))
    if mean is None:
        return "–"
    return f"{mean:{form}}" if low is None or high is None else f"{mean:{form}} ({low:{form}} – {high:{form}})"


def _provenance(known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield lines; a record may come from anybody, so that its text is made harmless."""
    for name, value in known.items():
        if name == "data":
            yield from ((path, digest[:SHORT]) for path, digest in value.items())
        elif name == "code":
            yield name, value[:SHORT]
        else:
            yield name, shown(_listed(value))


def _listed(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {text}" for name, text in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
