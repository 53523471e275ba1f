from pathlib import Path

import pytest
import yaml

from showreel.params import schema
from showreel.storage.errors import ParamsError

GOOD = """\
seed: 20
datasets:
  digits: {source: digits}
  photos: {source: photos, patch: 32}
degradations:
  noisy: {sigma: 0.5}
  downscaled: {factor: 2, sigma: 0.05}
models:
  unet: {depth: 2, filters: 16}
  upscaler: {depth: 1, filters: 16}
training: {epochs: 25, batch_size: 128, learning_rate: 0.001, precision: auto}
experiments:
  digits-denoiser: {dataset: digits, input: noisy, model: unet}
  photos-identity: {dataset: photos, input: clean, model: unet, training: {epochs: 50}}
"""
ROOT = Path(__file__).parents[2]


def load(folder: Path, text: str | bytes) -> schema.Params:
    path = folder / "params.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return schema.load(path)


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
    declared = schema.load(ROOT / "params.yaml")
    assert declared.experiments.keys() >= {"photos-denoiser", "mnist-superresolution"}


def test_values_come_as_they_are_written(tmp_path: Path) -> None:
    declared = load(tmp_path, GOOD)
    assert declared.seed == 20
    assert declared.datasets["photos"].options == {"patch": 32}
    assert declared.datasets["digits"].options == {}
    assert declared.degradations["downscaled"] == {"factor": 2, "sigma": 0.05}
    assert declared.experiments["digits-denoiser"].model == "unet"


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
        ("{sigma: 0.5}", "{sgma: 0.5}", "degradations.noisy.sgma: unknown key; did you mean 'sigma'?"),
        ("{sigma: 0.5}", "{}", "degradations.noisy.sigma: missing; add it"),
        ("depth: 2", "deph: 2", "models.unet.deph: unknown key; did you mean 'depth'? there are: depth, filters"),
        ("digits, input", "digits, inptu", "experiments.digits-denoiser.inptu: unknown key; did you mean 'input'?"),
        ("input: noisy, ", "", "experiments.digits-denoiser.input: missing; add it"),
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
        ("  noisy:", "  nosy:", "degradations.nosy: there is no 'nosy'; did you mean 'noisy'?"),
        ("  unet:", "  unett:", "models.unett: there is no 'unett'; did you mean 'unet'? there are: unet, upscaler"),
        ("  unet:", "  blocks:", "models.blocks: there is no 'blocks'; there are: unet, upscaler"),
        ("  noisy: {sigma: 0.5}", "  clean: {}", "degradations.clean: it takes no options and is always there; remove"),
        ("dataset: digits", "dataset: digit", "experiments.digits-denoiser.dataset: 'digit' is not declared; did you"),
        (
            "input: noisy",
            "input: nosy",
            "experiments.digits-denoiser.input: 'nosy' is not declared; did you mean 'noisy'",
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


def test_an_experiment_may_use_clean_images_without_a_declaration(tmp_path: Path) -> None:
    assert load(tmp_path, changed("input: noisy", "input: clean")).experiments["digits-denoiser"].input == "clean"


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
        ("{sigma: 0.5}", "0.5", "degradations.noisy: should hold keys with values, not 0.5"),
        ("{sigma: 0.5}", "{sigma: .nan}", "degradations.noisy.sigma: should be a finite number, not nan"),
        ("factor: 2", "factor: 2.0", "degradations.downscaled.factor: should be a valid integer, not 2.0"),
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
        schema.load(tmp_path / "params.yaml")


def test_a_long_wrong_value_is_cut(tmp_path: Path) -> None:
    assert len(message(tmp_path, changed("seed: 20", f"seed: {'a' * 5000}"))) < 200


def test_a_batch_that_devices_cannot_share_evenly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"experiments\..*: training\.batch_size 128 cannot be shared evenly by .* 3"):
        load(tmp_path, GOOD.replace("precision: auto", "precision: auto, devices: 3"))
