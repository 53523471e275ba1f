# The same graph as dvc.yaml, for parallel machines, GPUs and clusters. All values come from params.yaml.
from showreel import layout


configfile: "params.yaml"


include: "workflow/rules/lookup.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/model.smk"


wildcard_constraints:
    name=r"[A-Za-z0-9][A-Za-z0-9_-]*",


localrules:
    all_gifs,


rule all_gifs:
    default_target: True
    input:
        [layout.gif(experiment) for experiment in config["experiments"]],
