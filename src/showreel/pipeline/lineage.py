"""The lineage of a stage's run: what it read at its start, proved unchanged at its end, recorded with its outputs.

A run begins by digesting the code that decides its results and its inputs. Its outputs are published together, and
only if all of that is still the same; the record of the run is the last of them. Where a file format has room for it,
an output also holds its origin: the place and the id of that record.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tqdm import tqdm

from showreel.pipeline import paths, provenance
from showreel.storage import atomic
from showreel.storage.errors import ShowreelError

ID_CHARACTERS = 16
SILENT_SECONDS = 2
"""How long digesting inputs may take before a bar tells of it."""

Signature = tuple[int, ...]


@dataclass(frozen=True)
class Lineage:
    """One run of a stage.

    Attributes:
        command: the command without the word showreel, such as `train mnist-denoiser`.
        record: the JSON file to write about it.
        code: file or folder of the package, from the folder that holds it → digest.
        commit: the last commit that changed any of this code; "" outside of git.
        revision: the stage's number in revisions.yaml.
        inputs: input file → SHA-256; a folder's files one by one.
        params: dotted key of params.yaml → value.
        places: the input files and folders as they were given.
        signatures: file → what the file system said of it at the start: a quick look for changes.
    """

    command: str
    record: Path
    code: Mapping[str, str]
    commit: str
    revision: int
    inputs: Mapping[str, str]
    params: Mapping[str, Any]
    places: tuple[Path, ...]
    signatures: Mapping[Path, Signature]

    @classmethod
    def begin(
        cls,
        command: str,
        *,
        record: Path,
        code: Iterable[Path],
        inputs: Iterable[Path],
        makers: Iterable[Path] = (),
        params: Mapping[str, Any],
    ) -> Self:
        """Digest code and inputs. Call it before the code is imported, so that an edit meanwhile is noticed.

        Args:
            command: the command without the word showreel.
            record: the JSON file to write at the end.
            code: the files and folders of the package that decide the results, as `paths.code` lists them.
            inputs: the files and folders that it reads.
            makers: the records of the runs that made the inputs; where one is missing, they are taken as they are.
            params: dotted key of params.yaml → value: what shapes the outputs.

        Raises:
            ShowreelError: an input is missing, or is not what its maker wrote.
        """
        code, places = [paths.package_file(path) for path in code], tuple(inputs)
        files = _files(places)
        signatures = {path: _signature(path) for path in files}  # before the digests
        digests = _digests(files, command)
        for maker in makers:
            _check_made(digests, maker)
        return cls(
            command=command,
            record=record,
            code={provenance.relative(path): provenance.code_digest(path) for path in code},
            commit=provenance.last_commit(code),
            revision=provenance.revisions().get(command.split()[0], 0),
            inputs=digests,
            params=params,
            places=places,
            signatures=signatures,
        )

    @property
    def id(self) -> str:
        """What tells this run's record from others: a digest of the command, the inputs, the values and the revision.

        Code is not in it, so that equal results are equal bytes whatever words stand in a comment.
        """
        values = {"command": self.command, "inputs": self.inputs, "params": self.params, "revision": self.revision}
        return provenance.value_digest(values)[:ID_CHARACTERS]

    @property
    def origin(self) -> str:
        """One line of JSON for an output to hold: where the record of its making is, and the record's id."""
        return json.dumps({"record": self.record.as_posix(), "id": self.id}, sort_keys=True)

    def key(self, **facts: Any) -> str:
        """Return one line of JSON of everything that shapes a run, code and versions as well: for its checkpoints."""
        known = {"inputs": self.inputs, "params": self.params, "versions": provenance.versions()}
        return json.dumps({**known, "code": self.code, "revision": self.revision, **facts}, sort_keys=True)

    def check(self) -> None:
        """Prove that code and inputs are what they were at the start.

        Raises:
            ShowreelError: one of them has changed.
        """
        sources = {provenance.SOURCE / name: digest for name, digest in self.code.items()}
        inputs = {Path(name): digest for name, digest in self.inputs.items()}
        changed = set(_files(self.places)) ^ inputs.keys()
        for path, digest in inputs.items():
            if self._is_touched(path) and (not path.is_file() or provenance.file_digest(path) != digest):
                changed.add(path)
        changed.update(path for path, digest in sources.items() if provenance.code_digest(path) != digest)
        if changed:
            raise ShowreelError(
                f"{min(changed)}: changed while `showreel {self.command}` ran, so its results were not published; "
                "run it again"
            )

    @contextmanager
    def publishing(self, *outputs: Path, **facts: Any) -> Iterator[list[Path]]:
        """Yield a temporary path for each output; publish all of them and the record, or none.

        Args:
            *outputs: the files to write, in the order in which they appear.
            **facts: what else the record should say, in JSON's types: device, precision.

        Raises:
            ShowreelError: code or inputs have changed since the start, or what the body raises.
        """
        for path in outputs:
            atomic.remove_leftovers(path)
        with atomic.writing(*outputs, self.record) as (*temporaries, record):
            try:
                yield temporaries
            except ShowreelError as error:
                raise type(error)(_with_final_names(str(error), temporaries, outputs)) from error
            record.write_text(self._recorded(dict(zip(outputs, temporaries, strict=True)), facts), encoding="utf-8")
            self.check()

    @contextmanager
    def publishing_folder(self, folder: Path) -> Iterator[Path]:
        """Yield a temporary folder; publish it in place of `folder`, and then the record, or neither.

        Raises:
            ShowreelError: code or inputs have changed since the start, or what the body raises.
        """
        atomic.remove_leftovers(folder)
        with atomic.replacing(folder) as temporary:
            yield temporary
            outputs = {folder / file.relative_to(temporary): file for file in _files([temporary])}
            record = self._recorded(outputs, {})
            self.check()
        atomic.write_text(self.record, record)

    def write_record(self, outputs: Iterable[Path]) -> None:
        """Write the record of outputs that are in place already: files of a folder, each verified when it came.

        Raises:
            ShowreelError: code or inputs have changed since the start.
        """
        self.check()
        atomic.write_text(self.record, self._recorded({path: path for path in outputs}, {}))

    def _is_touched(self, path: Path) -> bool:
        """Tell whether the file system says something else of a file than at the start."""
        return _signature(path) != self.signatures.get(path)

    def _recorded(self, outputs: Mapping[Path, Path], facts: Mapping[str, Any]) -> str:
        """Return the record's text, given where each output is at present."""
        digests = {path.as_posix(): provenance.file_digest(place) for path, place in outputs.items()}
        record = {
            "id": self.id,
            "command": self.command,
            "commit": self.commit,
            "code": self.code,
            "revision": self.revision,
            "inputs": self.inputs,
            "params": self.params,
            "versions": provenance.versions(),
            "outputs": digests,
            **facts,
        }
        record["digest"] = provenance.value_digest(record)
        return json.dumps(record, sort_keys=True, indent=1) + "\n"


