# The same graph as dvc.yaml, for parallel machines, GPUs and clusters. All values come from params.yaml.
from showreel.params import loading, registry
from showreel.pipeline import graph, paths


workdir: str(workflow.current_basedir)  # so that -s works from any folder


configfile: "params.yaml"


DECLARED = loading.load(paths.PARAMS)
STAGES = graph.stages(DECLARED)


report: "workflow/report/workflow.rst"


include: "workflow/rules/lookup.smk"
include: "workflow/rules/reporting.smk"
include: "workflow/rules/exclusion.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/model.smk"
include: "workflow/rules/study.smk"
include: "workflow/rules/gallery.smk"


wildcard_constraints:
    dataset=one_of(DECLARED.datasets),
    input=one_of(DECLARED.inputs),
    experiment=one_of(DECLARED.experiments),


# The GIFs of all experiments, and the pictures of all studies.
rule all_gifs:
    default_target: True
    input:
        [paths.gif(experiment) for experiment in DECLARED.experiments],
        [
            paths.poster(name)
            for studies in DECLARED.studies.values()
            for name in studies
        ],


rule all:
    input:
        rules.all_gifs.input,
        paths.GALLERY,


# `snakemake mnist` makes the GIFs of one data set, `snakemake mnist-denoiser` that of one experiment.
for target, experiments in targets(DECLARED.experiments).items():

    rule:
        name:
            target
        input:
            [paths.gif(experiment) for experiment in experiments],
