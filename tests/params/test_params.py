from pathlib import Path

import pytest
import yaml

from showreel.params import loading, registry, schema
from showreel.storage.errors import ParamsError

GOOD = """\
seed: 20
datasets:
  digits: {source: digits}
  photos: {source: photos, patch: 32}
inputs:
  digits-noisy: {dataset: digits, degradation: noisy, sigma: 0.5}
  digits-downscaled: {dataset: digits, degradation: downscaled, factor: 2, sigma: 0.05}
models:
  unet: {depth: 2, filters: 16}
  upscaler: {depth: 1, filters: 16}
training: {epochs: 25, batch_size: 128, learning_rate: 0.001, precision: auto}
experiments:
  digits-denoiser: {task: restoration, dataset: digits, input: digits-noisy, model: unet, weights: random}
  photos-identity: {task: restoration, dataset: photos, input: photos, model: unet, weights: random, training: {epochs: 50}}
"""  # noqa: E501
ROOT = Path(__file__).parents[2]


def load(folder: Path, text: str | bytes) -> schema.Params:
    path = folder / "params.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return loading.load(path)


def changed(before: str, after: str) -> str:
    assert GOOD.count(before) == 1
    return GOOD.replace(before, after)


def message(folder: Path, text: str | bytes) -> str:
    """Return what is said of a bad file, behind its name."""
    with pytest.raises(ParamsError) as refusal:
        load(folder, text)
    assert refusal.value.exit_code == 2
    start = f"{folder / 'params.yaml'}: "
    assert str(refusal.value).startswith(start)
    return str(refusal.value).removeprefix(start)


def test_the_projects_own_file_is_good() -> None:
    declared = loading.load(ROOT / "params.yaml")
    assert declared.experiments.keys() >= {"photos-denoiser", "mnist-superresolution"}


def test_values_come_as_they_are_written(tmp_path: Path) -> None:
    declared = load(tmp_path, GOOD)
    assert declared.seed == 20
    assert declared.datasets["photos"].options == {"patch": 32}
    assert declared.datasets["digits"].options == {}
    assert declared.inputs["digits-downscaled"].degradation == "downscaled"
    assert declared.inputs["digits-downscaled"].options == {"factor": 2, "sigma": 0.05}
    assert declared.experiments["digits-denoiser"].model == "unet"
    assert declared.studies == {"cross": {}}


def test_an_experiment_changes_its_own_training_alone(tmp_path: Path) -> None:
    declared = load(tmp_path, GOOD)
    common = {"epochs": 25, "batch_size": 128, "learning_rate": 0.001, "precision": "auto"}
    common |= {"deterministic": False, "devices": 1}
    assert declared.recipe("digits-denoiser") == common
    assert declared.recipe("photos-identity") == common | {"epochs": 50}


def test_values_are_what_the_file_says_at_some_keys_and_no_more(tmp_path: Path) -> None:
    declared = load(tmp_path, GOOD)
    assert declared.values("seed", "models.unet", "experiments.photos-identity") == {
        "seed": 20,
        "models.unet": {"depth": 2, "filters": 16},
        "experiments.photos-identity": yaml.safe_load(GOOD)["experiments"]["photos-identity"],
    }


@pytest.mark.parametrize(
    ("text", "watchers"),
    [
        ("", []),
        ("watch: {}", []),
        ("watch: {dvclive: false, tensorboard: true}", ["tensorboard"]),
        ("watch: {tensorboard: true, dvclive: true}", ["dvclive", "tensorboard"]),
    ],
)
def test_nobody_looks_on_unless_the_file_says_so(tmp_path: Path, text: str, watchers: list[str]) -> None:
    assert load(tmp_path, GOOD + text).watchers == watchers


