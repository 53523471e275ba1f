import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pytest
from checkouts import begun
from PIL import GifImagePlugin, Image
from samples import make_examples

from showreel.drawing.colours import PALETTE_SIZE, packed
from showreel.drawing.frame import frames
from showreel.drawing.layout import HEADER
from showreel.scoring.chosen import Examples
from showreel.stages.render import render
from showreel.storage.errors import ShowreelError
from showreel.storage.prepared import Reel, read, write

METRICS = {"psnr": 21.5, "ssim": 0.9, "gain_db": 6.5, "baseline_psnr": 15.0, "input_psnr": 9.0, "count": 5}


def make_reel(channels: int) -> Reel:
    generator = np.random.default_rng(2)
    target = generator.integers(0, 256, (5, 12, 10, channels), np.uint8)
    noise = generator.integers(0, 256, (6, *target.shape), np.uint8)
    share = np.linspace(0, 1, 6).reshape(6, 1, 1, 1, 1)
    return Reel(
        origin='{"seed": 20}',
        indices=np.arange(5),
        degraded=generator.integers(0, 256, target.shape, np.uint8),
        target=target,
        epochs=np.arange(6),
        predictions=np.rint(share * target + (1 - share) * noise).astype(np.uint8),
        psnr=np.linspace(7, 21, 6),
    )


@pytest.fixture(params=[1, 3], ids=["grey", "colour"])
def paths(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Path]:
    reel = make_reel(request.param)
    names = {"reel": "m.reel.h5", "examples": "m.examples.h5", "metrics": "metrics.json"}
    names |= {
        "gif": "results/reel.gif",
        "poster": "results/poster.png",
        "card": "results/card.gif",
        "still": "results/card.png",
    }
    names |= {"sheet": "results/sheet.png", "places": "results/sheet.json"}
    files = {name: tmp_path / file for name, file in names.items()}
    write(files["reel"], reel)
    write(files["examples"], make_examples(reel))
    files["metrics"].write_text(json.dumps(METRICS))
    return files


def drawn(paths: dict[str, Path]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.stack(list(frames("m", read(paths["reel"], Reel), read(paths["examples"], Examples), METRICS)))


def test_the_gif_has_a_frame_an_epoch_a_long_last_one_and_loops_for_ever(paths: dict[str, Path]) -> None:
    render("m", **paths, lineage=begun())
    with Image.open(paths["gif"]) as gif:
        assert isinstance(gif, GifImagePlugin.GifImageFile)
        durations = []
        for number in range(gif.n_frames):
            gif.seek(number)
            durations.append(gif.info["duration"])
        assert durations == [200] * 5 + [3000]
        assert gif.info["loop"] == 0


def test_decoded_frames_are_the_drawn_ones_and_what_stands_still_does_not_flicker(paths: dict[str, Path]) -> None:
    render("m", **paths, lineage=begun())
    decoded, wanted = imageio.imread(paths["gif"], mode="RGB"), drawn(paths)
    assert decoded.shape == wanted.shape
    still = (wanted == wanted[0]).all(axis=(0, -1))
    assert still.mean() > 0.5
    assert (decoded[:, still] == decoded[0, still]).all()
    assert len(np.unique(packed(decoded))) <= PALETTE_SIZE
    errors = np.abs(decoded.astype(int) - wanted)[:, HEADER:]
    if read(paths["reel"], Reel).target.shape[-1] == 1:
        assert errors.max() == 1
    else:
        assert errors.mean() < 6


def test_there_is_one_palette_for_all_frames(paths: dict[str, Path]) -> None:
    render("m", **paths, lineage=begun())
    assert local_palettes(paths["gif"].read_bytes()) == [False] * 6


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


def test_the_poster_is_the_last_frame_in_all_its_colours(paths: dict[str, Path]) -> None:
    render("m", **paths, lineage=begun())
    np.testing.assert_array_equal(imageio.imread(paths["poster"]), drawn(paths)[-1])


def test_gif_and_poster_say_what_they_were_made_from(paths: dict[str, Path]) -> None:
    render("m", **paths, lineage=begun(*(paths[name] for name in ("reel", "examples", "metrics"))))
    with Image.open(paths["gif"]) as gif, Image.open(paths["poster"]) as poster:
        origin = json.loads(gif.info["comment"])
        assert json.loads(poster.info["Comment"]) == origin
    assert origin["experiment"] == "m"
    assert origin["training"] == {"seed": 20}
    assert len(origin["code"]) == 64
    digests = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in list(paths.values())[:3]}
    assert origin["inputs"] == digests


def test_the_same_files_give_the_same_bytes(paths: dict[str, Path]) -> None:
    render("m", **paths, lineage=begun())
    written = sorted(paths["gif"].parent.iterdir())
    first = [path.read_bytes() for path in written]
    assert [path.name for path in written] == [
        "card.gif",
        "card.png",
        "poster.png",
        "reel.gif",
        "sheet.json",
        "sheet.png",
    ]
    render("m", **paths, lineage=begun())
    assert [path.read_bytes() for path in sorted(paths["gif"].parent.iterdir())] == first


def test_the_sheet_holds_every_image_where_its_table_says(paths: dict[str, Path]) -> None:
    render("m", **paths, lineage=begun())
    reel, picture = read(paths["reel"], Reel), imageio.imread(paths["sheet"])
    table = json.loads(paths["places"].read_text())
    assert (table["tile"], table["reel"]["epochs"], table["reel"]["psnr"]) == (
        [12, 10],
        [*range(6)],
        reel.psnr.tolist(),
    )
    rows = {row["kind"]: row for row in table["reel"]["rows"]}
    assert [rows[kind]["name"] for kind in rows] == ["input", "total variation", "network", "truth", "difference"]
    for epoch, (x, y) in enumerate(rows["network"]["at"]):
        for image in range(5):
            tile = picture[y : y + 12, x + 10 * image : x + 10 * image + 10]
            np.testing.assert_array_equal(tile, np.broadcast_to(reel.predictions[epoch, image], (12, 10, 3)))
    ((x, y),) = next(row["at"] for row in table["chosen"]["rows"] if row["kind"] == "truth")
    np.testing.assert_array_equal(picture[y : y + 12, x : x + 10], np.broadcast_to(reel.target[0], (12, 10, 3)))


