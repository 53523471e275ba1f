"""Where clean examples come from: one file a data set, named as `source` in params.yaml.

Each file offers

- `FIELDS: tuple[str, ...]`: the names of the fields that it may have, a literal, read without importing the file;
- `FILES: tuple[RemoteFile, ...]`: what to download, or `()`;
- `gather(folder: Path, **options) -> None`, only where `FILES` is empty: bring the data from a package or from a
  user's folder into `data/raw/<dataset>/`;
- `fields(folder: Path, **options) -> dict[str, Field]`: what the numbers of each field mean (`storage/fields.py`);
- `read(folder: Path, split: Split, **options) -> Iterator[dict[str, Rows]]`: the fields of one split in blocks, all of
  one number of rows, always in the same order, so that a data set larger than memory streams.

Options are keyword-only and typed: an unknown or ill-typed one in params.yaml is refused by the signature of `read`.
`parts/` holds what several data sets share.
"""
