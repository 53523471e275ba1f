"""The gallery in a real browser, from the disk as a user opens it: what it shows, how it is used, and by whom."""

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from samples import EXAMPLES, doubt_exists, make_reading, make_results, make_study, reading_exists
from visits import DESK, PHONE, SCHEMES, Visit, barriers, served

from showreel.gallery import site
from showreel.gallery.entry import side
from showreel.params import registry
from showreel.reporting.sources import Source
from showreel.scoring import paired
from showreel.scoring.paired import Paired, compare

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = ("index.html", "compare.html", "experiments/photos-denoiser/index.html")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    root = tmp_path_factory.mktemp("results")
    return [
        make_results(root, "photos-identity", baseline=""),
        make_results(root, "photos-denoiser", better_by=1),
        make_results(root, "faces-denoiser", better_by=-3),
    ]


@pytest.fixture(scope="module")
def gallery(sources: list[Source], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery") / "a site"
    folder.mkdir()
    site.write(sources, folder, pending=["faces-identity"])
    return folder


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_pages_work_from_the_disk_without_a_complaint_or_a_request_elsewhere(
    browser: "Browser", gallery: Path, name: str, scheme: str
) -> None:
    visit = Visit(browser, color_scheme=scheme)
    page = visit.open((gallery / name).as_uri())
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    visit.context.close()
    assert visit.complaints == []
    assert visit.requests
    assert all(request.startswith((gallery.as_uri(), "data:")) for request in visit.requests)
    assert (sum(map(int, background[4:-1].split(","))) > 384) == (scheme == "light")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_pages_have_no_barriers_that_axe_finds(
    browser: "Browser", gallery: Path, name: str, scheme: str, size: dict[str, int]
) -> None:
    visit = Visit(browser, color_scheme=scheme, viewport=size)
    page = visit.open((gallery / name).as_uri())
    if name == "index.html":
        page.get_by_label("Table", exact=True).check()
    found = barriers(page)
    visit.context.close()
    assert found == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_sticks_out_on_a_phone(browser: "Browser", gallery: Path, name: str) -> None:
    visit = Visit(browser, viewport=PHONE)
    page = visit.open((gallery / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    visit.context.close()


def pixels(page: "Page", row: str, tile: int, tile_size: tuple[int, int]) -> np.ndarray:
    """Return what the screen shows of one image, one value a pixel of the image."""
    shot = page.locator(f"#player .row.{row} i").nth(tile).screenshot()
    shown = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))
    height, width = tile_size
    down, right = shown.shape[0] // height, shown.shape[1] // width
    return shown[down // 2 :: down, right // 2 :: right]


def sheet(source: Source, kind: str, epoch: int, tile: int) -> np.ndarray:
    """Return what the sheet holds of one image."""
    table = json.loads(source.results["places"].read_text())
    (height, width), rows = table["tile"], {row["kind"]: row["at"] for row in table["reel"]["rows"]}
    x, y = rows[kind][min(epoch, len(rows[kind]) - 1)]
    picture = np.asarray(Image.open(source.results["sheet"]).convert("RGB"))
    return picture[y : y + height, x + tile * width : x + (tile + 1) * width]


def test_the_slider_shows_the_pixels_of_its_epoch(visit: Visit, gallery: Path, sources: list[Source]) -> None:
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    slider = page.get_by_label("Epoch", exact=True)
    for epoch in (4, 0, 2):
        slider.fill(str(epoch))
        assert f"epoch {epoch}/4: {8 + 3 * epoch:.2f} dB" in page.locator("#reached").inner_text()
        assert page.locator("#player .row.network small").inner_text() == f"{8 + 3 * epoch:.2f} dB"
        for kind in ("network", "difference", "truth"):
            for tile in (0, 5):
                shown = pixels(page, kind, tile, (12, 10))
                np.testing.assert_array_equal(shown, sheet(sources[1], kind, epoch, tile))


def test_keys_step_and_play(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    reached = page.locator("#reached")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert reached.inner_text().startswith("epoch 2/4")
    page.keyboard.press("ArrowRight")
    assert "the network that was kept" in reached.inner_text()
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Pause").is_visible()
    page.wait_for_function("document.getElementById('reached').textContent.startsWith('epoch 1/4')")
    page.keyboard.press("Space")
    stopped = reached.inner_text()
    page.wait_for_timeout(500)
    assert reached.inner_text() == stopped
    page.get_by_label("Epoch", exact=True).focus()
    page.keyboard.press("End")
    assert reached.inner_text().startswith("epoch 4/4")


def test_keys_are_left_to_what_else_needs_them(browser: "Browser", gallery: Path) -> None:
    visit = Visit(browser, viewport=PHONE | {"width": 260})
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    reached, strips = page.locator("#reached"), page.locator("#player .strips")
    strips.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#player .strips').scrollLeft > 0")
    page.evaluate(
        "document.activeElement.blur(); document.querySelector('#origin').scrollIntoView({behavior: 'instant'})"
    )
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    assert reached.inner_text().startswith("epoch 4/4"), "the player is out of sight"
    assert page.get_by_role("button", name="Play").count() == 1
    page.locator("#on").focus()
    page.keyboard.press("ArrowLeft")
    assert reached.inner_text().startswith("epoch 3/4"), "a button has no use for arrows"
    visit.context.close()


def test_a_listener_is_not_told_of_every_epoch_that_plays(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    page.get_by_role("button", name="Play").click()
    assert page.locator("#reached").get_attribute("aria-live") == "off"
    page.get_by_role("button", name="Pause").click()
    assert page.locator("#reached").get_attribute("aria-live") == "polite"


def test_images_are_printed(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    page.emulate_media(media="print")
    assert page.locator(".strip i").first.evaluate("tile => getComputedStyle(tile).printColorAdjust") == "exact"


def test_a_click_in_a_curve_goes_to_its_epoch(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    box = page.evaluate("(() => { const a = quality.made.scales.x; return [a.getPixelForValue(1), a.top - 40]; })()")
    page.locator("#quality").click(position={"x": box[0], "y": box[1]})
    page.wait_for_function("document.getElementById('reached').textContent.startsWith('epoch 1/4')")


@pytest.mark.parametrize("chart", ["quality", "loss", "spread-psnr", "spread-ssim", "spread-mse"])
def test_charts_are_drawn_and_follow_the_colour_scheme(visit: Visit, gallery: Path, chart: str) -> None:
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    light = page.locator(f"#{chart}").screenshot()
    assert len(np.unique(np.asarray(Image.open(io.BytesIO(light)).convert("RGB")).reshape(-1, 3), axis=0)) > 10
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(100)
    assert page.locator(f"#{chart}").screenshot() != light


def test_the_overview_filters_by_words(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "index.html").as_uri())
    assert page.locator(".card:visible").count() == 3
    page.get_by_label("Filter").fill("DENOISER photos")
    assert page.locator(".card:visible").count() == 1
    assert page.locator(".dataset:visible").count() == 1
    assert page.locator("#count").inner_text() == "1 experiment"
    page.get_by_label("Filter").fill("")
    assert page.locator(".card:visible").count() == 3


def test_the_table_sorts_by_numbers_and_names_both_ways(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "index.html").as_uri())
    page.get_by_label("Table", exact=True).check()
    names = page.locator("#table tbody th")

    def click(heading: str) -> list[str]:
        page.get_by_role("button", name=heading).click()
        return list(names.all_inner_texts())

    assert click("network PSNR in dB") == ["photos-denoiser", "photos-identity", "faces-denoiser"]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("network PSNR in dB")
    assert click("network PSNR in dB") == ["faces-denoiser", "photos-identity", "photos-denoiser"]
    assert click("experiment") == ["faces-denoiser", "photos-denoiser", "photos-identity"]
    assert click("gain in dB")[-1] == "photos-identity", "what has no gain stands last"
    assert page.locator("#table td").filter(has_text="–").count() == 3


def test_the_pictures_can_be_stopped(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "index.html").as_uri())
    picture = page.locator(".card img").first
    assert picture.evaluate("image => image.currentSrc").endswith("card.gif")
    page.get_by_role("button", name="Pause the pictures").click()
    assert picture.evaluate("image => image.src").endswith("card.png")
    page.get_by_role("button", name="Pause the pictures").click()
    assert picture.evaluate("image => image.src").endswith("card.gif")


def test_who_wants_no_motion_sees_none(browser: "Browser", gallery: Path) -> None:
    visit = Visit(browser, reduced_motion="reduce")
    page = visit.open((gallery / "index.html").as_uri())
    assert page.locator(".card img").first.evaluate("image => image.currentSrc").endswith("card.png")
    visit.context.close()


def test_the_keyboard_reaches_everything(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "index.html").as_uri())
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id"))
    for wanted in ("Skip to the content", "Compare", "filter", "Pause the pictures", "denoiser", "identity"):
        assert wanted in reached


def agrees(page: "Page", expected: dict[str, Paired], task: str, tolerances: dict[str, float]) -> None:
    """Hold the rows of the compared experiment to what the command says."""
    page.locator(".compared").first.wait_for()
    assert page.locator(".compared").count() == len(expected)
    for row, (name, score) in enumerate(paired.scores_of(task).items()):
        cells = page.locator(".compared").nth(row).locator("td").all_inner_texts()
        share = 0.01 if score.form.endswith("%") else 1
        shown = [float(text.replace("−", "-").rstrip("%")) * share for text in (cells[2], *cells[3].split(" … "))]
        assert shown[0] == pytest.approx(expected[name].difference, abs=0.6 * share * 10 ** -int(score.form[1]))
        assert shown[1] == pytest.approx(expected[name].low, abs=tolerances[name])
        assert shown[2] == pytest.approx(expected[name].high, abs=tolerances[name])
        for cell, often in ((cells[4], expected[name].better), (cells[5], expected[name].worse)):
            assert often is not None
            assert float(cell.removesuffix(" %")) == pytest.approx(100 * often, abs=0.06)


def test_the_comparison_agrees_with_the_command(visit: Visit, gallery: Path, sources: list[Source]) -> None:
    page = visit.open((gallery / "compare.html").as_uri() + "#photos-identity,photos-denoiser")
    expected = compare(side(sources[0]), [side(sources[1])])["photos-denoiser"]
    agrees(page, expected, "restoration", {"psnr": 0.02, "ssim": 0.0005, "mse": 0.00006})
    assert page.locator(".verdict").inner_text().startswith("photos-denoiser is better than photos-identity")
    assert "by SSIM it" not in page.locator(".verdict").inner_text()
    assert "Their inputs differ (photos-noisy (sigma 0.5); photos" in page.locator("#verdicts").inner_text()
    assert page.locator("#result .strip").count() == 7


def test_only_experiments_on_the_same_test_examples_are_offered(
    visit: Visit, gallery: Path, sources: list[Source]
) -> None:
    page = visit.open((gallery / "compare.html").as_uri())
    assert page.locator("#others label").all_inner_texts() == ["photos-denoiser"]
    page.get_by_label("Reference").select_option("photos-denoiser")
    page.get_by_role("checkbox", name="photos-identity").check()
    page.locator(".verdict").wait_for()
    assert page.url.endswith("#photos-denoiser,photos-identity")


def test_an_address_chooses_even_if_it_is_edited(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "compare.html").as_uri() + "#%,faces-denoiser")
    assert page.get_by_label("Reference").input_value() == "faces-denoiser"
    page.evaluate("location.hash = '#photos-denoiser%2Cphotos-identity'")
    page.locator(".verdict").wait_for()
    assert page.get_by_label("Reference").input_value() == "photos-denoiser"
    assert page.get_by_role("checkbox", name="photos-identity").is_checked()


def test_other_numbers_of_examples_are_no_tie(visit: Visit, sources: list[Source], tmp_path: Path) -> None:
    fewer, counted, gone = tmp_path / "scores.csv", tmp_path / "metrics.json", tmp_path / "gone.json"
    counted.write_text(json.dumps(json.loads(sources[0].results["metrics"].read_text()) | {"count": EXAMPLES - 1}))
    fewer.write_text("".join(sources[0].results["scores"].read_text().splitlines(keepends=True)[:-1]))
    one = sources[0]._replace(evaluation=gone, results={**sources[0].results, "scores": fewer, "metrics": counted})
    site.write([one, sources[1]._replace(evaluation=gone)], tmp_path / "site")
    page = visit.open((tmp_path / "site/compare.html").as_uri() + "#photos-identity,photos-denoiser")
    page.get_by_text("photos-denoiser was not scored on the same test examples").wait_for()
    assert page.locator("#result table").count() == 0


def test_more_examples_than_a_call_takes_arguments_are_compared(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "compare.html").as_uri())
    made = (
        "distribution('a', 'a', 'b', {score: {heading: 'error'}, "
        "differences: Float64Array.from({length: 200000}, (_, n) => n)})"
    )
    assert page.evaluate(f"{made}.figure.tagName") == "FIGURE"


