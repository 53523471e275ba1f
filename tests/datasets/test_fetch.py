"""Downloads from a real server on this machine that misbehaves in the ways of real servers."""

import hashlib
import random
import resource
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from showreel.datasets.parts.fetch import RemoteFile, fetch
from showreel.storage.errors import ShowreelError

BODY = random.Random(20).randbytes(400_000)
SHA256 = hashlib.sha256(BODY).hexdigest()

Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers a path with the first of its behaviours; all but the last are used once."""

    behaviours: dict[str, list[Behaviour]]
    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Range"]))
        behaviours = self.behaviours.get(self.path, [fails_with(404)])
        (behaviours.pop(0) if len(behaviours) > 1 else behaviours[0])(self)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def answer(
        self, status: int, body: bytes, length: int | None = None, header: tuple[str, str] | None = None
    ) -> None:
        self.send_response(status)
        if header:
            self.send_header(*header)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


def well_behaved(handler: Handler) -> None:
    start = int((handler.headers["Range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
    if start >= len(BODY):
        return handler.answer(416, b"")
    if start:
        span = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
        return handler.answer(206, BODY[start:], header=("Content-Range", span))
    return handler.answer(200, BODY)


def ignores_ranges(handler: Handler) -> None:
    handler.answer(200, BODY)


def fails_with(status: int) -> Behaviour:
    return lambda handler: handler.answer(status, b"no")


def cuts_short(size: int) -> Behaviour:
    return lambda handler: handler.answer(200, BODY[:size], length=len(BODY))


def stalls(size: int) -> Behaviour:
    def behave(handler: Handler) -> None:
        handler.answer(200, BODY[:size], length=len(BODY))
        time.sleep(1)

    return behave


def sends(body: bytes, kind: str = "application/gzip") -> Behaviour:
    return lambda handler: handler.answer(200, body, header=("Content-Type", kind))


class Place:
    """A server, a destination and a folder for partial downloads."""

    def __init__(self, folder: Path, url: str, handler: type[Handler]) -> None:
        self.folder, self.url, self.handler = folder, url, handler
        self.destination, self.partial = folder / "raw" / "data.bin", folder / "partial"
        self.part = self.partial / f"{SHA256}.part"

    def serve(self, path: str, *behaviours: Behaviour) -> str:
        self.handler.behaviours[path] = list(behaviours)
        return self.url + path

    def fetch(self, *urls: str, mirrors: tuple[str, ...] = ()) -> bytes:
        file = RemoteFile("data.bin", SHA256, urls)
        fetch(file, self.destination, partial=self.partial, mirrors=mirrors, timeout=0.3, pauses=(0.01, 0.01))
        return self.destination.read_bytes()

    def keep(self, content: bytes) -> None:
        self.partial.mkdir()
        self.part.write_bytes(content)

    def is_untouched(self) -> bool:
        return not self.destination.parent.exists() or not list(self.destination.parent.iterdir())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = type("FreshHandler", (Handler,), {"behaviours": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Place(tmp_path, f"http://127.0.0.1:{server.server_port}", handler)
    server.shutdown()
    thread.join()
    server.server_close()


def test_file_arrives_and_nothing_partial_stays(place: Place) -> None:
    assert place.fetch(place.serve("/good", well_behaved)) == BODY
    assert not place.part.exists()
    assert [path.name for path in place.destination.parent.iterdir()] == ["data.bin"]


def test_right_file_that_is_there_is_not_asked_for_again(place: Place) -> None:
    place.destination.parent.mkdir()
    place.destination.write_bytes(BODY)
    assert place.fetch(place.serve("/good", well_behaved)) == BODY
    assert place.handler.asked == []


def test_wrong_file_that_is_there_is_replaced(place: Place) -> None:
    place.destination.parent.mkdir()
    place.destination.write_bytes(BODY[:-1])
    assert place.fetch(place.serve("/good", well_behaved)) == BODY


def test_missing_file_sends_on_to_the_next_source_at_once(place: Place) -> None:
    good = place.serve("/good", well_behaved)
    assert place.fetch(place.url + "/missing", good) == BODY
    assert [path for path, _ in place.handler.asked] == ["/missing", "/good"]


def test_busy_server_is_asked_again(place: Place) -> None:
    assert place.fetch(place.serve("/busy", fails_with(503), fails_with(503), well_behaved)) == BODY
    assert len(place.handler.asked) == 3


def test_server_that_stays_busy_is_given_up_after_the_last_pause(place: Place) -> None:
    with pytest.raises(ShowreelError, match="HTTP 503 Service Unavailable"):
        place.fetch(place.serve("/busy", fails_with(503)))
    assert len(place.handler.asked) == 3


def test_cut_download_asks_for_the_missing_bytes_only(place: Place) -> None:
    assert place.fetch(place.serve("/cut", cuts_short(150_000), well_behaved)) == BODY
    assert place.handler.asked == [("/cut", None), ("/cut", "bytes=150000-")]


def test_stalled_download_times_out_and_is_continued(place: Place) -> None:
    started = time.monotonic()
    assert place.fetch(place.serve("/slow", stalls(262_144), well_behaved)) == BODY
    assert place.handler.asked[1] == ("/slow", "bytes=262144-")
    assert time.monotonic() - started < 1


def test_next_run_continues_what_the_last_one_left(place: Place) -> None:
    with pytest.raises(ShowreelError, match=r"cut short after 150,000 of 400,000 bytes \(150,000 bytes are kept\)"):
        place.fetch(place.serve("/cut", cuts_short(150_000)))
    assert place.is_untouched()
    place.handler.asked.clear()
    assert place.fetch(place.serve("/good", well_behaved)) == BODY
    assert place.handler.asked == [("/good", "bytes=150000-")]


def test_download_that_gains_a_little_each_time_is_not_given_up(place: Place) -> None:
    def gives_a_fifth(handler: Handler) -> None:
        start = int((handler.headers["Range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        span = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
        handler.answer(206, BODY[start : start + 80_000], length=len(BODY) - start, header=("Content-Range", span))

    assert place.fetch(place.serve("/flaky", gives_a_fifth)) == BODY
    assert len(place.handler.asked) == 5


def test_server_that_ignores_ranges_is_read_from_the_start(place: Place) -> None:
    assert place.fetch(place.serve("/whole", cuts_short(150_000), ignores_ranges)) == BODY


def test_wrong_kept_bytes_are_discarded_and_the_source_asked_once_more(place: Place) -> None:
    place.keep(b"x" * 1000)
    assert place.fetch(place.serve("/good", well_behaved)) == BODY
    assert place.handler.asked == [("/good", "bytes=1000-"), ("/good", None)]


@pytest.mark.parametrize("length", [400_000, 500_000])
def test_wrong_kept_bytes_that_are_too_many_are_discarded(place: Place, length: int) -> None:
    place.keep(b"x" * length)
    assert place.fetch(place.serve("/good", well_behaved)) == BODY


def test_complete_kept_bytes_need_no_request(place: Place) -> None:
    place.keep(BODY)
    assert place.fetch(place.serve("/good", well_behaved)) == BODY
    assert place.handler.asked == []


def test_wrong_bytes_send_on_to_the_next_source_and_are_not_kept(place: Place) -> None:
    wrong = place.serve("/wrong", sends(BODY[:-1] + b"?"))
    assert place.fetch(wrong, place.serve("/good", well_behaved)) == BODY
    assert place.handler.asked == [("/wrong", None), ("/good", None)]


def test_web_page_sends_on_to_the_next_source(place: Place) -> None:
    page = place.serve("/page", sends(b"<html>Welcome to the Wi-Fi</html>", "text/html"))
    assert place.fetch(page, place.serve("/good", well_behaved)) == BODY


def test_body_beyond_the_limit_is_cut_off(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("showreel.datasets.parts.fetch.MAX_BYTES", 300_000)
    with pytest.raises(ShowreelError, match="more than 300,000 bytes"):
        place.fetch(place.serve("/endless", well_behaved))
    assert not place.part.exists()


def test_error_gives_every_source_with_its_reason_and_the_mend(place: Place) -> None:
    page = place.serve("/page", sends(b"<html>", "text/html"))
    wrong = place.serve("/wrong", sends(b"other"))
    with pytest.raises(ShowreelError) as caught:
        place.fetch(place.url + "/missing", page, wrong, "http://127.0.0.1:1/dead", mirrors=(str(place.folder),))
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        f"{place.folder}/data.bin: No such file or directory",
        "/missing: HTTP 404 Not Found",
        "/page: a web page instead of the file",
        f"/wrong: other bytes, SHA-256 {hashlib.sha256(b'other').hexdigest()[:12]}",
        "/dead: [Errno 111] Connection refused);",
        "SHOWREEL_MIRROR",
    ):
        assert part in message
    assert place.is_untouched()


def test_mirrors_are_asked_before_the_official_source(place: Place) -> None:
    mirror = place.folder / "mirror"
    mirror.mkdir()
    (mirror / "data.bin").write_bytes(BODY)
    assert place.fetch(place.serve("/good", well_behaved), mirrors=(f"{place.url}/empty/", f"{mirror}/")) == BODY
    assert [path for path, _ in place.handler.asked] == ["/empty/data.bin"]


def test_mirror_with_other_bytes_is_passed_over(place: Place) -> None:
    (place.folder / "data.bin").write_bytes(b"other")
    assert place.fetch(place.serve("/good", well_behaved), mirrors=(str(place.folder),)) == BODY


def test_full_disk_is_not_taken_for_a_network_error(place: Place) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            place.fetch(place.serve("/good", well_behaved), place.serve("/other", well_behaved))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path for path, _ in place.handler.asked] == ["/good"]
    assert place.is_untouched()


def test_two_downloads_of_the_same_file_do_not_meet(place: Place) -> None:
    url = place.serve("/good", cuts_short(100_000), well_behaved)
    file = RemoteFile("data.bin", SHA256, (url,))
    targets = [place.folder / name / "data.bin" for name in "ab"]
    threads = [
        threading.Thread(target=fetch, args=(file, target), kwargs={"partial": place.partial, "pauses": (0.01,)})
        for target in targets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [target.read_bytes() == BODY for target in targets] == [True, True]
    assert [asked for _, asked in place.handler.asked] == [None, "bytes=100000-", None]
