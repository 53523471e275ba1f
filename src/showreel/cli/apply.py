"""`showreel apply`: the pictures that were named → restored ones under the same names."""

import glob
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from showreel.cli import terminal
from showreel.params import messages, schema
from showreel.pipeline import paths
from showreel.pipeline.quiet import quiet
from showreel.storage import atomic
from showreel.storage.errors import ParamsError, ShowreelError

if TYPE_CHECKING:
    from showreel.applying.restorer import Restorer

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")


class Job(NamedTuple):
    """One picture: where it is, where its restoration goes, and the picture of both, if there is to be one."""

    source: Path
    target: Path
    compared: Path | None

    @property
    def outputs(self) -> list[Path]:
        """What is written."""
        return [self.target, self.compared] if self.compared else [self.target]


def apply(name: str, pictures: Sequence[str], output: Path, compare: bool, force: bool, declared: schema.Params) -> int:
    """Restore pictures of any size with an experiment's trained network.

    PNG, JPEG, TIFF and WebP; grey or colour, 8 or 16 bits, with alpha or without; EXIF and the ICC profile are kept. A
    picture that cannot be restored is named, the others go on, and the exit code is 1 in the end.
    """
    messages.check_declared(name, declared.experiments, "experiment")
    jobs = _jobs(pictures, output, compare=compare)
    _check_outputs(jobs, force=force)
    with quiet():
        from showreel.applying import restorer
        from showreel.datasets.parts.pictures import UnusableError
        from showreel.training import device
    failed = 0
    with device.claimed(alone=False):
        network = restorer.load(name, paths.PARAMS.parent)
        for job in jobs:
            try:
                terminal.write(_restore(job, network))
            except (UnusableError, OSError) as error:
                print(f"showreel: error: {job.source}: {error}", file=sys.stderr)
                failed += 1
    if failed and len(jobs) > 1:
        raise ShowreelError(f"{failed} of {len(jobs)} pictures could not be restored; they are named above")
    return 1 if failed else 0


def _restore(job: Job, network: "Restorer") -> str:
    """Restore one picture, and return what to say of it."""
    from tqdm import tqdm

    from showreel.applying import picture
    from showreel.applying.comparison import side_by_side

    before = picture.read(job.source)
    picture.check_storable(before.pixels, job.target)
    pixels = network.restore(
        before.pixels, progress=lambda tiles: tqdm(tiles, desc=job.source.name, unit="tile", disable=None, leave=False)
    )
    after = before._replace(pixels=pixels)
    with atomic.writing(*job.outputs) as (target, *compared):
        picture.write(after, target)
        for path in compared:
            side_by_side(before, after).save(path, "PNG")
    size = "×".join(map(str, pixels.shape[1::-1]))
    return f"{job.source} -> {' '.join(map(str, job.outputs))} ({size})"


def _jobs(pictures: Sequence[str], output: Path, *, compare: bool) -> list[Job]:
    """Return what is to be done; a single picture may get a name, several go into a folder under their own."""
    found = list(dict.fromkeys(one for text in pictures for one in _found(text, output)))
    if not found:
        raise ShowreelError(f"{' '.join(pictures)}: no pictures there; PNG, JPEG, TIFF and WebP are taken")
    to_file = output.suffix.lower() in SUFFIXES and not output.is_dir()
    if to_file and len(found) > 1:
        raise ParamsError(f"-o {output}: one file for {len(found)} pictures; name a folder")
    if len(found) == 1 and output.suffix and not to_file and not output.is_dir():
        raise ParamsError(f"-o {output}: is neither a folder nor a {', '.join(SUFFIXES)}; name one of these")
    targets = [output if to_file else output / inner for _, inner in found]
    jobs = [
        Job(source, target, target.with_name(f"{target.stem}.compare.png") if compare else None)
        for (source, _), target in zip(found, targets, strict=True)
    ]
    counts = Counter(path for job in jobs for path in job.outputs)
    for job in jobs:
        if job.target.suffix.lower() not in SUFFIXES:
            raise ParamsError(f"{job.source}: no suffix of a picture ({', '.join(SUFFIXES)})")
        for path in job.outputs:
            if counts[path] > 1:
                raise ParamsError(f"{job.source}: another picture would write {path}, too; restore one after the other")
    return jobs


def _found(text: str, output: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the pictures that an argument names (a file, a folder, a pattern), each with its path in the output."""
    path = Path(text)
    if not path.exists():
        matches = sorted(map(Path, glob.glob(text, recursive=True)))  # noqa: PTH207 – Path.glob takes no absolute pattern
        if not matches:
            raise ShowreelError(f"{text}: missing; name a picture, a folder or a pattern such as 'photos/*.png'")
        yield from ((match, Path(match.name)) for match in matches if match.suffix.lower() in SUFFIXES)
    elif path.is_dir():
        for inner in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in inner.relative_to(path).parts)
            made = inner.resolve().is_relative_to(output.resolve()) and output.resolve() != path.resolve()
            if inner.suffix.lower() in SUFFIXES and inner.is_file() and not hidden and not made:
                yield inner, inner.relative_to(path)
    else:
        yield path, Path(path.name)


def _check_outputs(jobs: Sequence[Job], *, force: bool) -> None:
    """Refuse to write over a picture that is to be restored, ever, and over another file unless told so."""
    sources = {job.source.resolve() for job in jobs}
    outputs = [output for job in jobs for output in job.outputs]
    for output in outputs:
        if output.resolve() in sources:
            raise ParamsError(f"{output}: is a picture to be restored; write it elsewhere")
    existing = [output for output in outputs if output.exists()]
    if existing and not force:
        more = f" (and {len(existing) - 1} more)" if len(existing) > 1 else ""
        raise ParamsError(f"{existing[0]}{more}: exists; name another place, or add --force to replace it")
