"""`python -m showreel.verification.portfolio`: every stage of a tiny portfolio, run by hand in the current folder.

`showreel verify --same` runs this module of two commits, so its name stays, and each commit brings its own params.yaml.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from tqdm import tqdm

from showreel.params import loading
from showreel.pipeline import graph, paths

PARAMS = Path(__file__).with_suffix(".yaml")


def make() -> None:
    """Write params.yaml, run all stages in their order, and print a line for each: its name and its outputs."""
    shutil.copyfile(PARAMS, paths.PARAMS)
    stages = graph.stages(loading.load(paths.PARAMS)).values()
    for stage in tqdm(stages, desc="portfolio", unit=" stages", disable=None):
        subprocess.run([sys.executable, "-m", "showreel", *stage.command.split()], check=True)
        print(stage.name, *stage.outputs, sep="\t", flush=True)


if __name__ == "__main__":
    make()
