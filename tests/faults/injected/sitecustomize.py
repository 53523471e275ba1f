"""Python runs this at its start where it lies on the path: it makes one command of showreel meet with an accident.

SHOWREEL_FAULT holds JSON: `stage`, the command that it is meant for; `event` and `text`, an audit event of Python and a
part of its first argument; `number`, the how-manieth such event; `action`, a shell command to run just before it, in
which $PPID is the process of showreel. Nothing in showreel itself knows of this: the accident is real.
"""

import json
import os
import subprocess
import sys
from typing import Any

FAULT = json.loads(os.environ.get("SHOWREEL_FAULT", "{}"))


def strike(event: str, arguments: tuple[Any, ...]) -> None:
    if FAULT["number"] and event == FAULT["event"] and FAULT["text"] in str(arguments[:2]):
        FAULT["number"] -= 1
        if not FAULT["number"]:
            subprocess.call(FAULT["action"], shell=True)  # unlike os.system, it leaves SIGINT alone


if FAULT and FAULT["stage"] in sys.orig_argv and any(word.endswith("showreel") for word in sys.orig_argv):
    sys.addaudithook(strike)
