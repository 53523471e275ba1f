# From the network or an installed package to prepared HDF5 files.


rule download:
    input:
        reads("download"),
    output:
        directory(paths.raw("{dataset}")),
        paths.record("download", "{dataset}"),
    log:
        "logs/download/{dataset}.log",
    conda:
        "../envs/showreel.yaml"
    params:
        values("download"),
    shell:
        "showreel download {wildcards.dataset} 2> {log}"


rule prepare:
    input:
        reads("prepare"),
    output:
        paths.prepared("{dataset}"),
        paths.record("prepare", "{dataset}"),
    log:
        "logs/prepare/{dataset}.log",
    conda:
        "../envs/showreel.yaml"
    params:
        values("prepare"),
    shell:
        "showreel prepare {wildcards.dataset} 2> {log}"


rule degrade:
    input:
        reads("degrade"),
    output:
        paths.prepared("{input}"),
        paths.record("degrade", "{input}"),
    log:
        "logs/degrade/{input}.log",
    conda:
        "../envs/showreel.yaml"
    params:
        values("degrade"),
    shell:
        "showreel degrade {wildcards.input} 2> {log}"