def _files(places: Iterable[Path]) -> list[Path]:
    """List files, and those of folders one by one; hidden ones are no data."""
    files: list[Path] = []
    for place in places:
        if not place.exists():
            raise ShowreelError(f"{place}: missing; run the stage that makes it (`dvc repro` does that)")
        inside = place.rglob("*") if place.is_dir() else (place,)
        files += sorted(path for path in inside if path.is_file() and not path.name.startswith("."))
    return files


def _digests(files: Iterable[Path], command: str) -> dict[str, str]:
    """Digest files, with a bar where that takes long."""
    bar = tqdm(files, desc=f"digest the inputs of {command}", unit=" files", delay=SILENT_SECONDS, disable=None)
    return {path.as_posix(): provenance.file_digest(path) for path in bar}


def _check_made(digests: Mapping[str, str], maker: Path) -> None:
    """Refuse inputs that are not what the record of their making says."""
    if not maker.exists():
        return
    try:
        made = dict(json.loads(maker.read_text(encoding="utf-8"))["outputs"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ShowreelError(f"{maker}: damaged ({error}); delete it and run its stage again") from error
    for name, digest in digests.items():
        if made.get(name, digest) != digest:
            raise ShowreelError(
                f"{name}: is not what its stage wrote, by {maker}; delete it and run its stage again, or see "
                "`showreel verify`"
            )


def _signature(path: Path) -> Signature:
    """Return what changes with every write to a file; nothing of it for a file that is gone."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _with_final_names(text: str, temporaries: Iterable[Path], outputs: Iterable[Path]) -> str:
    """Name outputs in a message as the user knows them."""
    for temporary, output in zip(temporaries, outputs, strict=True):
        text = text.replace(str(temporary), str(output))
    return text
