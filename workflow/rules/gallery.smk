# From the results of all experiments to one static site; networks that were exported can be tried there.


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
        [
            path
            for experiment in config["experiments"]
            if (path := layout.exported(experiment, layout.TRIED)).is_file()
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
