import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pytest
from checkouts import begun
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image
from samples import make_chosen

from showreel.drawing.colours import PALETTE_SIZE, packed
from showreel.drawing.frame import Film, frames
from showreel.drawing.layout import HEADER
from showreel.stages.render import Paths, render
from showreel.storage.errors import ShowreelError
from showreel.storage.reel import Chosen, Reel, read, write
from showreel.tasks.restoration import drawing
from showreel.tasks.restoration.scores import SCORES

METRICS = {"psnr": 21.5, "ssim": 0.9, "gain": 6.5, "baseline_psnr": 15.0, "input_psnr": 9.0, "count": 5}


def make_reel(channels: int) -> Reel:
    generator = np.random.default_rng(2)
    target = generator.integers(0, 256, (5, 12, 10, channels), np.uint8)
    noise = generator.integers(0, 256, (6, *target.shape), np.uint8)
    share = np.linspace(0, 1, 6).reshape(6, 1, 1, 1, 1)
    return Reel(
        origin='{"id": "1", "record": "lineage/train/m.json"}',
        task="restoration",
        score="psnr",
        fields="{}",
        indices=np.arange(5),
        inputs={"image": generator.integers(0, 256, target.shape, np.uint8)},
        targets={"image": target},
        epochs=np.arange(6),
        scores=np.linspace(7, 21, 6),
        outputs=np.rint(share * target + (1 - share) * noise).astype(np.uint8),
    )


@pytest.fixture(params=[1, 3], ids=["grey", "colour"])
def paths(request: pytest.FixtureRequest, tmp_path: Path) -> Paths:
    reel = make_reel(request.param)
    files = Paths(
        reel=tmp_path / "m.reel.h5",
        chosen=tmp_path / "m.chosen.h5",
        metrics=tmp_path / "metrics.json",
        gif=tmp_path / "results/reel.gif",
        poster=tmp_path / "results/poster.png",
        card=tmp_path / "results/card.gif",
        still=tmp_path / "results/card.png",
        sheet=tmp_path / "results/sheet.png",
        places=tmp_path / "results/sheet.json",
    )
    write(files.reel, reel)
    write(files.chosen, make_chosen(reel))
    files.metrics.write_text(json.dumps(METRICS))
    return files


def drawn(paths: Paths, metrics: dict[str, float] = METRICS) -> NDArray[np.uint8]:
    reel, chosen = read(paths.reel, Reel), read(paths.chosen, Chosen)
    answers = chosen.reel_answers if chosen.baseline else None
    rows = drawing.rows(reel.inputs, reel.targets, reel.outputs, answers, {})
    film = Film("m", rows, reel.epochs, reel.scores, metrics=metrics, names=SCORES, baseline=chosen.baseline)
    return np.stack(list(frames(film)))


def test_the_gif_has_a_frame_an_epoch_a_long_last_one_and_loops_for_ever(paths: Paths) -> None:
    render("m", paths, lineage=begun())
    with Image.open(paths.gif) as gif:
        assert isinstance(gif, GifImagePlugin.GifImageFile)
        durations = []
        for number in range(gif.n_frames):
            gif.seek(number)
            durations.append(gif.info["duration"])
        assert durations == [200] * 5 + [3000]
        assert gif.info["loop"] == 0


def test_decoded_frames_are_the_drawn_ones_and_what_stands_still_does_not_flicker(paths: Paths) -> None:
    render("m", paths, lineage=begun())
    decoded, wanted = imageio.imread(paths.gif, mode="RGB"), drawn(paths)
    assert decoded.shape == wanted.shape
    still = (wanted == wanted[0]).all(axis=(0, -1))
    assert still.mean() > 0.5
    assert (decoded[:, still] == decoded[0, still]).all()
    assert len(np.unique(packed(decoded))) <= PALETTE_SIZE
    errors = np.abs(decoded.astype(int) - wanted)[:, HEADER:]
    if np.asarray(read(paths.reel, Reel).targets["image"]).shape[-1] == 1:
        assert errors.max() == 1
    else:
        assert errors.mean() < 6


