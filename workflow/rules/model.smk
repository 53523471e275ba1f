# From prepared files to trained networks, their scores and their GIFs.


rule train:
    input:
        reads("train"),
    output:
        paths.model("{experiment}"),
        paths.reel("{experiment}"),
        reported(paths.history("{experiment}"), "Learning curves", "table"),
        paths.record("train", "{experiment}"),
    log:
        "logs/train/{experiment}.log",
    conda:
        "../envs/showreel.yaml"
    resources:
        gpu=devices,
    params:
        values("train"),
    shell:
        "showreel train {wildcards.experiment} 2> {log}"


rule evaluate:
    input:
        reads("evaluate"),
    output:
        paths.chosen("{experiment}"),
        paths.scores("{experiment}"),
        reported(paths.baselines("{experiment}"), "Scores", "baselines"),
        reported(paths.metrics("{experiment}"), "Scores", "network"),
        paths.record("evaluate", "{experiment}"),
    log:
        "logs/evaluate/{experiment}.log",
    conda:
        "../envs/showreel.yaml"
    params:
        values("evaluate"),
    shell:
        "showreel evaluate {wildcards.experiment} 2> {log}"


rule render:
    input:
        reads("render"),
    output:
        paths.sheet("{experiment}"),
        paths.places("{experiment}"),
        paths.card("{experiment}"),
        paths.still("{experiment}"),
        reported(paths.poster("{experiment}"), "Learning curves", "picture"),
        reported(paths.gif("{experiment}"), "Reels"),
        paths.record("render", "{experiment}"),
    log:
        "logs/render/{experiment}.log",
    conda:
        "../envs/showreel.yaml"
    params:
        values("render"),
    shell:
        "showreel render {wildcards.experiment} 2> {log}"
