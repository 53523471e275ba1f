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

RANDOM = "random"
"""The weights of an experiment that begins with none of another's."""

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


class Input(BaseModel):
    """One entry of `inputs`: a data set, spoiled."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    dataset: str = Field(description="A name in datasets.")
    degradation: str = Field(description="A file of src/showreel/degradations/; the other keys are its options.")

    @property
    def options(self) -> Options:
        """The degradation's options."""
        return dict(self.model_extra or {})


class Experiment(_Strict):
    """One line of `experiments`: what is learnt, from which data, by which network."""

    task: str = Field(description="What is learnt from input to target: a folder of src/showreel/tasks/.")
    dataset: str = Field(description="A name in datasets: where the targets come from.")
    input: str = Field(description="What the network is given: a name in inputs, or the data set itself.")
    model: str = Field(description="A name in models.")
    weights: str = Field(description="What a training begins with: random, or the experiment whose network it is.")
    training: TrainingChange = Field(default=TrainingChange(), description="Values that differ from training.")
    options: Options = Field(default={}, description="Options that differ from those of the model.")


class Study(BaseModel):
    """One entry of a kind of studies: a question to a trained network."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    of: str = Field(description="A name in experiments; the other keys are the options of the kind.")

    @property
    def options(self) -> Options:
        """The options of the kind."""
        return dict(self.model_extra or {})


class Watch(_Strict):
    """Who looks on while a network trains: a package of that name, and a file in `watching/`."""

    dvclive: bool = Field(default=False, description="Into logs/dvclive/, for DVC, VS Code and Studio.")
    tensorboard: bool = Field(default=False, description="Into logs/tensorboard/, for TensorBoard.")


class Params(_Strict):
    """All of params.yaml."""

    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(description="The one number that all randomness comes from.")
    datasets: dict[Name, Dataset] = Field(description="Where clean images come from: a name → its source and options.")
    inputs: dict[Name, Input] = Field(default={}, description="A data set, spoiled: a name → what it is made of.")
    models: dict[Name, Options] = Field(description="Networks: a file's name → its options.")
    training: Training = Field(description="How experiments train; each may change any of it.")
    watch: Watch = Field(default=Watch(), description="Who looks on while a network trains; changes no result.")
    experiments: dict[Name, Experiment] = Field(description="A name → what is learnt, from what, by which network.")

    @property
    def studies(self) -> dict[str, dict[str, Study]]:
        """Studies by name, by kind."""
        return {kind: getattr(self, registry.section(kind)) for kind in registry.names("studies")}

    def network(self, experiment: str) -> Options:
        """Return the options of an experiment's model: the common ones with its own on top."""
        return self.models[self.experiments[experiment].model] | self.experiments[experiment].options

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
        values = text.read(path)
        _check_form(values)
        params = _checked(schema(), values)
        _check_options(params)
        _check_inputs(params)
        _check_experiments(params)
        _check_studies(params)
    except ParamsError as error:
        raise ParamsError(f"{path}: {error}") from error
    return params


@functools.cache
def schema() -> type[Params]:
    """Return the schema of the whole file, with a section for each kind of study."""
    kinds: dict[str, Any] = {
        registry.section(kind): (dict[Name, Study], Field(default={}, description=f"Studies of the kind {kind}."))
        for kind in registry.names("studies")
    }
    return pydantic.create_model("Params", __base__=Params, __doc__=Params.__doc__, **kinds)


def check_declared(name: str, names: Iterable[str], where: str) -> None:
    """Refuse a name that is not among some names, with a message that lists them."""
    if name not in names:
        raise ParamsError(f"{where}: {quoted(name)} is not declared; {_suggestion(name, names)}")


def _check_form(values: Any) -> None:
    """Refuse a file of the first form, in which every data set was seen through every degradation."""
    if not isinstance(values, dict) or not isinstance(values.get("degradations"), dict):
        return
    dataset = next(iter(values.get("datasets") or {"mnist": None}))
    name, options = next(iter(values["degradations"].items()), ("noisy", {"sigma": 0.5}))
    listed = "".join(f", {key}: {value}" for key, value in (options or {}).items())
    raise ParamsError(
        f"degradations: is of the first form; name each input instead: inputs: {{{dataset}-{name}: {{dataset: {dataset}, "
        f"degradation: {name}{listed}}}}}, and each experiment has task: restoration, input: {dataset}-{name} and "
        "weights: random"
    )


def _check_options(params: Params) -> None:
    """Hold the options of every data set, input, model and study to the signature of its function."""
    for name, dataset in params.datasets.items():
        _check_signature("datasets", dataset.source, dataset.options, f"datasets.{name}", "source")
    for name, given in params.inputs.items():
        _check_signature("degradations", given.degradation, given.options, f"inputs.{name}", "degradation")
    for name, options in params.models.items():
        _check_signature("models", name, options, f"models.{name}")
    for name, experiment in params.experiments.items():
        if experiment.options and experiment.model in params.models:
            where = f"experiments.{name}.options"
            _check_signature("models", experiment.model, params.models[experiment.model] | experiment.options, where)
    for kind, studies in params.studies.items():
        for name, study in studies.items():
            _check_signature("studies", kind, study.options, f"{registry.section(kind)}.{name}")


def _check_signature(folder: str, extension: str, options: Options, where: str, key: str = "") -> None:
    if extension not in registry.names(folder):
        place = f"{where}.{key}" if key else where
        raise ParamsError(
            f"{place}: there is no {quoted(extension)}; {_suggestion(extension, registry.names(folder))} "
            f"(a new one is a file in src/showreel/{folder}/)"
        )
    fields: Any = registry.options(folder, extension)
    _checked(pydantic.create_model(extension, __base__=_Strict, **fields), options, where)


