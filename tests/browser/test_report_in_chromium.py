"""Snakemake's report in a real browser: it needs nothing but itself, and its reels are whole."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from checkouts import Checkout
from PIL import Image
from visits import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.faults]  # its menus are Snakemake's: `make browser` goes through them


@pytest.fixture(scope="module")
def report(made_by_snakemake: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    made_by_snakemake.run("snakemake", "--report", str(path), "--cores", "1", "all_gifs")
    return path


def test_the_report_asks_for_nothing_and_shows_whole_reels(browser: "Browser", report: Path) -> None:
    visit = Visit(browser)
    page = visit.open(report.as_uri())
    page.locator("table a").first.click()  # the first experiment of the overview leads to its data set
    page.get_by_text("Reels", exact=True).first.click()
    page.wait_for_timeout(1000)  # the overview has a table, too, until the menu takes its place
    page.locator("tbody tr td a").first.click()  # the eye
    reel = page.locator("img[src^='data:image/png']").last
    reel.wait_for()
    assert reel.evaluate("image => image.complete && image.naturalWidth > 0")
    content = reel.evaluate("async (image) => [...new Uint8Array(await (await fetch(image.src)).arrayBuffer())]")
    with Image.open(io.BytesIO(bytes(content))) as gif:
        assert (gif.format, getattr(gif, "n_frames", 1)) == ("GIF", 3)
    visit.context.close()
    assert all(request.startswith((report.as_uri(), "data:", "blob:")) for request in visit.requests)
    assert [text for text in visit.complaints if not text.startswith("warning: ")] == []  # its style sheet has one