def test_the_order_of_keys_changes_nothing(tmp_path: Path) -> None:
    def reversed_keys(value: object) -> object:
        return {key: reversed_keys(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    text = yaml.safe_dump(reversed_keys(yaml.safe_load(GOOD)), sort_keys=False)
    assert text.startswith("experiments:")
    assert load(tmp_path, text) == load(tmp_path, GOOD)


@pytest.mark.parametrize("text", ["1.0e-3", "0.001", ".001", "1"])
def test_numbers_that_both_engines_read_alike_are_taken(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, changed("0.001", text)).training.learning_rate == float(text)


@pytest.mark.parametrize(
    ("before", "after", "where", "readings"),
    [
        ("0.001", "1e-3", "training.learning_rate", "Snakemake reads '1e-3' here and DVC 0.001"),
        ("epochs: 25", "epochs: 010", "training.epochs", "Snakemake reads 8 here and DVC 10"),
        ("epochs: 25", "epochs: 1:30", "training.epochs", "Snakemake reads 90 here and DVC '1:30'"),
        ("seed: 20", "seed: yes", "seed", "Snakemake reads True here and DVC 'yes'"),
        ("source: digits", "source: off", "datasets.digits.source", "Snakemake reads False here and DVC 'off'"),
        (
            "seed: 20",
            "seed: 20\nwatch: {tensorboard: yes}",
            "watch.tensorboard",
            "Snakemake reads True here and DVC 'yes'",
        ),
        ("seed: 20", "seed: [1, no]", "seed.1", "Snakemake reads False here and DVC 'no'"),
        ("  digits-denoiser:", "  on:", "experiments, a key", "Snakemake reads True here and DVC 'on'"),
        ("seed: 20", "seed: 20\nno: 1", "the whole file, a key", "Snakemake reads False here and DVC 'no'"),
    ],
)
def test_what_the_engines_read_differently_is_refused(
    tmp_path: Path, before: str, after: str, where: str, readings: str
) -> None:
    said = message(tmp_path, changed(before, after))
    assert said.startswith(f"{where}: {readings}; write numbers as 0.001, 1.0e-3 or 10")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("seed: 20\n", "", "seed: missing; add it"),
        ("seed: 20", "sede: 20", "sede: unknown key; did you mean 'seed'? there are: seed, datasets"),
        ("seed: 20", "seed: 20\nobjectives: {}", "objectives: unknown key; there are: seed, datasets"),
        ("epochs: 25", "epoch: 25", "training.epoch: unknown key; did you mean 'epochs'?"),
        ("epochs: 25, ", "", "training.epochs: missing; add it"),
        ("source: digits", "sorce: digits", "datasets.digits.source: missing; is 'sorce' meant to be it?"),
        ("{source: digits}", "{}", "datasets.digits.source: missing; add it"),
        ("patch: 32", "pach: 32", "datasets.photos.pach: unknown key; did you mean 'patch'? there are: patch"),
        ("{source: digits}", "{source: digits, size: 9}", "datasets.digits.size: unknown key; there are: none"),
        ("noisy, sigma: 0.5", "noisy, sgma: 0.5", "inputs.digits-noisy.sgma: unknown key; did you mean 'sigma'?"),
        ("noisy, sigma: 0.5", "noisy", "inputs.digits-noisy.sigma: missing; add it"),
        ("depth: 2", "deph: 2", "models.unet.deph: unknown key; did you mean 'depth'? there are: depth, filters"),
        (
            "input: digits-noisy",
            "inptu: digits-noisy",
            "experiments.digits-denoiser.inptu: unknown key; did you mean 'input'?",
        ),
        ("input: digits-noisy, ", "", "experiments.digits-denoiser.input: missing; add it"),
        (
            "{task: restoration, dataset: digits",
            "{dataset: digits",
            "experiments.digits-denoiser.task: missing; add task: ",
        ),
        (", weights: random}", "}", "experiments.digits-denoiser.weights: missing; add weights: random"),
        ("dataset: digits, degradation: noisy", "dataset: digits", "inputs.digits-noisy.degradation: missing; add it"),
        (
            "seed: 20",
            "seed: 20\nwatch: {dvc: true}",
            "watch.dvc: unknown key; did you mean 'dvclive'? there are: dvclive, t",
        ),
        ("seed: 20", "seed: 20\nwatching: {}", "watching: unknown key; did you mean 'watch'?"),
        (
            "{epochs: 50}",
            "{epoch: 5}",
            "experiments.photos-identity.training.epoch: unknown key; did you mean 'epochs'?",
        ),
    ],
)
def test_missing_and_misspelt_keys_are_named(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert message(tmp_path, changed(before, after)).startswith(said)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("source: digits", "source: digitz", "datasets.digits.source: there is no 'digitz'; did you mean 'digits'?"),
        (
            "degradation: noisy",
            "degradation: nosy",
            "inputs.digits-noisy.degradation: there is no 'nosy'; did you mean",
        ),
        ("degradation: noisy", "degradation: noise", "inputs.digits-noisy.degradation: there is no 'noise'"),
        (
            "restoration, dataset: digits",
            "restoring, dataset: digits",
            "experiments.digits-denoiser.task: 'restoring' is ",
        ),
        (
            "model: unet, weights: random}",
            "model: unet, weights: randm}",
            "experiments.digits-denoiser.weights: 'randm' is ",
        ),
        ("  unet:", "  unett:", "models.unett: there is no 'unett'; did you mean 'unet'? there are: unet, upscaler"),
        ("  unet:", "  blocks:", "models.blocks: there is no 'blocks'; there are: unet, upscaler"),
        (
            "digits-noisy: {dataset: digits",
            "digits-noisy: {dataset: digit",
            "inputs.digits-noisy.dataset: 'digit' is not ",
        ),
        (
            "restoration, dataset: digits",
            "restoration, dataset: digit",
            "experiments.digits-denoiser.dataset: 'digit' is not declared; did you",
        ),
        (
            "input: digits-noisy",
            "input: digits-nosy",
            "experiments.digits-denoiser.input: 'digits-nosy' is not declared; did you mean 'digits-noisy'",
        ),
        (
            "noisy, model: unet",
            "noisy, model: net",
            "experiments.digits-denoiser.model: 'net' is not declared; did you",
        ),
    ],
)
def test_unknown_names_are_refused_with_those_that_exist(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert message(tmp_path, changed(before, after)).startswith(said)


def test_an_experiment_may_be_given_its_data_set_itself(tmp_path: Path) -> None:
    declared = load(tmp_path, changed("input: digits-noisy", "input: digits"))
    assert declared.experiments["digits-denoiser"].input == "digits"


def test_an_input_of_another_data_set_is_refused(tmp_path: Path) -> None:
    said = message(tmp_path, changed("input: photos", "input: digits-noisy"))
    assert said == "experiments.photos-identity.input: digits-noisy is made of digits, not of photos"


def test_an_input_that_has_the_name_of_a_data_set_is_refused(tmp_path: Path) -> None:
    said = message(tmp_path, GOOD.replace("digits-noisy", "photos"))
    assert said.startswith("inputs.photos: is the name of a data set, too; take another")


def test_a_file_of_the_first_form_is_refused_with_what_it_should_say(tmp_path: Path) -> None:
    first = """\
seed: 20
datasets: {mnist: {source: mnist}}
degradations: {noisy: {sigma: 0.5}}
models: {unet: {depth: 2, filters: 16}}
training: {epochs: 25, batch_size: 128, learning_rate: 0.001, precision: auto}
experiments: {mnist-denoiser: {dataset: mnist, input: noisy, model: unet}}
"""
    said = message(tmp_path, first)
    assert said.startswith("degradations: is of the first form; name each input instead: ")
    assert "inputs: {mnist-noisy: {dataset: mnist, degradation: noisy, sigma: 0.5}}" in said
    assert "task: restoration" in said
    assert "weights: random" in said


CHILD = "  child: {{task: restoration, dataset: digits, input: digits, model: unet, weights: {}}}\n"


def test_weights_are_random_or_another_experiments(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD + CHILD.format("digits-denoiser")).experiments["child"].weights == "digits-denoiser"
    said = message(tmp_path, GOOD + CHILD.format("digits-denoisr"))
    assert said.startswith(
        "experiments.child.weights: 'digits-denoisr' is not declared; did you mean 'digits-denoiser'"
    )


def test_no_experiment_has_the_name_of_weights_that_nobody_trained(tmp_path: Path) -> None:
    said = message(tmp_path, changed("digits-denoiser:", "random:"))
    assert said.startswith("experiments.random: is what weights are called that nobody trained; take another name")


@pytest.mark.parametrize("parent", ["child", "digits-denoiser"])
def test_weights_that_go_round_in_a_circle_are_refused(tmp_path: Path, parent: str) -> None:
    text = GOOD.replace("model: unet, weights: random}", "model: unet, weights: child}") + CHILD.format(parent)
    said = message(tmp_path, text)
    assert "weights: goes round in a circle (" in said


def test_an_experiment_changes_options_of_its_model_alone(tmp_path: Path) -> None:
    declared = load(tmp_path, changed("weights: random}", "weights: random, options: {depth: 1}}"))
    assert declared.network("digits-denoiser") == {"depth": 1, "filters": 16}
    assert declared.network("photos-identity") == {"depth": 2, "filters": 16}
    said = message(tmp_path, changed("weights: random}", "weights: random, options: {deph: 1}}"))
    assert said.startswith("experiments.digits-denoiser.options.deph: unknown key; did you mean 'depth'?")


def test_a_data_set_without_a_field_that_a_task_needs_is_refused_with_those_that_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constant = registry.constant

    def without_images(folder: str, name: str, key: str, part: str = "") -> object:
        return ("label",) if (name, key) == ("digits", "FIELDS") else constant(folder, name, key, part)

    monkeypatch.setattr(registry, "constant", without_images)
    assert message(tmp_path, GOOD) == (
        "experiments.digits-denoiser.dataset: digits has no field image, which the task restoration needs; "
        "it is in: photos"
    )


CROSS = "crosses:\n  {}: {{of: digits-denoiser, dataset: digits, values: [0.25, 1]}}\n"


def test_studies_are_sections_of_their_kind(tmp_path: Path) -> None:
    declared = load(tmp_path, GOOD + CROSS.format("crossed"))
    assert declared.studies["cross"]["crossed"].of == "digits-denoiser"
    assert declared.studies["cross"]["crossed"].options == {"dataset": "digits", "values": [0.25, 1]}
    assert declared.values("crosses.crossed") == {
        "crosses.crossed": {"of": "digits-denoiser", "dataset": "digits", "values": [0.25, 1]}
    }


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("of: digits-denoiser", "of: digits-denoisr", "crosses.crossed.of: 'digits-denoisr' is not declared; did you"),
        ("of: digits-denoiser, ", "", "crosses.crossed.of: missing; add it"),
        ("dataset: digits", "dataset: digitz", "crosses.crossed.dataset: 'digitz' is not declared; did you mean"),
        ("dataset: digits, ", "", "crosses.crossed.dataset: missing; add it"),
        ("values", "vlues", "crosses.crossed.vlues: unknown key; did you mean 'values'?"),
        ("[0.25, 1]", "0.25", "crosses.crossed.values: should be a valid list, not 0.25"),
        ("[0.25, 1]", "[low]", "crosses.crossed.values.0: should be a valid number, not 'low'"),
    ],
)
def test_what_a_study_cannot_be_is_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert message(tmp_path, GOOD + CROSS.format("crossed").replace(before, after)).startswith(said)