def _check_inputs(params: Params) -> None:
    for name, given in params.inputs.items():
        check_declared(given.dataset, params.datasets, f"inputs.{name}.dataset")
        if name in params.datasets:
            raise ParamsError(f"inputs.{name}: is the name of a data set, too; take another, such as {name}-noisy")


def _check_experiments(params: Params) -> None:
    for name, experiment in params.experiments.items():
        where = f"experiments.{name}"
        check_declared(experiment.task, registry.names(registry.TASKS), f"{where}.task")
        check_declared(experiment.dataset, params.datasets, f"{where}.dataset")
        check_declared(experiment.model, params.models, f"{where}.model")
        _check_input(params, experiment, f"{where}.input")
        _check_fields(params, experiment, where)
        _check_weights(params, name)
        recipe = params.recipe(name)
        if recipe["batch_size"] % recipe["devices"]:
            raise ParamsError(
                f"{where}: training.batch_size {recipe['batch_size']} cannot be shared evenly by training.devices "
                f"{recipe['devices']}; choose a multiple"
            )


def _check_input(params: Params, experiment: Experiment, where: str) -> None:
    """Refuse an input that is not declared, or is made of another data set."""
    fitting = [name for name, given in params.inputs.items() if given.dataset == experiment.dataset]
    if experiment.input in params.inputs and experiment.input not in fitting:
        other = params.inputs[experiment.input].dataset
        raise ParamsError(f"{where}: {experiment.input} is made of {other}, not of {experiment.dataset}")
    check_declared(experiment.input, [experiment.dataset, *fitting], where)


def _check_fields(params: Params, experiment: Experiment, where: str) -> None:
    """Refuse a data set that lacks a field which the task needs."""
    needed = [
        field
        for constant in ("INPUTS", "TARGETS")
        for field in registry.constant(registry.TASKS, experiment.task, constant, "learning")
    ]
    source = params.datasets[experiment.dataset].source
    for field in needed:
        if field not in registry.constant("datasets", source, "FIELDS"):
            having = [
                name
                for name, dataset in params.datasets.items()
                if field in registry.constant("datasets", dataset.source, "FIELDS")
            ]
            raise ParamsError(
                f"{where}.dataset: {experiment.dataset} has no field {field}, which the task {experiment.task} needs; "
                f"it is in: {', '.join(having) or 'no declared data set'}"
            )


def _check_weights(params: Params, name: str) -> None:
    """Refuse weights of no experiment, and experiments that begin with each other's weights in a circle."""
    seen = [name]
    while (parent := params.experiments[seen[-1]].weights) != RANDOM:
        check_declared(parent, [RANDOM, *params.experiments], f"experiments.{seen[-1]}.weights")
        if parent in seen:
            raise ParamsError(f"experiments.{name}.weights: goes round in a circle ({' → '.join([*seen, parent])})")
        seen.append(parent)


def _check_studies(params: Params) -> None:
    taken = {name: "experiments" for name in params.experiments}
    for kind, studies in params.studies.items():
        for name, study in studies.items():
            where = f"{registry.section(kind)}.{name}"
            check_declared(study.of, params.experiments, f"{where}.of")
            if name in taken:
                raise ParamsError(f"{where}: is a name in {taken[name]}, too; results/{name} can belong to one alone")
            taken[name] = registry.section(kind)


def _checked(form: type[Checked], values: Any, where: str = "") -> Checked:
    try:
        return form.model_validate(values)
    except pydantic.ValidationError as error:
        first, *others = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        more = f" (and {len(others)} more)" if others else ""
        raise ParamsError(_sentence(first, form, where) + more) from error


def _sentence(error: Any, form: type[BaseModel], where: str) -> str:
    """Turn one of pydantic's errors into: full.key: what is wrong; what would be right."""
    location = [str(key) for key in error["loc"] if key != "[key]"]
    place = ".".join(shown(part) for part in (where, *location) if part) or "the whole file"
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key; {_suggestion(location[-1], _known_keys(form, location[:-1]))}"
    if error["type"] == "missing":
        close = difflib.get_close_matches(location[-1], map(str, error["input"]), 1)
        usual = {"task": "add task: restoration", "weights": f"add weights: {RANDOM}"}.get(location[-1], "add it")
        return f"{place}: missing; " + (f"is {quoted(close[0])} meant to be it?" if close else usual)
    reason = {
        "string_pattern_mismatch": "a name is made of letters, digits, '_' and '-', starting with a letter or a digit",
        "string_type": "should be text, in quotes if it looks like a number",
        "dict_type": "should hold keys with values",
        "model_type": "should hold keys with values",
    }.get(error["type"], error["msg"].removeprefix("Input "))
    return f"{place}: {reason}, not {quoted(error['input'])}"


def _known_keys(form: type[BaseModel], location: list[str]) -> list[str]:
    """Return the keys that may stand at a place: the whole file's, those of a section, or an experiment's."""
    nested: dict[tuple[str, int], type[BaseModel]] = {
        ("training", 1): Training,
        ("watch", 1): Watch,
        ("experiments", 2): Experiment,
        ("experiments", 3): TrainingChange,
    }
    return list(nested[location[0], len(location)].model_fields if location else form.model_fields)


def _suggestion(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, names, 1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}there are: {', '.join(names) or 'none'}"
