"""What several test files need: checkouts of the project, the engines to run in them, and a lineage for a stage."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from showreel.pipeline.lineage import Lineage
from showreel.pipeline.provenance import file_digest

ROOT = Path(__file__).parents[1]
RECORDS = Path(tempfile.mkdtemp(prefix="showreel-records-"))
atexit.register(shutil.rmtree, RECORDS, ignore_errors=True)
IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.onnx", "*.saved_model", "*.tflite")


def begun(*inputs: Path, record: Path = RECORDS / "record.json") -> Lineage:
    """Begin the lineage of a stage that a test runs as a function."""
    return Lineage.begin("test", record=record, code=(), inputs=inputs, params={"seed": 20})


class Checkout:
    """A git and DVC repository with the project's own package, and the engines to run in it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = os.environ | {"PATH": path, "PYTHONPATH": str(folder / "src")} | environment

    @classmethod
    def fresh(cls, folder: Path, params: str | None = None) -> "Checkout":
        """Copy the project's files without data, as in a fresh clone, with other params if given."""
        for name in ("dvc.yaml", "params.yaml", "Snakefile", ".dvcignore", ".gitignore"):
            shutil.copy(ROOT / name, folder / name)
        for name in ("workflow", "src", "profiles", "exports"):
            shutil.copytree(ROOT / name, folder / name, ignore=IGNORED)
        (folder / "models").mkdir()
        shutil.copy(ROOT / "models/random.keras", folder / "models")
        if params:
            (folder / "params.yaml").write_text(params)
        checkout = cls(folder)
        checkout.run("git", "init", "--quiet")
        checkout.run("dvc", "init", "--quiet")
        shutil.copytree(ROOT / ".dvc/plots", folder / ".dvc/plots")
        return checkout

    def copied(self, folder: Path, **environment: str) -> "Checkout":
        """Copy everything as it is, times included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Checkout(folder, **environment)

    def run(self, *command: str, exit_code: int = 0) -> str:
        """Run a command and return what it prints."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == exit_code, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def commit(self) -> None:
        """Commit all that git does not ignore."""
        self.run("git", "add", "--all")
        self.run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "made")

    def logs(self) -> str:
        """Return what stages wrote on stderr under Snakemake, which keeps it in files."""
        return "".join(path.read_text() for path in sorted((self.folder / "logs").rglob("*.log")))

    def outputs(self) -> dict[str, str]:
        """Return the digests of all that the stages made."""
        folders = [self.folder / name for name in ("data", "models", "results", "gallery", "lineage")]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        kept = [path for path in files if not path.name.startswith(".") and "partial" not in path.parts]
        return {str(path.relative_to(self.folder)): file_digest(path) for path in kept}
