"""params.yaml → frozen, checked objects, or one line that names the key, what is wrong and what would be right."""

import difflib
import fnmatch
import functools
import operator
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from showreel.params import registry, text
from showreel.params.text import quoted, shown
from showreel.storage.errors import ParamsError

CLEAN = "clean"
"""The input that every data set has without a declaration: its own images."""

Checked = TypeVar("Checked", bound=BaseModel)
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Precision = Literal["auto", "bfloat16", "float32"]
Options = dict[str, Any]
INHERITED: Any = None
"""Stands where an experiment leaves a training value as it is; it cannot be written in the file."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Dataset(BaseModel):
    """One entry of `datasets`: a file of the folder `datasets/` and its options."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    source: str = Field(description="A file of src/showreel/datasets/; the other keys are its options.")

    @property
    def options(self) -> Options:
        """The source's options."""
        return dict(self.model_extra or {})


class Training(_Strict):
    """How every experiment trains."""

    epochs: Count = Field(description="How often the network sees every training image.")
    batch_size: Count = Field(description="Images in one step; those of an epoch's last one that lack are drawn again.")
    learning_rate: Rate = Field(description="Of Adam's first step; from there it falls to 0 along half a cosine.")
    precision: Precision = Field(
        description="Of the network's arithmetic; auto: bfloat16 where the device is faster with it, else float32."
    )
    deterministic: bool = Field(
        default=False, description="The same bits at every run, on a GPU too; costs speed there."
    )
    devices: Count = Field(
        default=1, description="How many GPUs share each batch, evenly: batch_size is a multiple of it."
    )


class TrainingChange(_Strict):
    """What one experiment does otherwise."""

    epochs: Count = INHERITED
    batch_size: Count = INHERITED
    learning_rate: Rate = INHERITED
    precision: Precision = INHERITED
    deterministic: bool = INHERITED
    devices: Count = INHERITED


class Experiment(_Strict):
    """One line of `experiments`: which images, seen through what, restored by which network."""

    dataset: str = Field(description="A name in datasets.")
    input: str = Field(description="What the network gets: a name in degradations, or clean.")
    model: str = Field(description="A name in models.")
    training: TrainingChange = Field(default=TrainingChange(), description="Values that differ from training.")


class Watch(_Strict):
    """Who looks on while a network trains: a package of that name, and a file in `watching/`."""

    dvclive: bool = Field(default=False, description="Into logs/dvclive/, for DVC, VS Code and Studio.")
    tensorboard: bool = Field(default=False, description="Into logs/tensorboard/, for TensorBoard.")


class Params(_Strict):
    """All of params.yaml."""

    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(description="The one number that all randomness comes from.")
    datasets: dict[Name, Dataset] = Field(description="Where clean images come from: a name → its source and options.")
    degradations: dict[Name, Options] = Field(description="How inputs are made: a file's name → its options.")
    models: dict[Name, Options] = Field(description="Networks: a file's name → its options.")
    training: Training = Field(description="How experiments train; each may change any of it.")
    watch: Watch = Field(default=Watch(), description="Who looks on while a network trains; changes no result.")
    experiments: dict[Name, Experiment] = Field(description="A name → which images, seen how, restored by what.")

    def recipe(self, experiment: str) -> Options:
        """Return an experiment's training values: the common ones with its own on top."""
        return self.training.model_dump() | self.experiments[experiment].training.model_dump(exclude_unset=True)

    @property
    def watchers(self) -> list[str]:
        """The names of those that are to look on."""
        return [name for name, looks_on in self.watch if looks_on]

    def matching(self, pattern: str) -> list[str]:
        """Return the experiments that a pattern such as `mnist-*` names.

        Raises:
            ParamsError: there are none.
        """
        names = fnmatch.filter(self.experiments, pattern)
        if not names:
            check_declared(pattern, self.experiments, "experiment")
        return names

    def values(self, *keys: str) -> Options:
        """Return what the file says at some dotted keys, as it is written there: what both engines record."""
        written = self.model_dump(exclude_unset=True)
        return {key: functools.reduce(operator.getitem, key.split("."), written) for key in keys}