def test_there_is_one_palette_for_all_frames(paths: Paths) -> None:
    render("m", paths, lineage=begun())
    assert local_palettes(paths.gif.read_bytes()) == [False] * 6


def local_palettes(content: bytes) -> list[bool]:
    """Walk through a GIF's blocks and tell of each image whether it brings a palette of its own."""
    place = 13 + 3 * (2 << (content[10] & 7))
    own = []
    while content[place : place + 1] != b";":
        if content[place : place + 1] == b",":
            flags = content[place + 9]
            own.append(flags >= 128)
            place += 11 + (3 * (2 << (flags & 7)) if flags >= 128 else 0)
        else:
            place += 2
        while content[place]:
            place += content[place] + 1
        place += 1
    return own


def test_the_poster_is_the_last_frame_in_all_its_colours(paths: Paths) -> None:
    render("m", paths, lineage=begun())
    np.testing.assert_array_equal(imageio.imread(paths.poster), drawn(paths)[-1])


def test_gif_and_poster_say_which_record_tells_of_them(paths: Paths) -> None:
    lineage = begun(paths.reel, paths.chosen, paths.metrics)
    render("m", paths, lineage=lineage)
    with Image.open(paths.gif) as gif, Image.open(paths.poster) as poster:
        origin = json.loads(gif.info["comment"])
        assert json.loads(poster.info["Comment"]) == origin
    record = json.loads(Path(origin["record"]).read_text())
    assert origin["id"] == record["id"]
    assert set(record["inputs"]) == {str(path) for path in (paths.reel, paths.chosen, paths.metrics)}


def test_the_same_files_give_the_same_bytes(paths: Paths) -> None:
    render("m", paths, lineage=begun())
    written = sorted(paths.gif.parent.iterdir())
    first = [path.read_bytes() for path in written]
    assert [path.name for path in written] == [
        "card.gif",
        "card.png",
        "poster.png",
        "reel.gif",
        "sheet.json",
        "sheet.png",
    ]
    render("m", paths, lineage=begun())
    assert [path.read_bytes() for path in sorted(paths.gif.parent.iterdir())] == first


def test_the_sheet_holds_every_image_where_its_table_says(paths: Paths) -> None:
    render("m", paths, lineage=begun())
    reel, picture = read(paths.reel, Reel), imageio.imread(paths.sheet)
    table = json.loads(paths.places.read_text())
    assert (table["tile"], table["reel"]["epochs"], table["reel"]["scores"]) == (
        [12, 10],
        [*range(6)],
        reel.scores.tolist(),
    )
    rows = {row["kind"]: row for row in table["reel"]["rows"]}
    assert [rows[kind]["name"] for kind in rows] == ["input", "total variation", "network", "truth", "difference"]
    for epoch, (x, y) in enumerate(rows["network"]["at"]):
        for image in range(5):
            tile = picture[y : y + 12, x + 10 * image : x + 10 * image + 10]
            np.testing.assert_array_equal(tile, np.broadcast_to(reel.outputs[epoch, image], (12, 10, 3)))
    ((x, y),) = next(row["at"] for row in table["chosen"]["rows"] if row["kind"] == "truth")
    truth = np.broadcast_to(np.asarray(reel.targets["image"])[0], (12, 10, 3))
    np.testing.assert_array_equal(picture[y : y + 12, x : x + 10], truth)


def test_the_card_has_a_frame_an_epoch_and_shows_the_truth_below(paths: Paths) -> None:
    render("m", paths, lineage=begun())
    frames = imageio.imread(paths.card)
    assert len(frames) == 6
    below = frames[:, -12:]
    np.testing.assert_array_equal(below, np.broadcast_to(below[0], below.shape))
    assert (frames[0] != frames[-1]).any()
    assert imageio.imread(paths.still).shape == frames[-1].shape


def test_an_identity_renders_without_baseline_and_without_its_scores(paths: Paths) -> None:
    reel = read(paths.reel, Reel)
    write(paths.chosen, make_chosen(reel, ""))
    paths.metrics.write_text('{"psnr": 41.0}')
    render("m", paths, lineage=begun())
    np.testing.assert_array_equal(imageio.imread(paths.poster), drawn(paths, {"psnr": 41.0})[-1])
    assert imageio.imread(paths.gif).shape[0] == 6