def test_a_study_with_the_name_of_an_experiment_is_refused(tmp_path: Path) -> None:
    said = message(tmp_path, GOOD + CROSS.format("photos-identity"))
    assert said.startswith("crosses.photos-identity: is a name in experiments, too; results/photos-identity can")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("seed: 20", "seed: -1", "seed: should be greater than or equal to 0, not -1"),
        ("seed: 20", "seed: 20.0", "seed: should be a valid integer, not 20.0"),
        ("seed: 20", "seed: '20'", "seed: should be a valid integer, not '20'"),
        ("seed: 20", "seed: true", "seed: should be a valid integer, not True"),
        ("seed: 20", "seed: 9223372036854775808", "seed: should be less than 9223372036854775808"),
        ("seed: 20", "seed: 2001-01-01", "seed: should be a valid integer, not datetime.date"),
        ("epochs: 25", "epochs: 0", "training.epochs: should be greater than or equal to 1, not 0"),
        ("epochs: 25", "epochs: many", "training.epochs: should be a valid integer, not 'many'"),
        ("0.001", "0", "training.learning_rate: should be greater than 0, not 0"),
        ("0.001", "true", "training.learning_rate: should be a valid number, not True"),
        ("0.001", ".nan", "training.learning_rate: should be a finite number, not nan"),
        ("0.001", ".inf", "training.learning_rate: should be a finite number, not inf"),
        ("auto", "float16", "training.precision: should be 'auto', 'bfloat16' or 'float32', not 'float16'"),
        ("seed: 20", "seed: 20\nwatch: {dvclive: 1}", "watch.dvclive: should be a valid boolean, not 1"),
        ("seed: 20", "seed: 20\nwatch: {dvclive: 'true'}", "watch.dvclive: should be a valid boolean, not 'true'"),
        ("seed: 20", "seed: 20\nwatch: {dvclive: }", "watch.dvclive: should be a valid boolean, not None"),
        ("seed: 20", "seed: 20\nwatch: true", "watch: should hold keys with values, not True"),
        ("seed: 20", "seed: 20\nwatch:", "watch: should hold keys with values, not None"),
        ("{source: digits}", "digits", "datasets.digits: should hold keys with values, not 'digits'"),
        ("{source: digits}", "", "datasets.digits: should hold keys with values, not None"),
        ("source: digits", "source: 3", "datasets.digits.source: should be text, in quotes"),
        ("patch: 32", "patch: big", "datasets.photos.patch: should be a valid integer, not 'big'"),
        (
            "{dataset: digits, degradation: noisy, sigma: 0.5}",
            "0.5",
            "inputs.digits-noisy: should hold keys with values",
        ),
        ("noisy, sigma: 0.5", "noisy, sigma: .nan", "inputs.digits-noisy.sigma: should be a finite number, not nan"),
        ("factor: 2", "factor: 2.0", "inputs.digits-downscaled.factor: should be a valid integer, not 2.0"),
        (
            "{epochs: 50}",
            "{epochs: }",
            "experiments.photos-identity.training.epochs: should be a valid integer, not None",
        ),
        ("{epochs: 50}", "50", "experiments.photos-identity.training: should hold keys with values, not 50"),
        ("  digits-denoiser:", "  2024:", "experiments.2024: should be text, in quotes if it looks like a number"),
    ],
)
def test_wrong_types_and_values_are_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert message(tmp_path, changed(before, after)).startswith(said)


