# From the results of all experiments and studies to one static site; networks that were exported can be tried there.


rule gallery:
    input:
        reads("gallery"),
        [
            paths.record(stage, experiment)
            for experiment in DECLARED.experiments
            for stage in ("train", "evaluate")
        ],
        [
            path
            for experiment in DECLARED.experiments
            if (path := paths.exported(experiment, paths.BROWSER_EXPORT)).is_file()
        ],
    output:
        directory(paths.GALLERY),
        paths.record("gallery"),
    log:
        "logs/gallery/gallery.log",
    conda:
        "../envs/showreel.yaml"
    params:
        values("gallery"),
    shell:
        "showreel gallery 2> {log}"
