"""Snakemake's report in a real browser: it needs nothing but itself, and one sees the networks learn in it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from checkouts import Checkout
from visits import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(made_by_snakemake: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    made_by_snakemake.run("snakemake", "--report", str(path), "--cores", "1", "all_gifs")
    return path


def test_the_report_asks_for_nothing_and_its_reels_move(browser: "Browser", report: Path) -> None:
    visit = Visit(browser)
    page = visit.open(report.as_uri())
    page.locator("table a").first.click()  # the first experiment of the overview leads to its data set
    page.get_by_text("Reels", exact=True).first.click()
    page.locator("tbody tr td a").first.click()  # the eye
    reel = page.locator("img[src^='data:image']").last
    reel.wait_for()
    seen = {reel.screenshot()}
    while len(seen) == 1:  # the last frame stays for three seconds, the others are brief
        page.wait_for_timeout(70)
        seen.add(reel.screenshot())
    visit.context.close()
    assert all(request.startswith((report.as_uri(), "data:", "blob:")) for request in visit.requests)
    assert [text for text in visit.complaints if not text.startswith("warning: ")] == []  # its style sheet has one
