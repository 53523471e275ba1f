# What `snakemake --report` shows: the marked outputs, in menus by data set and kind, with the captions of ../report/.
import mimetypes

from showreel.reporting import metrics, table

# The report's page shows PNG but offers a GIF for download only; browsers go by an image's bytes, not by its type.
mimetypes.add_type("image/png", ".gif")


def reported(path, menu, view=None):
    """Mark an output; each file name has a caption, and a menu with two views has a switch between them."""
    return report(
        path,
        caption=f"../report/{path.stem}.rst",
        category=lambda wildcards: DECLARED.experiments[wildcards.experiment].dataset,
        subcategory=menu,
        labels=lambda wildcards: labels(wildcards.experiment, view),
    )


def labels(name, view):
    """Name a marked output in its menu: a view by what it shows, or else by the score that counts."""
    if view:
        return {"experiment": name, "showing": view}
    task = DECLARED.experiments[name].task
    scores = table.labels(task, metrics.read(paths.metrics(name)))
    return {"experiment": name, "task": task} | scores