@pytest.mark.parametrize("name", ["a/b", "../b", "a.b", "..", "''", "-a", '"a\\n"', "a b", "é"])
def test_a_name_that_is_no_file_name_everywhere_is_refused(tmp_path: Path, name: str) -> None:
    assert "a name is made of letters, digits, '_' and '-'" in message(
        tmp_path, changed("digits-denoiser:", f"{name}:")
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the whole file: should hold keys with values, not None"),
        ("- a\n- b\n", "the whole file: should hold keys with values, not ['a', 'b']"),
        ("seed", "the whole file: should hold keys with values, not 'seed'"),
        ("seed: [1\n", "is not YAML: line 2, column 1: "),
        (GOOD.replace("  digits:", "\tdigits:"), "is not YAML: line 3, column 1: "),
        (GOOD + "seed: 21\n", 'is not YAML: line 15, column 1: found duplicate key "seed"'),
        (GOOD.replace("depth: 2", "depth: 2, depth: 3"), "is not YAML: line 9, column 20: found duplicate key"),
        (GOOD + "---\n" + GOOD, "is not YAML: line 15, column 1: "),
        (GOOD.replace("20", "!!python/object:os.system 1"), "is not YAML: line 1, column 7: could not determine"),
        (GOOD + "\0", "is not YAML: "),
        (GOOD.encode() + b"# \xe9\n", "is not UTF-8 text (invalid continuation byte at byte "),
        (GOOD.encode("utf-16"), "is not UTF-8 text "),
        ("seed: 2001-99-99", "holds a number or date that cannot be (month must be in 1..12); put text in quotes"),
        ("seed: &a [*a]", "is nested too deeply, or an alias in it holds itself"),
        ("[" * 5000, "is nested too deeply, or an alias in it holds itself"),
    ],
)
def test_what_is_no_table_of_params_is_refused(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert message(tmp_path, text).startswith(said)


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"params\.yaml: missing; run showreel in the project's root"):
        loading.load(tmp_path / "params.yaml")


def test_a_long_wrong_value_is_cut(tmp_path: Path) -> None:
    assert len(message(tmp_path, changed("seed: 20", f"seed: {'a' * 5000}"))) < 200


def test_a_batch_that_devices_cannot_share_evenly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"experiments\..*: training\.batch_size 128 cannot be shared evenly by .* 3"):
        load(tmp_path, GOOD.replace("precision: auto", "precision: auto, devices: 3"))
