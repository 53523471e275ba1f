"""The gallery in a real browser, from the disk as a user opens it: what it shows, how it is used, and by whom."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from samples import IMAGES, make_results
from visits import DESK, PHONE, SCHEMES, Visit, barriers, served

from showreel.gallery import site
from showreel.gallery.entry import Source, contestant
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
        assert f"epoch {epoch}/4: {8 + 3 * epoch:.2f} dB" in page.locator("#told").inner_text()
        assert page.locator("#player .row.network small").inner_text() == f"{8 + 3 * epoch:.2f} dB"
        for kind in ("network", "difference", "truth"):
            for tile in (0, 5):
                shown = pixels(page, kind, tile, (12, 10))
                np.testing.assert_array_equal(shown, sheet(sources[1], kind, epoch, tile))


def test_keys_step_and_play(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    told = page.locator("#told")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert told.inner_text().startswith("epoch 2/4")
    page.keyboard.press("ArrowRight")
    assert "the network that was kept" in told.inner_text()
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Pause").is_visible()
    page.wait_for_function("document.getElementById('told').textContent.startsWith('epoch 1/4')")
    page.keyboard.press("Space")
    stopped = told.inner_text()
    page.wait_for_timeout(500)
    assert told.inner_text() == stopped
    page.get_by_label("Epoch", exact=True).focus()
    page.keyboard.press("End")
    assert told.inner_text().startswith("epoch 4/4")


def test_keys_are_left_to_what_else_needs_them(browser: "Browser", gallery: Path) -> None:
    visit = Visit(browser, viewport=PHONE | {"width": 260})
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    told, strips = page.locator("#told"), page.locator("#player .strips")
    strips.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#player .strips').scrollLeft > 0")
    page.evaluate(
        "document.activeElement.blur(); document.querySelector('#origin').scrollIntoView({behavior: 'instant'})"
    )
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    assert told.inner_text().startswith("epoch 4/4"), "the player is out of sight"
    assert page.get_by_role("button", name="Play").count() == 1
    page.locator("#on").focus()
    page.keyboard.press("ArrowLeft")
    assert told.inner_text().startswith("epoch 3/4"), "a button has no use for arrows"
    visit.context.close()


def test_a_listener_is_not_told_of_every_epoch_that_plays(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    page.get_by_role("button", name="Play").click()
    assert page.locator("#told").get_attribute("aria-live") == "off"
    page.get_by_role("button", name="Pause").click()
    assert page.locator("#told").get_attribute("aria-live") == "polite"


def test_images_are_printed(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    page.emulate_media(media="print")
    assert page.locator(".strip i").first.evaluate("tile => getComputedStyle(tile).printColorAdjust") == "exact"


def test_a_click_in_a_curve_goes_to_its_epoch(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "experiments/photos-denoiser/index.html").as_uri())
    box = page.evaluate("(() => { const a = quality.made.scales.x; return [a.getPixelForValue(1), a.top - 40]; })()")
    page.locator("#quality").click(position={"x": box[0], "y": box[1]})
    page.wait_for_function("document.getElementById('told').textContent.startsWith('epoch 1/4')")


@pytest.mark.parametrize("chart", ["quality", "loss", "psnr", "ssim"])
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

    assert click("network dB") == ["photos-denoiser", "photos-identity", "faces-denoiser"]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("network dB")
    assert click("network dB") == ["faces-denoiser", "photos-identity", "photos-denoiser"]
    assert click("experiment") == ["faces-denoiser", "photos-denoiser", "photos-identity"]
    assert click("gain dB")[-1] == "photos-identity", "what has no gain stands last"


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


def test_the_comparison_agrees_with_the_command(visit: Visit, gallery: Path, sources: list[Source]) -> None:
    page = visit.open((gallery / "compare.html").as_uri() + "#photos-identity,photos-denoiser")
    reference, other = contestant(sources[0]), contestant(sources[1])
    expected: dict[str, Paired] = compare(reference, [other])["photos-denoiser"]
    page.locator(".compared").first.wait_for()
    for row, (kind, digits) in enumerate((("psnr", 2), ("ssim", 4))):
        cells = page.locator(".compared").nth(row).locator("td").all_inner_texts()
        difference, low, high = (float(text.replace("−", "-")) for text in (cells[2], *cells[3].split(" … ")))
        assert difference == pytest.approx(expected[kind].difference, abs=0.6 * 10**-digits)
        assert low == pytest.approx(expected[kind].low, abs=0.02 if kind == "psnr" else 0.0005)
        assert high == pytest.approx(expected[kind].high, abs=0.02 if kind == "psnr" else 0.0005)
        assert float(cells[4].removesuffix(" %")) == pytest.approx(100 * expected[kind].better, abs=0.06)
    assert page.locator(".verdict").inner_text().startswith("photos-denoiser is better than photos-identity")
    assert "Their inputs differ (noisy (sigma 0.5); clean" in page.locator("#verdicts").inner_text()
    assert page.locator("#result .strip").count() == 7


def test_only_experiments_on_the_same_test_images_are_offered(
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


def test_other_numbers_of_images_are_no_tie(visit: Visit, sources: list[Source], tmp_path: Path) -> None:
    fewer, counted, gone = tmp_path / "scores.csv", tmp_path / "metrics.json", tmp_path / "gone.json"
    counted.write_text(json.dumps(json.loads(sources[0].results["metrics"].read_text()) | {"count": IMAGES - 1}))
    fewer.write_text("".join(sources[0].results["scores"].read_text().splitlines(keepends=True)[:-1]))
    one = sources[0]._replace(evaluation=gone, results={**sources[0].results, "scores": fewer, "metrics": counted})
    site.write([one, sources[1]._replace(evaluation=gone)], tmp_path / "site")
    page = visit.open((tmp_path / "site/compare.html").as_uri() + "#photos-identity,photos-denoiser")
    page.get_by_text("photos-denoiser was not scored on the same test images").wait_for()
    assert page.locator("#result table").count() == 0


def test_more_images_than_a_call_takes_arguments_are_compared(visit: Visit, gallery: Path) -> None:
    page = visit.open((gallery / "compare.html").as_uri())
    made = "distribution('a', 'a', 'b', {differences: Float64Array.from({length: 200000}, (_, n) => n)})"
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
        page.locator("#told").wait_for()
        page.get_by_role("link", name="with other experiments").click()
        page.locator("#result table").wait_for()
    assert all(request.startswith((address, "data:")) for request in visit.requests)
