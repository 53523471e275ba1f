"""The command `showreel`, which is also `python -m showreel`."""

import gc
import os
import sys


def main() -> int:
    """Run the command line and return its exit code; see `cli`."""
    # To find plugins, pydantic would read what every installed package says of itself; none is wanted here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.disable()
    from showreel import cli

    gc.freeze()  # modules are no garbage: it is not looked for among them, neither now nor at the end
    gc.enable()
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
