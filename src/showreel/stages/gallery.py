"""From the results of all experiments to a static site that shows them."""

from collections.abc import Sequence
from pathlib import Path

from showreel.gallery import site
from showreel.gallery.entry import Source
from showreel.pipeline.lineage import Lineage


def gallery(sources: Sequence[Source], folder: Path, *, pending: Sequence[str], lineage: Lineage) -> None:
    """Write the site; the same results give the same bytes.

    Args:
        sources: the experiments that have results, in the order of params.yaml.
        folder: where the site goes; what is there is replaced at once.
        pending: the names of those that have none.
        lineage: of this run.

    Raises:
        ShowreelError: a file of an experiment's is missing or damaged.
    """
    with lineage.publishing_folder(folder) as temporary:
        site.write(sources, temporary, pending=pending)
