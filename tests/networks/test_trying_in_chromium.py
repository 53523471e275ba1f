"""An exported network in a real browser: it answers as Keras does, to pictures that are chosen, drawn or dropped."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from samples import evaluated, make_export, make_results
from visits import DESK, PHONE, SCHEMES, Visit, barriers, served

from showreel.applying.resizable import resizable
from showreel.applying.restorer import Restorer
from showreel.degradations import downscaled
from showreel.exporting import onnx
from showreel.gallery import site
from showreel.models import unet, upscaler
from showreel.tasks.restoration.scores import similarity
from showreel.training.prediction import predict

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

READY = "typeof shown === 'object' && Boolean(shown.restored)"
"""What is true in the page once it shows an answer, whether or not its script has run."""

NETWORK = "ab" * 32
SIZE = (12, 10)
GREY, COLOUR, BROKEN = "mnist-denoiser", "photos-superresolution", "faces-denoiser"


class Tried(NamedTuple):
    """A gallery, and the networks that can be tried in it."""

    folder: Path
    networks: dict[str, keras.Model]

    def address(self, name: str) -> str:
        """Return that of the page on which a network can be tried."""
        return (self.folder / "experiments" / name / "try.html").as_uri()

    def restorer(self, name: str) -> Restorer:
        return Restorer(resizable(self.networks[name]))


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    root = tmp_path_factory.mktemp("results")
    networks = {
        GREY: drawn(unet.build((*SIZE, 1), (*SIZE, 1), depth=1, filters=4)),
        COLOUR: drawn(upscaler.build((6, 5, 3), (*SIZE, 3), depth=0, filters=4)),
    }
    sources = [make_results(root, name, channels=1 if name == GREY else 3) for name in (GREY, COLOUR, BROKEN)]
    for source in sources:
        evaluated(source, inputs={f"models/{source.label}.keras": NETWORK})
        make_export(source, network=NETWORK, channels="3", multiple="1", scale="1")
        if source.label in networks:
            onnx.write(networks[source.label], source.exported, NETWORK)
    evaluated(sources[1], degradation={"factor": 2, "sigma": 0.05})
    folder = tmp_path_factory.mktemp("gallery") / "a site"
    folder.mkdir()
    site.write(
        [sources[0], sources[1]._replace(degradation="downscaled"), sources[2]._replace(degradation="speckled")], folder
    )
    return Tried(folder, networks)


def drawn(network: keras.Model) -> keras.Model:
    """Return a network with weights that are drawn, not trained, so that every value of its output says something."""
    generator = np.random.default_rng(0)
    network.set_weights([generator.normal(0.02, 0.2, weight.shape) for weight in network.get_weights()])
    return network


@pytest.fixture(scope="module")
def visits(browser: "Browser", tried: Tried) -> Iterator[dict[str, Visit]]:
    """The pages of the two networks, opened once; a test sets what it depends on. Nothing may go wrong on them."""
    visits = {name: Visit(browser) for name in tried.networks}
    for name, visit in visits.items():
        opened(visit, tried.address(name))
    yield visits
    for visit in visits.values():
        visit.context.close()
        assert visit.complaints == []


@pytest.fixture
def grey(visits: dict[str, Visit]) -> "Page":
    return visits[GREY].page


@pytest.fixture
def colour(visits: dict[str, Visit]) -> "Page":
    return visits[COLOUR].page


def opened(visit: Visit, address: str) -> "Page":
    """Open a page and wait until its network has answered."""
    page = visit.open(address)
    page.wait_for_function(READY)
    settle(page)
    return page


def settle(page: "Page") -> None:
    """Wait until nothing is to be restored any more."""
    page.wait_for_function("!working && !waiting")


def image(page: "Page", what: str, part: str = "pixels") -> NDArray[Any]:
    """Return an image that the page's script holds: uint8 or float32 (h, w, c)."""
    found = page.evaluate(f"(({{height, width, channels, {part}}}) => [height, width, channels, [...{part}]])({what})")
    return np.reshape(found[3], found[:3]).astype(np.uint8 if part == "pixels" else np.float32)


def canvas(page: "Page", figure: str) -> NDArray[np.uint8]:
    """Return what a figure shows: uint8 (h, w, 3)."""
    address = page.evaluate(f"document.querySelector('#{figure} canvas').toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB"))


def told(page: "Page", figure: str) -> float:
    """Return the PSNR beside a figure."""
    return float(page.locator(f"#{figure} small").inner_text().split(" dB")[0])