def test_without_scripts_the_images_and_numbers_are_there(browser: "Browser", gallery: Path) -> None:
    visit = Visit(browser, java_script_enabled=False)
    page = visit.open((gallery / "index.html").as_uri())
    assert page.locator(".card:visible").count() == 3
    assert not page.locator("#controls").is_visible()
    page.get_by_role("link", name="identity").click()
    assert page.locator(".row.network .strip i").first.is_visible()
    assert not page.locator("#playing").is_visible()
    visit.context.close()


def test_any_static_host_will_do(visit: Visit, gallery: Path) -> None:
    with served(gallery.parent) as address:
        page = visit.open(f"{address}/a%20site/index.html")
        page.get_by_role("link", name="denoiser").first.click()
        page.locator("#reached").wait_for()
        page.get_by_role("link", name="with other experiments").click()
        page.locator("#result table").wait_for()
    assert all(request.startswith((address, "data:")) for request in visit.requests)


@pytest.fixture(scope="module")
def several(sources: list[Source], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Paired]]]:
    """A gallery over two tasks, one of them better the lower its pooled score is, and a study; and a comparison."""
    root = tmp_path_factory.mktemp("several")
    with pytest.MonkeyPatch.context() as monkeypatch, contextlib.chdir(root):
        reading_exists(root / "reading", monkeypatch)
        doubt_exists(root / "doubt", monkeypatch)
        readers = [make_reading(root, "photos-reader"), make_reading(root, "photos-better", errors=0.1)]
        make_study(root, "doubted")
        (root / "site").mkdir()
        site.write([*sources, *readers], root / "site", studies={"doubted": "doubt"})
        yield root / "site", [*compare(side(readers[0]), [side(readers[1])])["photos-better"].values()]
    registry.names.cache_clear()


