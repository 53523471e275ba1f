"""What params.yaml may say: frozen objects, section by section."""

import fnmatch
import functools
import operator
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from showreel.params import registry
from showreel.params.messages import check_declared

RANDOM = "random"
"""The weights of an experiment that begins with none of another's."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Precision = Literal["auto", "bfloat16", "float32"]
Options = dict[str, Any]
INHERITED: Any = None
"""Stands where an experiment leaves a training value as it is; it cannot be written in the file."""


class Strict(BaseModel):
    """Knows all of its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Dataset(BaseModel):
    """One entry of `datasets`: a file of the folder `datasets/` and its options."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    source: str = Field(description="A file of src/showreel/datasets/; the other keys are its options.")

    @property
    def options(self) -> Options:
        """The source's options."""
        return dict(self.model_extra or {})


class Training(Strict):
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


class TrainingChange(Strict):
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


class Experiment(Strict):
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


class Watch(Strict):
    """Who looks on while a network trains: a package of that name, and a file in `watching/`."""

    dvclive: bool = Field(default=False, description="Into logs/dvclive/, for DVC, VS Code and Studio.")
    tensorboard: bool = Field(default=False, description="Into logs/tensorboard/, for TensorBoard.")


class Params(Strict):
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
        sections = {key.split(".")[0] for key in keys}
        written = self.model_dump(include=sections) | self.model_dump(exclude_unset=True)  # a section may be left out
        return {key: functools.reduce(operator.getitem, key.split("."), written) for key in keys}


@functools.cache
def schema() -> type[Params]:
    """Return the schema of the whole file, with a section for each kind of study."""
    kinds: dict[str, Any] = {
        registry.section(kind): (dict[Name, Study], Field(default={}, description=f"Studies of the kind {kind}."))
        for kind in registry.names("studies")
    }
    return pydantic.create_model("Params", __base__=Params, __doc__=Params.__doc__, **kinds)