def choose(page: "Page", pixels: NDArray[np.uint8], name: str = "picture.png") -> None:
    """Choose a picture file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    page.locator("#file").set_input_files({"name": name, "mimeType": "image/png", "buffer": file.getvalue()})
    height, width = pixels.shape[:2]
    page.wait_for_function(f"shown.truth.height === {height} && shown.truth.width === {width}")
    settle(page)


def test_it_runs_from_the_disk_without_a_request_elsewhere(visits: dict[str, Visit], tried: Tried) -> None:
    for visit in visits.values():
        assert not visit.page.locator("#state").is_visible()
        assert visit.requests
        assert all(request.startswith((tried.folder.as_uri(), "data:", "blob:")) for request in visit.requests)


def test_it_runs_from_a_static_host_and_is_reached_from_the_overview(visit: Visit, tried: Tried) -> None:
    with served(tried.folder.parent) as address:
        page = visit.open(f"{address}/a%20site/index.html")
        assert not any("ort." in request for request in visit.requests), "the overview loads no network"
        page.get_by_role("link", name=f"Try {GREY} in your browser").click()
        page.wait_for_function(READY)
        page.get_by_role("link", name="How it learned").click()
        page.get_by_role("link", name="Try it in your browser").click()
        page.wait_for_function(READY)
    assert all(request.startswith((address, "data:", "blob:")) for request in visit.requests)


@pytest.mark.parametrize(("name", "scheme"), [*zip((GREY, COLOUR), SCHEMES, strict=True)])
def test_there_are_no_barriers_and_nothing_sticks_out_on_a_phone(
    browser: "Browser", tried: Tried, name: str, scheme: str
) -> None:
    visit = Visit(browser, color_scheme=scheme, reduced_motion="reduce")
    page = opened(visit, tried.address(name))
    found = []
    for size in (DESK, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        found += barriers(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert page.evaluate(
            "[...document.querySelectorAll('figure')].every(one => one.scrollWidth <= one.clientWidth)"
        )
    visit.context.close()
    assert found == []


@pytest.mark.parametrize("name", [GREY, COLOUR])
def test_the_answer_is_that_of_keras(visits: dict[str, Visit], tried: Tried, name: str) -> None:
    page = visits[name].page
    for sample in page.locator("#samples button").all():
        sample.click()
        settle(page)
        degraded, restored = image(page, "shown.degraded"), image(page, "shown.restored", "values")
        expected = predict(tried.networks[name], degraded[np.newaxis])[0]
        assert np.ptp(expected) > 0.2
        np.testing.assert_allclose(restored, expected, rtol=0, atol=1e-5)
        stored = np.rint(expected * np.float32(255)).astype(np.uint8)
        np.testing.assert_allclose(canvas(page, "network"), np.broadcast_to(stored, (*SIZE, 3)), rtol=0, atol=1)


def test_the_scores_are_those_of_the_pipeline(grey: "Page") -> None:
    grey.locator("#samples button").first.click()
    settle(grey)
    truth = image(grey, "shown.truth")[np.newaxis]
    degraded = image(grey, "shown.degraded")[np.newaxis].astype(np.float32) / np.float32(255)
    restored = image(grey, "shown.restored", "values")[np.newaxis]
    assert told(grey, "input") == pytest.approx(similarity(truth, degraded)["psnr"][0], abs=0.006)
    assert told(grey, "network") == pytest.approx(similarity(truth, restored)["psnr"][0], abs=0.006)


def test_the_slider_adds_the_noise_that_it_says(grey: "Page") -> None:
    slider = grey.get_by_label("Noise σ")
    assert slider.get_attribute("value") == "0.5"
    choose(grey, np.full((90, 120), 128, np.uint8))
    for sigma in (0.1, 0.05):
        slider.fill(str(sigma))
        settle(grey)
        noise = image(grey, "shown.degraded").astype(float) - 128
        assert noise.std() == pytest.approx(255 * sigma, rel=0.03)
        assert abs(noise.mean()) < 1
        assert abs(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]) < 0.05
    grey.get_by_role("button", name="Draw new noise").click()
    settle(grey)
    assert np.corrcoef(noise.ravel(), image(grey, "shown.degraded").ravel())[0, 1] < 0.05
    slider.fill("0")
    settle(grey)
    assert (image(grey, "shown.degraded") == 128).all()
    assert told(grey, "input") == 100


def test_what_is_drawn_by_mouse_is_restored(grey: "Page") -> None:
    grey.get_by_role("button", name="Clear").click()
    settle(grey)
    empty = image(grey, "shown.restored")
    assert not image(grey, "shown.truth").any()
    box = grey.locator("#pad").bounding_box()
    assert box is not None
    grey.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.2)
    grey.mouse.down()
    grey.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.8, steps=5)
    grey.mouse.up()
    grey.mouse.move(box["x"] + 2, box["y"] + 2)
    settle(grey)
    truth = image(grey, "shown.truth")[..., 0]
    assert truth.shape == SIZE
    assert truth[6, 4:6].min() > 100, "the stroke"
    assert not truth[:, [0, 1, -2, -1]].any(), "nothing beside it, nor after the mouse went up"
    assert len(np.unique(truth)) > 2, "its edges are smooth"
    assert (image(grey, "shown.restored") != empty).any()
    np.testing.assert_array_equal(canvas(grey, "truth")[..., 0], truth)


def test_a_picture_of_another_size_is_restored_at_its_own_size_as_apply_does_it(grey: "Page", tried: Tried) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (23, 37, 3), np.uint8)
    choose(grey, picture)
    np.testing.assert_array_equal(image(grey, "shown.truth")[..., 0], np.asarray(Image.fromarray(picture).convert("L")))
    expected = tried.restorer(GREY).restore(image(grey, "shown.degraded"))
    np.testing.assert_allclose(canvas(grey, "network")[..., :1], expected, rtol=0, atol=1)


def test_a_picture_that_is_dropped_is_made_smaller_as_the_pipeline_does_it_and_enlarged_as_apply_does_it(
    colour: "Page", tried: Tried
) -> None:
    colour.get_by_label("Noise σ").fill("0")
    picture = np.random.default_rng(3).integers(0, 256, (23, 36, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    colour.evaluate(
        """async (text) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes(text)], "a.png", {type: "image/png"}));
          document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true}));
        }""",
        base64.b64encode(file.getvalue()).decode(),
    )
    colour.wait_for_function("shown.restored.width === 36")
    settle(colour)
    np.testing.assert_array_equal(image(colour, "shown.truth"), picture)
    degraded = image(colour, "shown.degraded")
    generators = iter([np.random.default_rng()])
    np.testing.assert_array_equal(degraded, downscaled.degrade(picture[np.newaxis], generators, factor=2, sigma=0)[0])
    expected = tried.restorer(COLOUR).restore(degraded)
    assert expected.shape == (24, 36, 3)
    np.testing.assert_allclose(canvas(colour, "network"), expected[:23], rtol=0, atol=1)


def test_a_large_picture_is_scaled_down(grey: "Page") -> None:
    file = io.BytesIO()
    Image.new("RGB", (1024, 300), "white").save(file, "PNG")
    grey.locator("#file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()})
    grey.wait_for_function("shown.restored.width === 512 && shown.restored.height === 150")
    assert (image(grey, "shown.truth") == 255).all()


def test_what_is_no_picture_is_named(grey: "Page") -> None:
    grey.locator("#file").set_input_files({"name": "thesis.pdf", "mimeType": "image/png", "buffer": b"%PDF"})
    grey.get_by_text("thesis.pdf is no picture that this browser can read").wait_for()
    choose(grey, np.zeros((8, 8), np.uint8))
    assert not grey.locator("#state").is_visible()


def test_a_network_that_cannot_be_started_is_told_and_the_rest_works(visit: Visit, tried: Tried) -> None:
    page = visit.open(tried.address(BROKEN))
    page.locator("#state.problem").wait_for()
    assert page.locator("#state").inner_text().startswith("The network cannot be started: ")
    assert page.locator("#input small").inner_text() == "10×12", (
        "a degradation that the page does not know has no score"
    )


def test_a_browser_without_webassembly_says_so(visit: Visit, tried: Tried) -> None:
    visit.context.add_init_script("delete globalThis.WebAssembly")
    page = visit.open(tried.address(GREY))
    page.get_by_text("This browser has no WebAssembly").wait_for()


def test_without_scripts_the_page_says_what_it_needs(browser: "Browser", tried: Tried) -> None:
    visit = Visit(browser, java_script_enabled=False)
    page = visit.open(tried.address(GREY))
    assert "This page needs JavaScript" in str(page.locator("noscript").text_content())
    assert not page.locator("#workbench").is_visible()
    visit.context.close()
