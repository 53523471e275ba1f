# From the network or an installed package to prepared HDF5 files.


rule download:
    input:
        lambda wildcards: layout.code(
            "download", datasets=value(f"datasets.{wildcards.dataset}.source")
        ),
    output:
        directory(layout.raw("{dataset}")),
        layout.record("download", "{dataset}"),
    log:
        "logs/download/{dataset}.log",
    conda:
        "../envs/showreel.yaml"
    params:
        lambda wildcards: values(f"datasets.{wildcards.dataset}"),
    shell:
        "showreel download {wildcards.dataset} 2> {log}"


rule prepare:
    input:
        layout.raw("{dataset}"),
        lambda wildcards: layout.code(
            "prepare", datasets=value(f"datasets.{wildcards.dataset}.source")
        ),
    output:
        layout.prepared("{dataset}", "clean"),
        layout.record("prepare", "{dataset}"),
    log:
        "logs/prepare/{dataset}.log",
    conda:
        "../envs/showreel.yaml"
    params:
        lambda wildcards: values(f"datasets.{wildcards.dataset}"),
    shell:
        "showreel prepare {wildcards.dataset} 2> {log}"


rule degrade:
    input:
        layout.prepared("{dataset}", "clean"),
        lambda wildcards: layout.code("degrade", degradations=wildcards.degradation),
    output:
        layout.prepared("{dataset}", "{degradation}"),
        layout.record("degrade", "{dataset}", "{degradation}"),
    log:
        "logs/degrade/{dataset}-{degradation}.log",
    wildcard_constraints:
        degradation="(?!clean)[^/]+",
    conda:
        "../envs/showreel.yaml"
    params:
        lambda wildcards: values("seed", f"degradations.{wildcards.degradation}"),
    shell:
        "showreel degrade {wildcards.dataset} {wildcards.degradation} 2> {log}"
