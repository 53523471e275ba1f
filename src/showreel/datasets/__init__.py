"""Where clean images come from: one file a data set, named as `source` in params.yaml.

Each file offers

- `FILES: tuple[RemoteFile, ...]`: what to download, or `()`;
- `gather(folder: Path, **options) -> None`, only where `FILES` is empty: bring the data from a package or from a
  user's folder into `data/raw/<dataset>/`;
- `classes(folder: Path, **options) -> tuple[str, ...]`: what each label means, in order;
- `read(folder: Path, split: Split, **options) -> Iterator[Block]`: the images of one split in blocks, always in the
  same order, so that a data set larger than memory streams.

Options are keyword-only and typed: an unknown or ill-typed one in params.yaml is refused by the signature of `read`.
Files of this folder without `read` hold what several data sets share.
"""
