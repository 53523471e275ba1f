"""The commands that make results again."""


def commands(experiment: str) -> list[str]:
    """Return those that make an experiment again: by DVC, by Snakemake, and beside the results, to compare both."""
    return [
        f"dvc repro render@{experiment}",
        f"snakemake --cores 2 {experiment}",
        f"showreel verify --rebuild {experiment}",
    ]
