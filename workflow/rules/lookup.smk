# What rules look up: the package files that a stage runs, values of params.yaml, an experiment's prepared files.
import functools
import json
import operator
import os

from showreel import provenance


def code(stage, **extensions):
    """List the import closure of a stage and of the extensions (folder=name) that it loads by name.

    A job runs again when one of these files changes.
    """
    modules = [f"showreel.stages.{stage}", *(f"showreel.{folder}.{name}" for folder, name in extensions.items())]
    return [os.path.relpath(path) for path in provenance.closure(modules)]


def value(key):
    """Look up a dotted key of params.yaml."""
    return functools.reduce(operator.getitem, key.split("."), config)


def values(*keys):
    """Look up dotted keys as one text, the same whatever the order of the keys in the file."""
    return json.dumps({key: value(key) for key in keys}, sort_keys=True)


def experiment(wildcards):
    return value(f"experiments.{wildcards.experiment}")


def prepared_pair(wildcards):
    """List an experiment's input and its target: one file where the input is clean."""
    dataset = experiment(wildcards)["dataset"]
    return sorted({layout.prepared(dataset, name) for name in (experiment(wildcards)["input"], "clean")})
