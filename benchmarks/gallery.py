"""The gallery's weight and speed for 18 and for 200 experiments, in Chromium on a slow line and from the disk.

The results of this checkout (`make demo` makes three) stand for all of them, under other names. Needs Chromium and the
development packages: `python benchmarks/gallery.py`.
"""

import shutil
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from showreel.gallery import site
from showreel.params import loading
from showreel.pipeline import paths
from showreel.reporting.sources import Source, source

COUNTS = (18, 200)
MEGABIT = 1e6 / 8
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6 * MEGABIT, "uploadThroughput": 0.75 * MEGABIT}
"""What browsers' developer tools call a slow 4G line."""

WATCH = """document.addEventListener("load", (event) => {
    if (event.target.tagName === "IMG") window.firstPicture ??= performance.now();
}, true)"""
TIMES = """() => [performance.getEntriesByName("first-contentful-paint")[0].startTime, window.firstPicture]"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: D102
        pass


def sources(count: int) -> list[Source]:
    declared = loading.load(paths.PARAMS)
    made = [name for name in declared.experiments if all(path.exists() for path in paths.results(name).values())]
    if not made:
        raise SystemExit("there are no results here; `make demo` makes some")
    found = []
    for number in range(count):
        name = made[number % len(made)]
        found.append(source(name, declared)._replace(label=f"{name}-{number // len(made)}"))
    return found


def visit(page: Page, address: str, *, slow: bool) -> str:
    """Load a page once, with nothing cached, and return what it took."""
    requests: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: requests.append(int(event["encodedDataLength"])))
    if slow:
        session.send("Network.emulateNetworkConditions", SLOW)
    page.add_init_script(WATCH)
    page.goto(address, wait_until="networkidle")
    paint, picture = page.evaluate(TIMES)
    weight = f"{sum(requests) / 1024:7.0f} KiB" if address.startswith("http") else " " * 11
    return f"{len(requests):3d} requests {weight}  first paint {paint:5.0f} ms, first picture {picture:5.0f} ms"


def main() -> None:
    chromium = shutil.which("chromium")
    with sync_playwright() as started, tempfile.TemporaryDirectory() as folder:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for count in COUNTS:
                place = Path(folder) / str(count)
                place.mkdir()
                start = time.perf_counter()
                site.write(sources(count), place)
                seconds = time.perf_counter() - start
                size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
                overview = (place / "index.html").stat().st_size
                written = f"written in {seconds:.1f} s, {size / 2**20:.1f} MiB, index {overview / 1024:.0f} KiB"
                print(f"{count} experiments: {written}")
                served = f"http://127.0.0.1:{server.server_address[1]}/{count}/index.html"
                lines = {"disk": (place / "index.html").as_uri(), "loopback": served, "slow 4G": served}
                for name, address in lines.items():
                    slow = name == "slow 4G"
                    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
                    print(f"  {name:9s} {visit(page, address, slow=slow)}")
                    page.context.close()
            server.shutdown()
        browser.close()


if __name__ == "__main__":
    main()
