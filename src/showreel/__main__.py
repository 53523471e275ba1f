"""The command `showreel`, which is also `python -m showreel`."""

import gc
import os
import sys

SETTINGS = {
    # To find plugins, pydantic would read what every installed package says of itself; none is wanted here.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}
"""What libraries read in the environment while they are imported."""

if os.uname().machine == "x86_64":
    # By itself, TensorFlow uses oneDNN on newer processors only; older ones train 1.5 to 2 times as fast with it.
    SETTINGS["TF_ENABLE_ONEDNN_OPTS"] = "1"


def main() -> int:
    """Run the command line and return its exit code; see `cli`."""
    set_up_libraries()
    gc.disable()
    from showreel.cli import parser

    gc.freeze()  # modules are no garbage: it is not looked for among them, neither now nor at the end
    gc.enable()
    return parser.main()


def set_up_libraries() -> None:
    """Let libraries that are imported from now on work as suits Showreel, but as the environment says where it does."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


if __name__ == "__main__":
    sys.exit(main())
