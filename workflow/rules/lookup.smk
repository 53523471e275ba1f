# What rules look up: values of params.yaml, and an experiment's prepared files.
import functools
import json
import operator


def value(key):
    """Look up a dotted key of params.yaml."""
    return functools.reduce(operator.getitem, key.split("."), config)


def values(*keys):
    """Look up dotted keys as one text, the same whatever the order of the keys in the file."""
    return json.dumps({key: value(key) for key in keys}, sort_keys=True)


def experiment(wildcards):
    return value(f"experiments.{wildcards.experiment}")


def devices(wildcards):
    """Tell on how many devices an experiment trains."""
    own = experiment(wildcards).get("training", {})
    return own.get("devices", config["training"].get("devices", 1))


def prepared_pair(wildcards):
    """List an experiment's input and its target: one file where the input is clean."""
    dataset = experiment(wildcards)["dataset"]
    return sorted(
        {
            layout.prepared(dataset, name)
            for name in (experiment(wildcards)["input"], "clean")
        }
    )


def targets(experiments):
    """Name what one may ask for: every experiment, and every data set for all of its experiments."""
    by_dataset = {}
    for name, fields in experiments.items():
        by_dataset.setdefault(fields["dataset"], []).append(name)
    return by_dataset | {name: [name] for name in experiments}
