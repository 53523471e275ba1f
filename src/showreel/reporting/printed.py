"""What is known of one experiment, as tables for people."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from showreel.params.text import shown
from showreel.reporting import scores as score_reader
from showreel.reporting.state import State
from showreel.reporting.table import COLOURS, NOT_BETTER
from showreel.scoring.score import Score

GAP = (0, 2, 0, 0)
SHORT = 12
"""Characters of a digest that tell it from others."""


def parts(details: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield what `showreel show` prints, from top to bottom: a heading with the state, then a table a topic.

    Args:
        details: what `details.details` returns.
    """
    state = State(details["state"])
    yield Text.assemble((details["experiment"], "bold"), "  ", (state, COLOURS[state]))
    yield _pairs(_reasons(details["reasons"]))
    yield _title("what")
    yield _pairs(
        (topic, _values(details[topic])) for topic in ("task", "dataset", "input", "model", "weights", "training")
    )
    if details["scores"]:
        yield _title(_scope(details["task"], details["scores"]))
        yield _scores(details["task"], details["scores"], details["baselines"])
    yield _title("files")
    files = details["files"].items()
    yield _pairs((what, file["path"] if file["here"] else f"{file['path']} (not here)") for what, file in files)
    if details["provenance"]:
        yield _title("provenance")
        yield _pairs(_provenance(details["provenance"]))
    yield _title("make it again")
    yield from map(Text, details["rebuild"])


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


def _values(options: Mapping[str, Any] | str) -> str:
    """Return a name with its options in brackets, options alone, or a name alone."""
    if isinstance(options, str):
        return options
    listed = ", ".join(f"{key}: {_listed(value)}" for key, value in options.items() if key != "name")
    return f"{options['name']} ({listed})" if "name" in options and listed else options.get("name", listed)


def _scope(task: str, scores: Mapping[str, float]) -> str:
    """Say over what scores are, and how much better than the strongest baseline the network is."""
    text = f"scores on {scores.get('count', 0):,} test examples, with 95 % intervals"
    if "gain" not in scores:
        return text
    _, score = score_reader.first(task)
    not_better = f", {NOT_BETTER} by its interval" if score_reader.is_beaten(task, scores) else ""
    return f"{text}; the network gains {score.change(scores['gain'])} on the strongest baseline{not_better}"


def _scores(task: str, scores: Mapping[str, float], baselines: Iterable[Mapping[str, Any]]) -> Table:
    """Return one line for the network, each baseline, the strongest first, and the input."""
    table = Table(box=None, pad_edge=False, padding=GAP, header_style="bright_black")
    written = score_reader.of(task)
    headings = [f"{score.heading}{f' in {score.unit}' if score.unit else ''}" for score in written.values()]
    for heading in ("", *headings, ""):
        table.add_column(heading, no_wrap=True)
    size = f"{scores['parameters']:,} parameters" if "parameters" in scores else ""
    table.add_row("network", *_numbers(written, scores, ""), size, style="bold")
    for row in baselines:
        options = " ".join(filter(None, (row["kind"], _values(row["options"]))))
        table.add_row(row["baseline"], *_numbers(written, row, ""), options)
    first = next(iter(written))
    if not baselines and f"baseline_{first}" in scores:
        table.add_row("strongest baseline", *_numbers(written, scores, "baseline_"), "")
    if f"input_{first}" in scores:
        table.add_row("input", *_numbers(written, scores, "input_"), "")
    return table


def _numbers(written: Mapping[str, Score], scores: Mapping[str, float], prefix: str) -> list[str]:
    return [_number(scores, f"{prefix}{name}", score.form) for name, score in written.items()]


def _number(scores: Mapping[str, float], name: str, form: str) -> str:
    """Return a score with its interval, as far as they are known."""
    value, low, high = (scores.get(f"{name}{end}") for end in ("", "_low", "_high"))
    if value is None:
        return "–"
    return f"{value:{form}}" if low is None or high is None else f"{value:{form}} ({low:{form}} – {high:{form}})"


def _provenance(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield lines; a record may come from anybody, so that its text is made harmless."""
    for name, value in record.items():
        if name == "data":
            yield from ((path, digest[:SHORT]) for path, digest in value.items())
        elif name == "commit":
            yield name, f"{value[:SHORT]}, with edits" if value.endswith("+") else value[:SHORT] or "none"
        elif name == "code":
            yield name, value[:SHORT]
        else:
            yield name, shown(_listed(value))


def _listed(value: Any) -> str:
    """Return a value as params.yaml would have it, but without the quotes and brackets."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_listed(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_listed, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
