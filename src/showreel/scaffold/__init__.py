"""`showreel new`: starting files for a data set, a degradation or a model.

`dataset.py`, `degradation.py` and `model.py` are these files: real modules, so that ruff and mypy hold them to what
they hold all others to, but never imported. `NAME` in their texts stands for the name that a user chooses.
"""
