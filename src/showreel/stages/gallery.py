"""From the results of all experiments and studies to a static site that shows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from showreel.gallery import site
from showreel.pipeline.lineage import Lineage
from showreel.reporting.sources import Source


def gallery(
    sources: Sequence[Source],
    folder: Path,
    *,
    studies: Mapping[str, str],
    pending: Sequence[str],
    lineage: Lineage,
) -> None:
    """Write the site; the same results give the same bytes.

    Args:
        sources: the experiments that have results, in the order of params.yaml.
        folder: where the site goes; what is there is replaced at once.
        studies: the name of each study that has results → its kind.
        pending: the names of the experiments that have none.
        lineage: of this run.

    Raises:
        ShowreelError: a file of an experiment's or a study's is missing or damaged.
    """
    with lineage.publishing_folder(folder) as temporary:
        site.write(sources, temporary, pending=pending, studies=studies)
