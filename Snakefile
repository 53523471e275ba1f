# The same graph as dvc.yaml, for parallel machines, GPUs and clusters. All values come from params.yaml.
from showreel.pipeline import paths
from showreel.params import schema


configfile: "params.yaml"


schema.load(paths.PARAMS)


report: "workflow/report/workflow.rst"


include: "workflow/rules/lookup.smk"
include: "workflow/rules/reporting.smk"
include: "workflow/rules/exclusion.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/model.smk"
include: "workflow/rules/gallery.smk"


wildcard_constraints:
    dataset="[^/]+",
    experiment="[^/]+",


rule all_gifs:
    default_target: True
    input:
        [paths.gif(experiment) for experiment in config["experiments"]],


# `snakemake mnist` makes the GIFs of one data set, `snakemake mnist-denoiser` that of one experiment.
for target, experiments in targets(config["experiments"]).items():

    rule:
        name:
            target
        input:
            [paths.gif(experiment) for experiment in experiments],