def test_the_card_has_a_frame_an_epoch_and_shows_the_truth_below(paths: dict[str, Path]) -> None:
    render("m", **paths, lineage=begun())
    frames = imageio.imread(paths["card"])
    assert len(frames) == 6
    below = frames[:, -12:]
    np.testing.assert_array_equal(below, np.broadcast_to(below[0], below.shape))
    assert (frames[0] != frames[-1]).any()
    assert imageio.imread(paths["still"]).shape == frames[-1].shape


def test_an_identity_renders_without_baseline_and_without_its_scores(paths: dict[str, Path]) -> None:
    reel = read(paths["reel"], Reel)
    write(paths["examples"], make_examples(reel, ""))
    paths["metrics"].write_text('{"psnr": 41.0}')
    render("m", **paths, lineage=begun())
    wanted = list(frames("m", reel, read(paths["examples"], Examples), {"psnr": 41.0}))
    np.testing.assert_array_equal(imageio.imread(paths["poster"]), wanted[-1])
    assert imageio.imread(paths["gif"]).shape[0] == 6


@pytest.mark.parametrize("damaged", ["reel", "examples", "metrics"])
@pytest.mark.parametrize("damage", ["missing", "garbage", "empty"])
def test_a_missing_or_damaged_file_is_named_and_nothing_is_written(
    paths: dict[str, Path], damaged: str, damage: str
) -> None:
    if damage == "missing":
        paths[damaged].unlink()
    else:
        paths[damaged].write_bytes(b"\xff\x00garbage" if damage == "garbage" else b"")
    with pytest.raises(ShowreelError, match=str(paths[damaged])) as refusal:
        render("m", **paths, lineage=begun())
    assert "\n" not in str(refusal.value)
    assert not paths["gif"].parent.exists()


@pytest.mark.parametrize("record", ["[1]", '{"psnr": "high"}', '{"psnr": {"mean": 1}}'])
def test_metrics_that_are_no_flat_numbers_are_refused(paths: dict[str, Path], record: str) -> None:
    paths["metrics"].write_text(record)
    with pytest.raises(ShowreelError, match=r"metrics\.json: not a flat table of numbers"):
        render("m", **paths, lineage=begun())


def test_scores_that_are_not_finite_are_not_shown(paths: dict[str, Path]) -> None:
    paths["metrics"].write_text('{"psnr": NaN, "ssim": Infinity, "baseline_psnr": NaN}')
    render("m", **paths, lineage=begun())
    wanted = list(frames("m", read(paths["reel"], Reel), read(paths["examples"], Examples), {}))
    np.testing.assert_array_equal(imageio.imread(paths["poster"]), wanted[-1])


def test_an_examples_file_in_place_of_a_reel_is_refused(paths: dict[str, Path]) -> None:
    with pytest.raises(ShowreelError, match="damaged"):
        render("m", **paths | {"reel": paths["examples"]}, lineage=begun())


@pytest.mark.parametrize(
    "changed",
    [
        lambda images: {"baseline": images},
        lambda images: {"chosen_target": images},
        lambda images: {"chosen_degraded": images},
        lambda images: {"chosen_baseline": images},
    ],
)
def test_examples_of_other_images_are_refused(paths: dict[str, Path], changed: Callable[[Any], dict[str, Any]]) -> None:
    reel = read(paths["reel"], Reel)
    write(paths["examples"], replace(make_examples(reel), **changed(reel.target[:2])))
    with pytest.raises(ShowreelError, match=r"m\.examples\.h5: its (chosen )?images do not match"):
        render("m", **paths, lineage=begun())


@pytest.mark.parametrize("change", ["predictions", "psnr", "finite", "degraded", "origin", "nothing"])
def test_a_reel_whose_parts_do_not_fit_is_refused(paths: dict[str, Path], change: str) -> None:
    reel = read(paths["reel"], Reel)
    changes: dict[str, dict[str, Any]] = {
        "predictions": {"predictions": reel.predictions[:, :2]},
        "psnr": {"psnr": reel.psnr[:2]},
        "finite": {"psnr": np.full(6, np.nan)},
        "degraded": {"degraded": reel.degraded[:2]},
        "origin": {"origin": "not JSON"},
        "nothing": {"target": reel.target[:0], "predictions": reel.predictions[:, :0]},
    }
    write(paths["reel"], replace(reel, **changes[change]))
    with pytest.raises(ShowreelError, match=r"m\.reel\.h5: ") as refusal:
        render("m", **paths, lineage=begun())
    assert "\n" not in str(refusal.value)


def test_later_frames_cost_only_what_changes_in_them(paths: dict[str, Path]) -> None:
    reel = read(paths["reel"], Reel)
    still = replace(reel, predictions=np.repeat(reel.predictions[:1], 6, axis=0))
    sizes = []
    for epochs in (1, 6):
        shortened = replace(
            still, **{name: getattr(still, name)[:epochs] for name in ("epochs", "psnr", "predictions")}
        )
        write(paths["reel"], shortened)
        render("m", **paths, lineage=begun())
        sizes.append(paths["gif"].stat().st_size)
    assert sizes[1] - sizes[0] < 0.5 * sizes[0]
