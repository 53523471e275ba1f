# From the results of all experiments to one static site.


rule gallery:
    input:
        [
            path
            for experiment in config["experiments"]
            for path in (
                *layout.results(experiment).values(),
                layout.record("train", experiment),
                layout.record("evaluate", experiment),
            )
        ],
        layout.code("gallery"),
    output:
        directory(layout.GALLERY),
        layout.record("gallery"),
    log:
        "logs/gallery/gallery.log",
    conda:
        "../envs/showreel.yaml"
    params:
        values("experiments"),
    shell:
        "showreel gallery 2> {log}"
