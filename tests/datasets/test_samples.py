"""Data sets that other tests put into a checkout: ragged rows, masks and depths."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from blocks import arrays, joined, loaded

from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Ragged

SAMPLES = Path(__file__).parent / "samples"
letters, shapes = (loaded(SAMPLES / f"{name}.py") for name in ("letters", "shapes"))


def test_words_rise_or_fall_and_differ_in_length(tmp_path: Path) -> None:
    letters.gather(tmp_path)
    words = joined(letters.read(tmp_path, "train"))
    tokens = words["tokens"]
    assert isinstance(tokens, Ragged)
    assert set(tokens.lengths.tolist()) == set(range(2, 10))
    rows = np.split(tokens.values.astype(int), np.cumsum(tokens.lengths)[:-1])
    for row, label in zip(rows, np.asarray(words["label"]), strict=True):
        assert np.all(np.diff(row) > 0 if label == 0 else np.diff(row) < 0)
    assert [len(block["label"]) for block in letters.read(tmp_path, "train")] == [100, 100, 100, 100, 80]
    written = "".join((tmp_path / "words.txt").read_text().split()[:480])
    assert "".join(letters.ALPHABET[token] for token in tokens.values) == written


def test_nearer_shapes_hide_farther_ones_in_image_mask_and_depth(tmp_path: Path) -> None:
    shapes.gather(tmp_path)
    scenes = arrays(shapes.read(tmp_path, "train"))
    image, mask, depth = scenes["image"], scenes["mask"], scenes["depth"]
    assert set(np.unique(mask).tolist()) == {0, 1, 2, 255}
    assert set(mask[:, 0].ravel().tolist()) == {255}
    assert (depth == 0).any()
    assert set(depth[(mask == 0) & (depth > 0)].tolist()) == {3000}
    assert depth[mask == 1].max() < 3000
    for number, colour in enumerate(shapes.COLOURS):
        assert image[mask == number].mean(axis=0) == pytest.approx(colour, abs=4)
    for scene, distances in zip(mask, depth, strict=True):
        assert all(len(set(distances[(scene == number) & (distances > 0)].tolist())) <= 1 for number in range(3))


@pytest.mark.parametrize("module", [letters, shapes], ids=["letters", "shapes"])
def test_sample_data_that_are_missing_or_damaged_are_refused(module: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ShowreelError, match=r"run `showreel download test_sample"):
        joined(module.read(tmp_path, "test"))
    module.gather(tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ShowreelError, match=r"run `showreel download test_sample"):
        joined(module.read(tmp_path, "test"))
