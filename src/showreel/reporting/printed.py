"""What is known of one experiment, as tables for people."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from showreel.params.text import shown
from showreel.reporting.state import State
from showreel.reporting.table import COLOURS

GAP = (0, 2, 0, 0)
SHORT = 12
"""Characters of a digest that tell it from others."""


def parts(known: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield what `showreel show` prints, from top to bottom: a heading with the state, then a table a topic.

    Args:
        known: what `details.details` returns.
    """
    state = State(known["state"])
    yield Text.assemble((known["experiment"], "bold"), "  ", (state, COLOURS[state]))
    yield _pairs(_reasons(known["reasons"]))
    yield _title("what")
    yield _pairs((topic, _values(known[topic])) for topic in ("dataset", "input", "model", "training"))
    if known["scores"]:
        yield _title(_scope(known["scores"]))
        yield _scores(known["scores"], known["baselines"])
    yield _title("files")
    files = known["files"].items()
    yield _pairs((what, file["path"] if file["here"] else f"{file['path']} (not here)") for what, file in files)
    if known["provenance"]:
        yield _title("provenance")
        yield _pairs(_provenance(known["provenance"]))
    yield _title("make it again")
    yield from map(Text, known["rebuild"])


def _title(text: str) -> Text:
    return Text(f"\n{text}", "bold")


def _pairs(rows: Iterable[tuple[str, str]]) -> Table:
    """Return two columns."""
    table = Table.grid(padding=GAP, pad_edge=False)
    table.add_column(no_wrap=True, style="bright_black")
    table.add_column(no_wrap=True)
    for name, text in rows:
        table.add_row(name, text)
    return table


def _reasons(reasons: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield one line a reason, with the stages that it concerns."""
    stages: dict[tuple[str, str], list[str]] = {}
    for reason in reasons:
        stages.setdefault((reason["state"], reason["text"]), []).append(reason["stage"].split("@")[0])
    yield from ((state, f"{text} ({', '.join(verbs)})") for (state, text), verbs in stages.items())


def _values(options: Mapping[str, Any]) -> str:
    """Return a name with its options in brackets, or options alone."""
    listed = ", ".join(f"{key}: {_listed(value)}" for key, value in options.items() if key != "name")
    return f"{options['name']} ({listed})" if "name" in options and listed else options.get("name", listed)


def _scope(scores: Mapping[str, float]) -> str:
    gain = f"; the network gains {scores['gain_db']:+.2f} dB on the strongest baseline" if "gain_db" in scores else ""
    return f"scores on {scores.get('count', 0):,} test images, with 95 % intervals{gain}"


def _scores(scores: Mapping[str, float], baselines: Iterable[Mapping[str, Any]]) -> Table:
    """Return one line for the network, each baseline, the strongest first, and the input."""
    table = Table(box=None, pad_edge=False, padding=GAP, header_style="bright_black")
    for heading in ("", "PSNR in dB", "SSIM", ""):
        table.add_column(heading, no_wrap=True)
    size = f"{scores['parameters']:,} parameters" if "parameters" in scores else ""
    table.add_row("network", *_figures(scores, ""), size, style="bold")
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
    """Return a value as params.yaml would have it, but without the quotes and brackets."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_listed(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_listed, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