SEVERAL = ("index.html", "compare.html", "experiments/photos-reader/index.html", "studies/doubted/index.html")


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_pages_of_several_tasks_and_studies_have_no_barriers_and_fit_on_a_phone(
    browser: "Browser", several: tuple[Path, list[Paired]], name: str, scheme: str
) -> None:
    visit = Visit(browser, color_scheme=scheme, viewport=PHONE)
    page = visit.open((several[0] / name).as_uri())
    assert visit.complaints == []
    found = barriers(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    if name == "index.html":
        page.get_by_label("Table", exact=True).check()
        found += barriers(page)
    visit.context.close()
    assert found == []


def test_numbers_sort_with_the_best_first_in_the_table_of_each_task(
    visit: Visit, several: tuple[Path, list[Paired]]
) -> None:
    page = visit.open((several[0] / "index.html").as_uri())
    page.get_by_label("Table", exact=True).check()
    page.get_by_role("button", name="network PSNR in dB").click()
    page.get_by_role("button", name="network error rate").click()
    tables = [table.locator("tbody th").all_inner_texts() for table in page.locator("#table table").all()]
    assert tables[0][0] == "photos-denoiser"
    assert tables[1] == ["photos-better", "photos-reader"]
    assert page.locator("th[aria-sort]").count() == 2
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("network error rate")


def test_a_filter_hides_tasks_of_which_nothing_is_left(visit: Visit, several: tuple[Path, list[Paired]]) -> None:
    page = visit.open((several[0] / "index.html").as_uri())
    assert page.locator("h2:visible").all_inner_texts()[:2] == ["Networks that restore images", "Networks that read"]
    page.get_by_label("Filter").fill("reading")
    assert page.locator("h2:visible").all_inner_texts()[0] == "Networks that read"
    assert page.locator("#count").inner_text() == "2 experiments"


def test_a_comparison_knows_which_direction_is_better(visit: Visit, several: tuple[Path, list[Paired]]) -> None:
    page = visit.open((several[0] / "compare.html").as_uri() + "#photos-reader,photos-better,photos-denoiser,nobody")
    rate, surprise = several[1]
    page.locator(".compared").first.wait_for()
    text = page.locator(".verdict").inner_text()
    assert re.fullmatch(
        r"photos-better is better than photos-reader by \d+\.\d\d% on average, on 100.0 % of the test examples\.", text
    )
    cells = [row.locator("td").all_inner_texts() for row in page.locator(".compared").all()]
    assert [row[0] for row in cells] == ["error rate (lower is better)", "surprise (lower is better)"]
    assert float(cells[0][2].replace("−", "-").rstrip("%")) == pytest.approx(100 * rate.difference, abs=0.3)
    assert float(cells[1][2].replace("−", "-")) == pytest.approx(surprise.difference, abs=0.0006)
    assert [row[4:] for row in cells] == [["100.0 %", "0.0 %"]] * 2
    shown = page.locator("#verdicts").inner_text()
    assert "photos-denoiser learns another task (restoration) than photos-reader (reading)" in shown
    assert page.locator("#others label").all_inner_texts() == ["photos-better"]
    assert "attention" in page.locator("#result .strips").inner_text()


def test_the_player_writes_scores_as_its_task_does(visit: Visit, several: tuple[Path, list[Paired]]) -> None:
    page = visit.open((several[0] / "experiments/photos-reader/index.html").as_uri())
    page.get_by_label("Epoch", exact=True).fill("1")
    assert page.locator("#reached").inner_text() == "epoch 1/4: 70.0%"
    assert page.locator("#player .row.network small").inner_text() == "70.0%"


@pytest.mark.parametrize(
    ("address", "chart"),
    [
        ("experiments/photos-reader", "spread-score"),
        ("experiments/photos-reader", "section-3"),
        ("experiments/photos-reader", "section-4"),
        ("studies/doubted", "section-1"),
    ],
)
def test_charts_of_a_task_and_of_a_study_are_drawn(
    visit: Visit, several: tuple[Path, list[Paired]], address: str, chart: str
) -> None:
    page = visit.open((several[0] / address / "index.html").as_uri())
    shot = np.asarray(Image.open(io.BytesIO(page.locator(f"#{chart}").screenshot())).convert("RGB"))
    colour = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--network')")
    hue = np.array([int(colour.strip()[place : place + 2], 16) for place in (1, 3, 5)], float)
    ground = shot[2, 2].astype(float)
    shares = ((shot - ground) @ (hue - ground)) / ((hue - ground) @ (hue - ground))
    assert (shares > 0.5).sum() > 20, "something is drawn in the network's colour"


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (".2f", 20.926),
        (".0f", 12.4),
        (".1%", 0.1234),
        (".4f", 0.00004),
        (".2e", 12345.6),
        (",.1f", 12.34),
        (".3g", 0.5),
    ],
)
def test_scripts_write_numbers_as_python_does(visit: Visit, gallery: Path, form: str, value: float) -> None:
    page = visit.open((gallery / "compare.html").as_uri())
    written = page.evaluate(f"written({{form: '{form}', unit: 'm'}}, {value})")
    assert written.replace("e+4", "e+04") == f"{value:{form}} m"
