"""How the run of a stage is framed: paths, the graph of stages, lineage records, locks."""
