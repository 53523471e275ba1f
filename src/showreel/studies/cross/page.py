"""What the page of a cross study says: how far the network holds, in a sentence; all cells, as curves and a table."""

from collections.abc import Mapping, Sequence

import pandas as pd

from showreel.reporting.sections import Chart, Section, Series, Table

TITLE = "A network on other inputs than it was trained with"


def sentence(metrics: Mapping[str, float], cells: pd.DataFrame) -> str:
    """Say at how many strengths the network is above the strongest baseline there, by the interval of its gain."""
    over = str(cells.columns[0])
    if "gain_low" not in cells:
        return f"{len(cells)} values of {over}; there is no baseline to compare with."
    above = [f"{value:g}" for value in cells.loc[cells["gain_low"] > 0, over]]
    below = [f"{value:g}" for value in cells.loc[cells["gain_high"] < 0, over]]
    parts = [f"Above the strongest baseline at {over} {', '.join(above)}" if above else "Above no strongest baseline"]
    if below:
        parts.append(f"below it at {', '.join(below)}")
    return f"{'; '.join(parts)} (95 % intervals over the test examples)."


def sections(metrics: Mapping[str, float], cells: pd.DataFrame) -> Sequence[Section]:
    """Return the scores over the strengths as curves, and all cells as a table."""
    over = str(cells.columns[0])
    score = next(str(column) for column in cells if f"{column}_low" in cells and column != "gain")
    sides = [("network", score, "network"), ("strongest baseline", f"baseline_{score}", "baseline")]
    sides.append(("input", f"input_{score}", "input"))
    series = [
        Series(label, cells[column].tolist(), colour)  # type: ignore[arg-type]
        for label, column, colour in sides
        if column in cells
    ]
    shown = [column for _, column, _ in sides if column in cells]
    shown += [column for column in ("gain", "gain_low", "gain_high") if column in cells]
    rows = [
        [f"{cell[over]:g}", str(cell["baseline"]), *(f"{cell[column]:.4g}" for column in shown)]
        for cell in cells.to_dict("records")
    ]
    return (
        Chart("Scores over the strengths", f"{score} over {over}", cells[over].tolist(), series, axes=(over, score)),
        Table("All cells", (over, "strongest baseline", *(name.replace("_", " ") for name in shown)), rows, texts=2),
    )
