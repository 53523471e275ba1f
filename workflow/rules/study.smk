# Questions to trained networks: one rule a kind of study.
for kind, studies in DECLARED.studies.items():

    rule:
        name:
            kind
        input:
            reads(kind),
        output:
            paths.cells("{study}"),
            paths.metrics("{study}"),
            paths.poster("{study}"),
            paths.record(kind, "{study}"),
        log:
            f"logs/{kind}/{{study}}.log",
        wildcard_constraints:
            study=one_of(studies),
        conda:
            "../envs/showreel.yaml"
        resources:
            gpu=1,
        params:
            values(kind),
        shell:
            f"showreel {kind} {{wildcards.study}} 2> {{log}}"
