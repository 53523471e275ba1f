"""Questions asked of trained networks: one folder a kind of study, and a section of params.yaml, its plural.

Each folder offers

- `study.py`: `DATA`, the options that name data sets, a literal; and `run(name, of, declared, lineage, **options)`,
  whose docstring is the help of the command and whose keyword-only parameters are the options in params.yaml. It writes
  `results/<name>/cells.csv`, `metrics.json` and `poster.png`, and can be stopped and taken up again.
- `page.py`: `TITLE`, `sentence(metrics, cells)` and `sections(metrics, cells)`, what its page in the gallery says.
"""
