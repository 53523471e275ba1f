from pathlib import Path

import numpy as np
import pytest
from blocks import joined, loaded, same
from checkouts import begun
from PIL import Image

from showreel.params import registry
from showreel.stages.degrade import degrade
from showreel.stages.download import download
from showreel.stages.prepare import prepare
from showreel.storage import prepared
from showreel.storage.errors import ParamsError, ShowreelError
from showreel.storage.examples import ExampleSplit
from showreel.storage.fields import SPLITS

SAMPLES = Path(__file__).parents[1] / "datasets/samples"


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digits")
    download("digits", folder / "raw", partial=folder / "partial", options={}, lineage=begun())
    return folder / "raw"


def test_a_data_set_becomes_three_splits_with_labels_and_class_names(raw: Path, tmp_path: Path) -> None:
    prepare("digits", raw, tmp_path / "clean.h5", dataset="tens", options={}, lineage=begun())
    assert [prepared.count(tmp_path / "clean.h5", split) for split in SPLITS] == [1257, 180, 360]
    described = prepared.described(tmp_path / "clean.h5")
    assert described["image"].shape == (8, 8, 1)
    assert described["label"].field.classes == tuple("0123456789")
    assert prepared.attributes(tmp_path / "clean.h5") == {"dataset": "tens"}
    labels = np.asarray(prepared.read(tmp_path / "clean.h5", "train", slice(0, 3))["label"])
    assert labels.tolist() == [0, 1, 2]


def test_the_same_again_gives_the_same_bytes(raw: Path, tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        prepare("digits", raw, tmp_path / name, dataset="digits", options={}, lineage=begun())
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def sample(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gather and prepare a data set that lies outside the package; return its prepared file."""
    module, own = loaded(SAMPLES / f"{name}.py"), registry.module
    monkeypatch.setattr(registry, "module", lambda place, *names: module if place == "datasets" else own(place, *names))
    raw, path = folder / "raw" / name, folder / f"{name}.h5"
    download(name, raw, partial=folder / "partial", options={}, lineage=begun())
    prepare(name, raw, path, dataset=name, options={}, lineage=begun())
    return path


@pytest.mark.parametrize("name", ["letters", "shapes"])
def test_words_masks_and_depths_are_prepared_as_their_data_set_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path, module = sample(name, tmp_path, monkeypatch), loaded(SAMPLES / f"{name}.py")
    assert {field: about.field for field, about in prepared.described(path).items()} == module.fields(tmp_path)
    for split in SPLITS:
        expected = joined(module.read(tmp_path / "raw" / name, split))
        assert same(prepared.read(path, split), expected)
        assert same(joined(prepared.stream(path, split)), expected)
    again = sample(name, tmp_path / "again", monkeypatch)
    assert again.read_bytes() == path.read_bytes()


def test_a_mask_stays_with_the_image_that_is_degraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean, path = sample("shapes", tmp_path, monkeypatch), tmp_path / "shapes-noisy.h5"
    options = {"sigma": 0.1}
    degrade("shapes-noisy", "noisy", clean, path, seed=1, options=options, lineage=begun(clean))
    assert list(prepared.described(path)) == ["image"]
    example = ExampleSplit.of(path, clean, "test", ("image", "depth"), ("mask",)).read()
    own = prepared.read(clean, "test")
    assert same(example.targets, {"mask": own["mask"]})
    assert same({"depth": example.inputs["depth"]}, {"depth": own["depth"]})
    difference = np.asarray(example.inputs["image"], float) - np.asarray(own["image"])
    assert 0 < np.abs(difference).mean() < 0.1 * 255


def test_words_cannot_be_degraded_like_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = sample("letters", tmp_path, monkeypatch)
    with pytest.raises(
        ParamsError, match=r"noisy changes the field image, which .*letters\.h5 lacks; it has label, tokens"
    ):
        degrade("words", "noisy", clean, tmp_path / "a.h5", seed=1, options={"sigma": 0.1}, lineage=begun(clean))


def test_a_missing_raw_folder_is_named_with_the_command_that_brings_it(tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"raw/digits: no digits .*; run `showreel download digits`"):
        prepare(
            "digits", tmp_path / "raw" / "digits", tmp_path / "clean.h5", dataset="digits", options={}, lineage=begun()
        )
    assert not list(tmp_path.iterdir())


def test_damaged_raw_files_are_named_and_nothing_is_written(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    for path in raw.iterdir():
        (tmp_path / "digits" / path.name).write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ShowreelError, match="run `showreel download digits`"):
        prepare("digits", tmp_path / "digits", tmp_path / "clean.h5", dataset="digits", options={}, lineage=begun())
    assert not list(tmp_path.glob("*.h5")) + list(tmp_path.glob(".*"))


def test_a_split_without_a_usable_picture_leaves_nothing(tmp_path: Path) -> None:
    for split in ("train", "validation", "test"):
        (tmp_path / "mine" / split).mkdir(parents=True)
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "mine" / split / "a.png")
    (tmp_path / "mine" / "test" / "a.png").write_bytes(b"no picture")
    options = {"path": str(tmp_path / "mine"), "size": 8}
    download("folder", tmp_path / "raw", partial=tmp_path / "partial", options=options, lineage=begun())
    with pytest.raises(ShowreelError, match=r"no usable image for the test split \(1 skipped; the first: test/a\.png"):
        prepare("folder", tmp_path / "raw", tmp_path / "clean.h5", dataset="mine", options=options, lineage=begun())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "partial", "raw"]


def test_an_unknown_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="there is no 'digitz'"):
        prepare("digitz", tmp_path, tmp_path / "clean.h5", dataset="digits", options={}, lineage=begun())
