"""The schemas of the JSON that a gallery reads: what is in it is of the right type, finite, and fits together."""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator

from showreel.storage.errors import ShowreelError

LARGEST = 1e12
"""No score, loss or count is beyond it."""
AGAIN = "delete it and run its stage again (`dvc repro` does that)"
LONGEST = 200
"""Characters of a reason that a message shows."""

Score = Annotated[int | float, Field(ge=-LARGEST, le=LARGEST)]
Pixels = Annotated[int, Field(ge=0)]
Place = Annotated[int, Field(ge=0)]
Table = dict[str, Any]
STRICT = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class Row(BaseModel):
    """A row of tiles: what they are, and the (x, y) of its strips in the sheet."""

    model_config = STRICT
    name: str
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]
    at: Annotated[list[tuple[Pixels, Pixels]], Field(min_length=1)]


class Strips(BaseModel):
    """Rows of the same examples."""

    model_config = STRICT
    indices: Annotated[list[Place], Field(min_length=1)]
    rows: list[Row]

    def lengths(self) -> set[int]:
        """Return how many strips a row may have."""
        return {1}

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        kinds = [row.kind for row in self.rows]
        if len(set(kinds)) < len(kinds) or "network" not in kinds:
            raise ValueError("rows are missing or there twice")
        if any(len(row.at) not in self.lengths() for row in self.rows):
            raise ValueError("a row has too many or too few strips")
        return self


class Reel(Strips):
    """Rows that change with the epochs, and THE score of the test split after each."""

    epochs: list[int]
    scores: list[Score]

    def lengths(self) -> set[int]:
        """Return how many strips a row may have."""
        return {1, len(self.epochs)}

    @model_validator(mode="after")
    def _counts(self) -> Self:
        if self.epochs != list(range(len(self.scores))):
            raise ValueError("epochs do not count up from 0, or are not those of the scores")
        return self


class Sheet(BaseModel):
    """`sheet.json`: of which task the examples are, and where they are in `sheet.png`; see `drawing.sheet`."""

    model_config = STRICT
    task: str
    tile: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    reel: Reel
    chosen: Strips

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if [row.kind for row in self.reel.rows] != [row.kind for row in self.chosen.rows]:
            raise ValueError("the chosen examples have other rows than those of the reel")
        return self


class Metrics(RootModel[dict[str, Score]]):
    """`metrics.json`: summary scores by name."""

    model_config = STRICT


class Options(RootModel[Table]):
    """The options of a baseline."""

    model_config = STRICT


class Values(BaseModel):
    """One key of params.yaml in a record; an experiment's may hold its own values of training and of its model."""

    model_config = ConfigDict(extra="allow", **STRICT)
    training: Table = {}
    options: Table = {}


class Params(BaseModel):
    """What a record tells of params.yaml."""

    model_config = ConfigDict(extra="allow", **STRICT)
    __pydantic_extra__: dict[str, Values]
    seed: int = 0
    training: Table = {}


class Record(BaseModel):
    """What a gallery tells of a lineage record; older ones may lack any of it."""

    model_config = STRICT
    params: Params = Field(default_factory=lambda: Params.model_validate({}))
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    versions: dict[str, str] = {}
    devices: list[str] = []
    precision: str = ""
    kept_epoch: int = 0
    degradation: Table = {}
    classes: list[str] = []


def read(path: Path, schema: type[BaseModel]) -> Any:
    """Read a JSON file of a schema, and return plain values: what the schema names and the file has.

    Raises:
        ShowreelError: it is missing or damaged.
    """
    if not path.is_file():
        raise ShowreelError(f"{path}: missing; run the stage that makes it (`dvc repro` does that)")
    return parse(path.read_bytes(), schema, path)


def parse(text: bytes | str, schema: type[BaseModel], path: Path) -> Any:
    """Do so with the text of a file, or a part of it.

    Raises:
        ShowreelError: it is damaged.
    """
    try:
        return schema.model_validate_json(text).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        raise damaged(path, _first(error)) from error


def _first(error: ValidationError) -> str:
    """Say where a file first differs from its schema, and what would be right."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))


def damaged(path: Path, reason: object) -> ShowreelError:
    """Return the error that names a damaged file, with nothing of its content that could mislead a terminal."""
    text = " ".join(str(reason).split())
    return ShowreelError(f"{path}: damaged ({(text if text.isprintable() else ascii(text))[:LONGEST]}); {AGAIN}")
