"""Images as they are: the input of the identity experiments, which a network can only match."""

from showreel.scoring.baselines import Baseline

BASELINES: dict[str, Baseline] = {}
