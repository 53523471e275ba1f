"""What an experiment was made from and with, and how to make it again."""

import json
import shlex
from pathlib import Path

from showreel.gallery.entry import Entry
from showreel.gallery.naming import spoken
from showreel.reporting import rebuilding

DIGEST_SHOWN = 12
VERSIONS = ("showreel", "python", "tensorflow", "keras", "numpy")


def parameters(entry: Entry) -> list[tuple[str, str]]:
    """List what shaped the network: the values of params.yaml at its training, the experiment's own on top."""
    source, params = entry.source, entry.training.get("params", {})
    own = params.get(f"experiments.{source.label.split('@')[0]}", {})
    values = {**params.get("training", {}), **own.get("training", {})}
    values |= {"seed": params["seed"]} if "seed" in params else {}
    return [
        ("task", entry.task),
        ("data set", source.dataset),
        ("input", entry.input),
        ("model", entry.model),
        *([("weights", str(own["weights"]))] if "weights" in own else []),
        *((spoken(name), json.dumps(value).strip('"')) for name, value in values.items()),
        ("kept epoch", f"{entry.best_epoch} of {entry.sheet['reel']['epochs'][-1]}"),
    ]


def provenance(entry: Entry) -> list[tuple[str, str, str]]:
    """List name, text and, where that is shortened, the full text; nothing without a record."""
    record = entry.training
    if not record:
        return []
    versions, files = record.get("versions", {}), {**record.get("inputs", {}), **record.get("outputs", {})}
    return [
        ("device", ", ".join(record.get("devices", ())), ""),
        ("arithmetic", record.get("precision", ""), ""),
        *((name, versions[name], "") for name in VERSIONS if name in versions),
        *((Path(path).name, f"sha256 {digest[:DIGEST_SHOWN]}…", digest) for path, digest in files.items()),
    ]


def commands(entry: Entry) -> str:
    """Return the commands that make an experiment again."""
    name, _, revision = entry.label.partition("@")
    lines = [f"git checkout {shlex.quote(revision)}"] if revision else []
    return "\n".join([*lines, *rebuilding.commands(name)])
