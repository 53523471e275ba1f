"""params.yaml → a checked object: every name that it uses exists, every option fits the function that takes it."""

from pathlib import Path
from typing import Any

import pydantic

from showreel.params import registry, text
from showreel.params.messages import check_declared, checked, suggestion
from showreel.params.schema import RANDOM, Experiment, Options, Params, Strict, schema
from showreel.params.text import quoted
from showreel.storage.errors import ParamsError


def load(path: Path) -> Params:
    """Read and check params.yaml.

    Raises:
        ParamsError: the file is missing, is no YAML, reads differently in the two engines, or says something wrong.
    """
    try:
        values = text.read(path)
        _check_form(values)
        params = checked(schema(), values)
        _check_options(params)
        _check_inputs(params)
        _check_experiments(params)
        _check_studies(params)
    except ParamsError as error:
        raise ParamsError(f"{path}: {error}") from error
    return params


def _check_form(values: Any) -> None:
    """Refuse a file of the first form, in which every data set was seen through every degradation."""
    if not isinstance(values, dict) or not isinstance(values.get("degradations"), dict):
        return
    dataset = next(iter(values.get("datasets") or {"mnist": None}))
    name, options = next(iter(values["degradations"].items()), ("noisy", {"sigma": 0.5}))
    listed = "".join(f", {key}: {value}" for key, value in (options or {}).items())
    raise ParamsError(
        f"degradations: is of the first form; name each input instead: inputs: {{{dataset}-{name}: "
        f"{{dataset: {dataset}, degradation: {name}{listed}}}}}, and each experiment has task: restoration, "
        f"input: {dataset}-{name} and weights: random"
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
            f"{place}: there is no {quoted(extension)}; {suggestion(extension, registry.names(folder))} "
            f"(a new one is a file in src/showreel/{folder}/)"
        )
    fields: Any = registry.options(folder, extension)
    checked(pydantic.create_model(extension, __base__=Strict, **fields), options, where)


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
    if name == RANDOM:
        raise ParamsError(f"experiments.{name}: is what weights are called that nobody trained; take another name")
    seen = [name]
    while (parent := params.experiments[seen[-1]].weights) != RANDOM:
        check_declared(parent, [RANDOM, *params.experiments], f"experiments.{seen[-1]}.weights")
        if parent in seen:
            raise ParamsError(f"experiments.{name}.weights: goes round in a circle ({' → '.join([*seen, parent])})")
        seen.append(parent)


def _check_studies(params: Params) -> None:
    taken = dict.fromkeys(params.experiments, "experiments")
    for kind, studies in params.studies.items():
        for name, study in studies.items():
            where = f"{registry.section(kind)}.{name}"
            check_declared(study.of, params.experiments, f"{where}.of")
            for option in registry.constant("studies", kind, "DATA", "study"):
                check_declared(study.options[option], params.datasets, f"{where}.{option}")
            if name in taken:
                raise ParamsError(f"{where}: is a name in {taken[name]}, too; results/{name} can belong to one alone")
            taken[name] = registry.section(kind)