@pytest.mark.parametrize("damaged", ["reel", "chosen", "metrics"])
@pytest.mark.parametrize("damage", ["missing", "garbage", "empty"])
def test_a_missing_or_damaged_file_is_named_and_nothing_is_written(paths: Paths, damaged: str, damage: str) -> None:
    if damage == "missing":
        getattr(paths, damaged).unlink()
    else:
        getattr(paths, damaged).write_bytes(b"\xff\x00garbage" if damage == "garbage" else b"")
    with pytest.raises(ShowreelError, match=str(getattr(paths, damaged))) as refusal:
        render("m", paths, lineage=begun())
    assert "\n" not in str(refusal.value)
    assert not paths.gif.parent.exists()


@pytest.mark.parametrize("record", ["[1]", '{"psnr": "high"}', '{"psnr": {"mean": 1}}'])
def test_metrics_that_are_no_flat_numbers_are_refused(paths: Paths, record: str) -> None:
    paths.metrics.write_text(record)
    with pytest.raises(ShowreelError, match=r"metrics\.json: not a flat table of numbers"):
        render("m", paths, lineage=begun())


def test_scores_that_are_not_finite_are_not_shown(paths: Paths) -> None:
    paths.metrics.write_text('{"psnr": NaN, "ssim": Infinity, "baseline_psnr": NaN}')
    render("m", paths, lineage=begun())
    np.testing.assert_array_equal(imageio.imread(paths.poster), drawn(paths, {})[-1])


def test_a_file_of_chosen_examples_in_place_of_a_reel_is_refused(paths: Paths) -> None:
    with pytest.raises(ShowreelError, match="damaged"):
        render("m", paths._replace(reel=paths.chosen), lineage=begun())


@pytest.mark.parametrize(
    "changed",
    [
        lambda images: {"reel_answers": images},
        lambda images: {"targets": {"image": images}},
        lambda images: {"inputs": {"image": images}},
        lambda images: {"answers": images},
        lambda images: {"outputs": images},
        lambda images: {"task": "another"},
    ],
)
def test_examples_of_other_images_are_refused(paths: Paths, changed: Callable[[Any], dict[str, Any]]) -> None:
    reel = read(paths.reel, Reel)
    write(paths.chosen, replace(make_chosen(reel), **changed(np.asarray(reel.targets["image"])[:2])))
    with pytest.raises(ShowreelError, match=r"m\.chosen\.h5: its .* do not match"):
        render("m", paths, lineage=begun())


@pytest.mark.parametrize("change", ["outputs", "scores", "finite", "inputs", "targets", "nothing"])
def test_a_reel_whose_parts_do_not_fit_is_refused(paths: Paths, change: str) -> None:
    reel = read(paths.reel, Reel)
    images = np.asarray(reel.inputs["image"])
    changes: dict[str, dict[str, Any]] = {
        "outputs": {"outputs": reel.outputs[:, :2]},
        "scores": {"scores": reel.scores[:2]},
        "finite": {"scores": np.full(6, np.nan)},
        "inputs": {"inputs": {"image": images[:2]}},
        "targets": {"targets": {"image": images[:2]}},
        "nothing": {"indices": reel.indices[:0], "outputs": reel.outputs[:, :0]},
    }
    write(paths.reel, replace(reel, **changes[change]))
    with pytest.raises(ShowreelError, match=r"m\.reel\.h5: ") as refusal:
        render("m", paths, lineage=begun())
    assert "\n" not in str(refusal.value)


def test_later_frames_cost_only_what_changes_in_them(paths: Paths) -> None:
    reel = read(paths.reel, Reel)
    still = replace(reel, outputs=np.repeat(reel.outputs[:1], 6, axis=0))
    sizes = []
    for epochs in (1, 6):
        shortened = replace(still, **{name: getattr(still, name)[:epochs] for name in ("epochs", "scores", "outputs")})
        write(paths.reel, shortened)
        render("m", paths, lineage=begun())
        sizes.append(paths.gif.stat().st_size)
    assert sizes[1] - sizes[0] < 0.5 * sizes[0]
