# From the network or an installed package to prepared HDF5 files.


rule download:
    input:
        lambda wildcards: code("download", datasets=value(f"datasets.{wildcards.dataset}.source")),
    output:
        directory(layout.raw("{dataset}")),
    params:
        lambda wildcards: values(f"datasets.{wildcards.dataset}"),
    log:
        "logs/download/{dataset}.log",
    conda:
        "../envs/showreel.yaml"
    shell:
        "showreel download {wildcards.dataset} 2> {log}"


rule prepare:
    input:
        layout.raw("{dataset}"),
        lambda wildcards: code("prepare", datasets=value(f"datasets.{wildcards.dataset}.source")),
    output:
        layout.prepared("{dataset}", "clean"),
    params:
        lambda wildcards: values(f"datasets.{wildcards.dataset}"),
    log:
        "logs/prepare/{dataset}.log",
    conda:
        "../envs/showreel.yaml"
    shell:
        "showreel prepare {wildcards.dataset} 2> {log}"


rule degrade:
    input:
        layout.prepared("{dataset}", "clean"),
        lambda wildcards: code("degrade", degradations=wildcards.degradation),
    output:
        layout.prepared("{dataset}", "{degradation}"),
    params:
        lambda wildcards: values("seed", f"degradations.{wildcards.degradation}"),
    log:
        "logs/degrade/{dataset}-{degradation}.log",
    conda:
        "../envs/showreel.yaml"
    wildcard_constraints:
        degradation="(?!clean)[^/]+",
    shell:
        "showreel degrade {wildcards.dataset} {wildcards.degradation} 2> {log}"
