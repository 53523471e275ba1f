# What rules look up: the stages of params.yaml, what they read, and the values and code that decide their results.
import json
import re

from showreel.pipeline import provenance


def stage(command):
    return STAGES[graph.stage_name(command)]


def reads(kind):
    """Return an input function: the data that a stage reads, and each file of the code that decides its results."""

    def inputs(wildcards):
        one = stage(" ".join([kind, *wildcards]))
        folders = map(paths.package_file, one.code)
        code = [
            path.relative_to(registry.PACKAGE.parents[1])
            for folder in folders
            for path in provenance.sources(folder)
        ]
        return [*one.inputs, *code]

    return inputs


def values(kind):
    """Return a params function: the values that shape a stage's results, as one text whatever the order of the keys."""

    def params(wildcards):
        one = stage(" ".join([kind, *wildcards]))
        known = {
            **DECLARED.values(*one.params),
            "revision": provenance.revisions()[kind],
        }
        return json.dumps(known, sort_keys=True)

    return params


def devices(wildcards):
    """Tell on how many devices an experiment trains."""
    return DECLARED.recipe(wildcards.experiment)["devices"]


def one_of(names):
    """Return the pattern of some names; of none a pattern that nothing fits."""
    return "|".join(map(re.escape, names)) or "(?!)"


def targets(experiments):
    """Name what one may ask for: every experiment, and every data set for all of its experiments."""
    by_dataset = {}
    for name, experiment in experiments.items():
        by_dataset.setdefault(experiment.dataset, []).append(name)
    return by_dataset | {name: [name] for name in experiments}
