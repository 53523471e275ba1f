# From prepared files to trained networks, their scores and their GIFs.


rule train:
    input:
        prepared_pair,
        lambda wildcards: layout.code("train", models=experiment(wildcards)["model"]),
    output:
        layout.model("{experiment}"),
        layout.reel("{experiment}"),
        reported(layout.history("{experiment}"), "Learning curves", "table"),
        layout.record("train", "{experiment}"),
    log:
        "logs/train/{experiment}.log",
    conda:
        "../envs/showreel.yaml"
    resources:
        gpu=devices,
    params:
        lambda wildcards: values(
            "seed",
            "training",
            f"models.{experiment(wildcards)['model']}",
            f"experiments.{wildcards.experiment}",
        ),
    shell:
        "showreel train {wildcards.experiment} 2> {log}"


rule evaluate:
    input:
        prepared_pair,
        layout.model("{experiment}"),
        layout.reel("{experiment}"),
        lambda wildcards: layout.code(
            "evaluate", degradations=experiment(wildcards)["input"]
        ),
    output:
        layout.examples("{experiment}"),
        layout.scores("{experiment}"),
        reported(layout.baselines("{experiment}"), "Scores", "baselines"),
        reported(layout.metrics("{experiment}"), "Scores", "network"),
        layout.record("evaluate", "{experiment}"),
    log:
        "logs/evaluate/{experiment}.log",
    conda:
        "../envs/showreel.yaml"
    params:
        lambda wildcards: values(f"experiments.{wildcards.experiment}"),
    shell:
        "showreel evaluate {wildcards.experiment} 2> {log}"


rule render:
    input:
        layout.examples("{experiment}"),
        layout.reel("{experiment}"),
        layout.metrics("{experiment}"),
        layout.code("render"),
    output:
        layout.sheet("{experiment}"),
        layout.places("{experiment}"),
        layout.card("{experiment}"),
        layout.still("{experiment}"),
        reported(layout.poster("{experiment}"), "Learning curves", "picture"),
        reported(layout.gif("{experiment}"), "Reels"),
        layout.record("render", "{experiment}"),
    log:
        "logs/render/{experiment}.log",
    conda:
        "../envs/showreel.yaml"
    shell:
        "showreel render {wildcards.experiment} 2> {log}"
