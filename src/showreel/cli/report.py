"""What `showreel list`, `show` and `compare` print. Each loads what it needs alone, so that they answer at once."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from showreel.params import messages, schema
from showreel.pipeline import paths
from showreel.storage.errors import ParamsError

if TYPE_CHECKING:
    from showreel.reporting.table import Entry, Study


def list_(pattern: str, as_json: bool, declared: schema.Params) -> None:
    """Show the experiments that a pattern names: their states, their scores, where their GIFs are, and their studies.

    The state is by the lineage records, params.yaml and the code:
      up to date   everything that the GIF needs was made from the present data, code and values
      published    it was made from the present data and values, with the code of the commit that is named
      stale        one of these has changed; the first change is named, `showreel show` names all
      incomplete   outputs are not here, or stages have not run
      unknown      there are results, but no lineage record tells of them
      never run
    No data are read, so an output that was edited by hand goes unnoticed: `showreel verify` finds it.
    A gain is called `not better` where the network's 95 % interval does not lie beyond the strongest baseline.

    --json prints an array of objects, first one an experiment:
      experiment, task, score (the name of the score that counts), state, gif (null before it is made),
      reasons: array of {stage, state, text}; empty if it is up to date or was never run,
      scores: the numbers of metrics.json; empty before they are there,
      beats_baseline: whether its interval lies beyond the strongest baseline; null where there is none;
    then one a study: study, kind, of, state, reasons, scores, picture.
    """
    from showreel.cli import terminal
    from showreel.reporting import table

    entries, studies = _listed(declared.matching(pattern), declared)
    if as_json:
        terminal.write(_as_json([*map(table.plain, entries), *map(table.plain_study, studies)]))
    else:
        terminal.show(table.table(entries, studies))


def show(experiment: str, as_json: bool, declared: schema.Params) -> None:
    """Show one experiment: what it is, its state, its scores, its files, where they come from, and its picture.

    On a terminal, with Kitty's graphics, Sixel or coloured half blocks, the last frame of the GIF comes first.

    --json prints one object: all that `list --json` has, and
      dataset, input, model: {name, and its options},
      weights: what its training begins with,
      training: the values that it trains with,
      baselines: array of the rows of baselines.csv, the strongest first,
      files: what → {path, here},
      provenance: devices, precision, versions, commit, code (one digest), data (path → SHA-256); null before training,
      rebuild: array of commands that make it again.
    """
    from showreel.cli import terminal
    from showreel.reporting import details, state, table

    messages.check_declared(experiment, declared.experiments, "experiment")
    root = paths.PARAMS.parent
    condition = state.conditions(root, declared, [experiment])[experiment]
    entry = table.entry(root, experiment, declared.experiments[experiment].task, condition)
    content = details.details(root, declared, entry)
    if as_json:
        terminal.write(_as_json(content))
    else:
        from showreel.reporting import printed

        terminal.show_picture(root / paths.poster(experiment))
        terminal.show(*printed.parts(content))


def _listed(experiments: list[str], declared: schema.Params) -> "tuple[list[Entry], list[Study]]":
    """Look up some experiments and the studies of them."""
    from showreel.reporting import state, table

    root = paths.PARAMS.parent
    studies = {
        name: (kind, study.of)
        for kind, declared_studies in declared.studies.items()
        for name, study in declared_studies.items()
        if study.of in experiments
    }
    conditions = state.conditions(root, declared, [*experiments, *studies])
    return (
        [table.entry(root, name, declared.experiments[name].task, conditions[name]) for name in experiments],
        [table.study(root, name, kind, of, conditions[name]) for name, (kind, of) in studies.items()],
    )


def _as_json(plain: object) -> str:
    return json.dumps(plain, indent=1, ensure_ascii=False)


def compare(names: list[str], as_json: bool, page: Path | None, declared: schema.Params) -> None:
    """Compare experiments of one task, now or at git revisions, on the same test examples, with paired statistics."""
    from showreel.cli import terminal
    from showreel.gallery import entry, site
    from showreel.reporting.sources import source_at
    from showreel.scoring import paired

    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ParamsError(f"{twice}: is named twice; it equals itself")
    if page and page.resolve() == paths.GALLERY.resolve():
        raise ParamsError(f"{page}: is what the stage gallery writes; name another folder")
    with tempfile.TemporaryDirectory() as folder:
        sources = [
            source_at(name, declared, Path(folder) / str(number), whole=bool(page)) for number, name in enumerate(names)
        ]
        reference, *others = map(entry.side, sources)
        report = (paired.as_json if as_json else paired.as_text)(reference, others)
        if page:
            site.replace(sources, page)
    terminal.write(report)
