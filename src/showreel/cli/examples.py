"""What one types: at least one example for each subcommand of `showreel`, as its help shows them."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "download": ("showreel download mnist", "SHOWREEL_MIRROR=/srv/mirror showreel download mnist"),
    "prepare": ("showreel prepare mnist",),
    "degrade": ("showreel degrade mnist-noisy",),
    "train": ("showreel train mnist-denoiser",),
    "evaluate": ("showreel evaluate mnist-denoiser",),
    "render": ("showreel render mnist-denoiser",),
    "gallery": ("showreel gallery",),
    "cross": ("showreel cross photos-denoiser-crossed",),
    "list": ("showreel list", "showreel list 'mnist-*'", "showreel list --json"),
    "show": ("showreel show mnist-denoiser", "showreel show mnist-denoiser --json"),
    "sync": ("showreel sync", "showreel sync 'mnist-*'"),
    "compare": (
        "showreel compare mnist-identity mnist-denoiser",
        "showreel compare mnist-denoiser@HEAD~1 mnist-denoiser   # a commit, tag, branch or `dvc exp` name",
        "showreel compare mnist-identity mnist-denoiser --page looks   # then open looks/compare.html",
    ),
    "export": ("showreel export mnist-denoiser", "showreel export mnist-denoiser --format litert -o denoiser.tflite"),
    "verify": (
        "showreel verify",
        "showreel verify 'mnist-*' --json",
        "showreel verify --rebuild mnist-denoiser   # train it again elsewhere, and compare",
        "showreel verify --same HEAD~1   # does an edit of the code change any byte?",
    ),
    "apply": (
        "showreel apply photos-denoiser picture.png -o restored.png",
        "showreel apply photos-denoiser 'scans/*.tif' -o restored --compare",
    ),
    "new": (
        "showreel new dataset herbarium",
        "showreel new degradation scratched",
        "showreel new model transformer",
    ),
}
"""Subcommand → command lines, with a remark after a # if one is needed."""


def epilog(command: str) -> str:
    """Return the end of a subcommand's help."""
    return "\n".join(("examples:", *(f"  {line}" for line in EXAMPLES[command])))
