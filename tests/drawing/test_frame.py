import numpy as np
import pytest
from numpy.typing import NDArray

from showreel.drawing import colours, lettering, tiles
from showreel.drawing.frame import SWATCH, Film, frames
from showreel.drawing.layout import MARGIN, WIDEST, Layout, arrange
from showreel.drawing.rows import NETWORK, TRUTH, Legend, Row
from showreel.scoring.score import Score
from showreel.storage.reel import Reel
from showreel.tasks.restoration import drawing
from showreel.tasks.restoration.scores import SCORES

ROWS = ["input", "total variation", "network", "truth", "difference"]
METRICS = {"psnr": 20.0, "ssim": 0.9, "gain": 5.0, "baseline_psnr": 15.0, "input_psnr": 9.0}


def make_reel(count: int = 3, height: int = 8, width: int = 8, channels: int = 1, *, factor: int = 1) -> Reel:
    generator = np.random.default_rng(1)
    small = (count, -(-height // factor), -(-width // factor), channels)
    return Reel(
        origin="{}",
        task="restoration",
        score="psnr",
        fields="{}",
        indices=np.arange(count),
        inputs={"image": generator.integers(0, 256, small, np.uint8)},
        targets={"image": generator.integers(0, 256, (count, height, width, channels), np.uint8)},
        epochs=np.arange(4),
        scores=np.array([5.0, 12.0, 18.0, 20.0]),
        outputs=generator.integers(0, 256, (4, count, height, width, channels), np.uint8),
    )


def placed(reel: Reel) -> Layout:
    count, height, width, _ = np.asarray(reel.targets["image"]).shape
    return arrange(ROWS, (count, height, width))


def top_of(layout: Layout, row: str) -> int:
    return layout.tops[ROWS.index(row)]


def drawn(
    reel: Reel, name: str = "total_variation", title: str = "mnist-denoiser", metrics: dict[str, float] = METRICS
) -> list[NDArray[np.uint8]]:
    answers = 255 - np.asarray(reel.targets["image"]) if name else None
    rows = drawing.rows(reel.inputs, reel.targets, reel.outputs, answers, {})
    film = Film(title, rows, reel.epochs, reel.scores, metrics=metrics, names=SCORES, baseline=name)
    return list(frames(film))


@pytest.mark.parametrize(("row", "fields"), [("input", "inputs"), ("truth", "targets")])
def test_every_pixel_of_an_image_becomes_a_block_of_its_own_grey(row: str, fields: str) -> None:
    reel = make_reel()
    layout = placed(reel)
    frame = drawn(reel)[0]
    left = layout.left + 2 * (8 * layout.scale + tiles.GAP) + 5 * layout.scale
    top = top_of(layout, row) + 3 * layout.scale
    block = frame[top : top + layout.scale, left : left + layout.scale]
    assert layout.scale == 16
    np.testing.assert_array_equal(block, np.full((16, 16, 3), getattr(reel, fields)["image"][2, 3, 5, 0]))


def test_the_network_row_shows_the_predictions_of_its_epoch() -> None:
    reel = make_reel(channels=3)
    layout = placed(reel)
    for number, frame in enumerate(drawn(reel)):
        corner = frame[top_of(layout, "network"), layout.left]
        np.testing.assert_array_equal(corner, reel.outputs[number, 0, 0, 0])


def test_frames_differ_only_in_network_difference_epoch_and_curve() -> None:
    reel = make_reel()
    layout = placed(reel)
    first, second, *_ = drawn(reel)
    changed = (first != second).any(axis=-1)
    for row in ("network", "difference"):
        top = top_of(layout, row)
        assert changed[top : top + 8 * layout.scale, layout.left :].any()
        changed[top : top + 8 * layout.scale] = False
    assert changed[:90].any()
    assert not changed[90:].any()
    assert not changed[:40, : layout.width // 2].any()


def test_an_identity_has_no_baseline_row() -> None:
    reel = make_reel()
    layout = placed(reel)
    pitch = top_of(layout, "truth") - top_of(layout, "network")
    with_baseline, without = drawn(reel)[0], drawn(reel, name="")[0]
    assert with_baseline.shape[0] - without.shape[0] == pitch
    top = top_of(layout, "total variation")
    np.testing.assert_array_equal(without[top, layout.left], np.repeat(reel.outputs[0, 0, 0, 0], 3))


def test_a_smaller_input_fills_the_same_tile_with_coarser_blocks_and_is_cut_where_the_size_is_odd() -> None:
    degraded = np.arange(6, dtype=np.uint8).reshape(1, 2, 3, 1)
    strip = tiles.strip(degraded, 3, 5, 1)[..., 0]
    np.testing.assert_array_equal(strip, [[0, 0, 1, 1, 2], [0, 0, 1, 1, 2], [3, 3, 4, 4, 5]])


def test_tiles_stand_side_by_side_with_background_between() -> None:
    strip = tiles.strip(np.array([7, 9], np.uint8).reshape(2, 1, 1, 1), 1, 1, 2)
    assert strip.shape == (2, 4 + tiles.GAP, 3)
    np.testing.assert_array_equal(strip[0, [0, 1, -2, -1], 0], [7, 7, 9, 9])
    assert (strip[:, 2:-2] == colours.BACKGROUND).all()


def test_the_difference_has_one_fixed_scale() -> None:
    target = np.zeros((1, 1, 4, 1), np.uint8)
    prediction = np.array([0, 64, 128, 255], np.uint8).reshape(1, 1, 4, 1)
    shown = tiles.differences(prediction, target)[0, 0]
    scale = colours.difference_map()
    assert tuple(scale[0]) == (0, 0, 0)
    np.testing.assert_array_equal(shown, scale[[0, -1, -1, -1]])
    np.testing.assert_array_equal(tiles.differences(target, prediction)[0, 0], shown)


def test_the_difference_map_grows_lighter_throughout() -> None:
    lightness = colours.difference_map() @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) > 0).all()


@pytest.mark.parametrize(
    ("size", "count", "scale"), [((28, 28), 10, 2), ((32, 32), 10, 2), ((8, 8), 10, 8), ((64, 64), 10, 1)]
)
def test_ten_images_of_the_usual_sizes_make_a_frame_that_a_readme_shows_whole(
    size: tuple[int, int], count: int, scale: int
) -> None:
    layout = arrange(ROWS, (count, *size))
    assert (layout.scale, layout.columns) == (scale, 10)
    assert 700 <= layout.width <= 900


@pytest.mark.parametrize("size", [(20, 61), (45, 31), (1, 1), (96, 96), (7, 200), (300, 1000)])
@pytest.mark.parametrize("count", [1, 3, 10])
def test_any_size_and_number_of_images_gives_frames_of_one_size(size: tuple[int, int], count: int) -> None:
    reel = make_reel(count, *size, 3, factor=2)
    layout = placed(reel)
    shapes = {frame.shape for frame in drawn(reel)}
    assert shapes == {(layout.height, layout.width, 3)}
    assert layout.width <= max(WIDEST, layout.left + size[1] + MARGIN)


def test_images_that_do_not_fit_side_by_side_are_left_out_from_the_end() -> None:
    layout = arrange(ROWS, (10, 96, 96))
    assert (layout.scale, layout.columns) == (1, 7)


def test_only_the_last_frame_tells_the_final_scores() -> None:
    reel = make_reel()
    with_scores = drawn(reel)
    without = drawn(reel, metrics={"baseline_psnr": 15.0, "input_psnr": 9.0})
    same = [np.array_equal(a, b) for a, b in zip(with_scores, without, strict=True)]
    assert same == [True, True, True, False]


@pytest.mark.parametrize("title", ["fashion_mnist-superresolution", "a-very-" + "long-" * 30 + "name"])
def test_long_names_leave_the_curve_alone(title: str) -> None:
    reel = make_reel(count=1)
    long, short = drawn(reel, title=title)[0], drawn(reel, title="m")[0]
    changed = np.flatnonzero((long != short).any(axis=(0, 2)))
    assert changed.max() < long.shape[1] - MARGIN - 230


def test_a_text_that_fits_is_left_whole_and_one_that_cannot_is_cut_with_an_ellipsis() -> None:
    assert lettering.fitting("name", room=200, largest=22, smallest=10) == ("name", 22)
    assert lettering.fitting("name" * 6, room=200, largest=22, smallest=10)[1] in range(11, 22)
    text, size = lettering.fitting("name" * 50, room=200, largest=22, smallest=10)
    assert size == 10
    assert text.startswith("namename")
    assert text.endswith("…")
    assert lettering.width(text, size) <= 200


def test_the_curve_grows_to_the_right_and_a_better_score_is_higher() -> None:
    reel = make_reel()
    ends = []
    for frame in drawn(reel):
        chart = frame[10:66, frame.shape[1] - MARGIN - 230 :]
        rows, columns = np.nonzero((chart == colours.NETWORK).all(axis=-1))
        ends.append((columns.max(), rows.min()))
    (first, lowest), *_, (last, highest) = ends
    assert first < 10
    assert last > 220
    assert lowest - highest > 30
    assert [column for column, _ in ends] == sorted({column for column, _ in ends})


LEGEND: list[tuple[str, colours.Colour]] = [("sky", (30, 90, 200)), ("road", (200, 60, 10)), ("tree", (10, 160, 20))]


def with_legend(legend: Legend) -> NDArray[np.uint8]:
    """Draw the last frame of a task whose tiles are coloured masks."""
    masks = np.zeros((1, 2, 8, 8, 3), np.uint8) + np.array(LEGEND[0][1], np.uint8)
    rows = [Row(NETWORK, masks.repeat(2, axis=0)), Row(TRUTH, masks)]
    score = {"miou": Score("mIoU", ".1f", "%")}
    film = Film(
        "roads", rows, np.arange(2), np.array([10.0, 60.0]), metrics={}, names=score, baseline="", legend=legend
    )
    return list(frames(film))[-1]


def test_a_legend_stands_below_the_rows_in_its_own_colours() -> None:
    frame, bare = with_legend(LEGEND), with_legend(())
    assert frame.shape == bare.shape
    np.testing.assert_array_equal(frame[:-MARGIN], bare[:-MARGIN])
    below = frame[-MARGIN:]
    places = [np.flatnonzero((below == colour).all(axis=-1).any(axis=0)) for _, colour in LEGEND]
    assert [len(columns) for columns in places] == 3 * [SWATCH]
    assert [columns[0] for columns in places] == sorted(columns[0] for columns in places)


def test_a_legend_that_is_too_long_is_cut_and_stays_inside() -> None:
    names = [(f"class {number}", (number, 255 - number, 77)) for number in range(60)]
    frame = with_legend(names)
    shown = [colour for _, colour in names if (frame[-MARGIN:] == colour).all(axis=-1).any()]
    assert 5 < len(shown) < 60
    assert shown == [colour for _, colour in names[: len(shown)]]
    assert (frame[:, -MARGIN:] == colours.BACKGROUND).all(axis=-1)[-MARGIN:].all()


def test_colours_of_a_legend_are_exact_in_the_palette() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
    palette = colours.palette([noise], [colour for _, colour in LEGEND])
    assert len(palette) <= colours.PALETTE_SIZE
    assert {colour for _, colour in LEGEND} <= {tuple(map(int, colour)) for colour in palette}


def test_greys_lose_at_most_one_level_beside_the_colours_of_the_drawing() -> None:
    greys = np.arange(256, dtype=np.uint8)
    palette = colours.palette([greys.reshape(1, 16, 16, 1)])
    wanted = np.repeat(greys[:, None], 3, axis=1)
    got = palette[colours.nearest(wanted, palette)]
    assert len(palette) <= colours.PALETTE_SIZE
    assert np.abs(got.astype(int) - wanted).max() <= 1


def test_few_greys_and_all_inks_are_kept_exactly() -> None:
    greys = np.array([0, 17, 133, 255], np.uint8)
    palette = colours.palette([greys.reshape(1, 2, 2, 1)])
    wanted = np.concatenate(
        [np.repeat(greys[:, None], 3, axis=1), colours.difference_map(), [colours.NETWORK, colours.BACKGROUND]]
    ).astype(np.uint8)
    np.testing.assert_array_equal(palette[colours.nearest(wanted, palette)], wanted)


def test_a_palette_of_colours_is_full_distinct_and_near_to_all_pixels() -> None:
    ramp = np.stack(np.meshgrid(np.arange(0, 256, 8), np.arange(0, 256, 8), [90]), axis=-1).astype(np.uint8)
    palette = colours.palette([ramp.reshape(1, 32, 32, 3)])
    pixels = ramp.reshape(-1, 3)
    errors = np.abs(palette[colours.nearest(pixels, palette)].astype(int) - pixels)
    assert len(np.unique(palette, axis=0)) == len(palette) <= colours.PALETTE_SIZE
    assert errors.mean() < 6


def test_the_nearest_colour_is_the_nearest() -> None:
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    wanted = np.array([[200, 10, 90], [10, 10, 10], [100, 0, 140]], np.uint8)
    np.testing.assert_array_equal(colours.nearest(wanted, palette), [1, 0, 2])