def load(path: Path) -> Params:
    """Read and check params.yaml.

    Raises:
        ParamsError: the file is missing, is no YAML, reads differently in the two engines, or says something wrong.
    """
    try:
        params = _checked(Params, text.read(path))
        _check_options(params)
        _check_experiments(params)
    except ParamsError as error:
        raise ParamsError(f"{path}: {error}") from error
    return params


def check_declared(name: str, names: Iterable[str], where: str) -> None:
    """Refuse a name that is not among some names, with a message that lists them."""
    if name not in names:
        raise ParamsError(f"{where}: {quoted(name)} is not declared; {_suggestion(name, names)}")


def _check_options(params: Params) -> None:
    """Hold the options of every data set, degradation and model to the signature of its function."""
    entries = [("datasets", name, entry.source, entry.options) for name, entry in params.datasets.items()]
    entries += [("degradations", name, name, options) for name, options in params.degradations.items()]
    entries += [("models", name, name, options) for name, options in params.models.items()]
    for folder, name, extension, options in entries:
        where = f"{folder}.{name}"
        if extension not in registry.names(folder):
            key = f"{where}.source" if folder == "datasets" else where
            raise ParamsError(
                f"{key}: there is no {quoted(extension)}; {_suggestion(extension, registry.names(folder))} "
                f"(a new one is a file in src/showreel/{folder}/)"
            )
        known: Any = registry.options(folder, extension)
        _checked(pydantic.create_model(name, __base__=_Strict, **known), options, where)


def _check_experiments(params: Params) -> None:
    for name, experiment in params.experiments.items():
        where = f"experiments.{name}"
        check_declared(experiment.dataset, params.datasets, f"{where}.dataset")
        check_declared(experiment.input, [CLEAN, *params.degradations], f"{where}.input")
        check_declared(experiment.model, params.models, f"{where}.model")
        recipe = params.recipe(name)
        if recipe["batch_size"] % recipe["devices"]:
            raise ParamsError(
                f"{where}: training.batch_size {recipe['batch_size']} cannot be shared evenly by training.devices "
                f"{recipe['devices']}; choose a multiple"
            )


def _checked(schema: type[Checked], values: Any, where: str = "") -> Checked:
    try:
        return schema.model_validate(values)
    except pydantic.ValidationError as error:
        first, *others = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        more = f" (and {len(others)} more)" if others else ""
        raise ParamsError(_sentence(first, schema, where) + more) from error


def _sentence(error: Any, schema: type[BaseModel], where: str) -> str:
    """Turn one of pydantic's errors into: full.key: what is wrong; what would be right."""
    location = [str(key) for key in error["loc"] if key != "[key]"]
    place = ".".join(shown(part) for part in (where, *location) if part) or "the whole file"
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key; {_suggestion(location[-1], _known_keys(schema, location[:-1]))}"
    if error["type"] == "missing":
        close = difflib.get_close_matches(location[-1], map(str, error["input"]), 1)
        return f"{place}: missing; " + (f"is {quoted(close[0])} meant to be it?" if close else "add it")
    reason = {
        "string_pattern_mismatch": "a name is made of letters, digits, '_' and '-', starting with a letter or a digit",
        "string_type": "should be text, in quotes if it looks like a number",
        "dict_type": "should hold keys with values",
        "model_type": "should hold keys with values",
    }.get(error["type"], error["msg"].removeprefix("Input "))
    return f"{place}: {reason}, not {quoted(error['input'])}"


def _known_keys(schema: type[BaseModel], location: list[str]) -> list[str]:
    """Return the keys that may stand at a place: the whole file's, those of a section, or an experiment's."""
    nested: dict[tuple[str, int], type[BaseModel]] = {
        ("training", 1): Training,
        ("watch", 1): Watch,
        ("experiments", 2): Experiment,
        ("experiments", 3): TrainingChange,
    }
    return list(nested[location[0], len(location)].model_fields if location else schema.model_fields)


def _suggestion(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, names, 1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}there are: {', '.join(names) or 'none'}"
