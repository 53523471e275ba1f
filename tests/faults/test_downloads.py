"""Servers that answer wrongly, through both engines, with the real MNIST; what single servers do is in test_fetch."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from checkouts import Checkout
from engines import ENGINES, Engine

from showreel.datasets.parts.idx import NAMES

pytestmark = [pytest.mark.slow, pytest.mark.faults]

MNIST = Path(__file__).parents[3] / "shared/data/mnist"
PARAMS = """\
seed: 20
datasets: {digits: {source: mnist}}
inputs: {}
models: {}
training: {epochs: 1, batch_size: 128, learning_rate: 0.001, precision: float32}
experiments: {}
crosses: {}
"""


class Server(http.server.BaseHTTPRequestHandler):
    """Serves MNIST with one fault, until the fault is taken away."""

    fault = ""

    def do_GET(self) -> None:
        content = (MNIST / Path(self.path).name).read_bytes() if Path(self.path).name in NAMES else b""
        if self.fault.isdigit():
            self.send_error(int(self.fault))
            return
        if self.fault == "wrong bytes":
            content = bytes(len(content))
        if self.fault == "a web page":
            content = b"<html>Please sign in</html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.fault == "a web page" else "application/gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.fault == "cut short" else content)

    def log_message(self, *arguments: object) -> None:
        """Stay quiet."""


@contextmanager
def serving(fault: str) -> Iterator[str]:
    handler = type("Faulty", (Server,), {"fault": fault})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.skipif(not MNIST.exists(), reason="real data is not here: mnist")
@pytest.mark.parametrize("fault", ["404", "503", "cut short", "wrong bytes", "a web page", "a dead server"])
@pytest.mark.parametrize("name", ENGINES)
def test_a_faulty_server_fails_the_stage_and_a_good_one_makes_it_good(tmp_path: Path, name: str, fault: str) -> None:
    (tmp_path / "checkout").mkdir()
    checkout = Checkout.fresh(tmp_path / "checkout", PARAMS)
    unreachable = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    engine = Engine(name)
    with serving(fault) as address:
        mirror = {"SHOWREEL_MIRROR": "http://127.0.0.1:9" if fault == "a dead server" else address}
        bad = Checkout(checkout.folder, **mirror, **unreachable)
        process = engine.start(bad, "download")
        printed = process.communicate()[0]
        assert process.returncode != 0
        assert "no source has it" in printed + checkout.logs()
        assert not list((checkout.folder / "data/raw").rglob("*.gz"))
    with serving("") as address:
        engine.run(Checkout(checkout.folder, SHOWREEL_MIRROR=address, **unreachable), "download")
    made = {path.name: path.read_bytes() for path in (checkout.folder / "data/raw/digits").glob("*.gz")}
    assert made == {path.name: path.read_bytes() for path in MNIST.glob("*.gz")}
