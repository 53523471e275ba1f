"""What exported networks answer in Chromium, against Keras on the same test images, and how long it takes.

Run in a project whose networks were trained and exported: `python benchmarks/trying.py mnist-denoiser …`. Needs
Chromium and the development packages.
"""

import base64
import shutil
import sys
import time

import material
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

from showreel.exporting.parity import in_float32
from showreel.gallery import site
from showreel.params import loading, schema
from showreel.pipeline import paths
from showreel.reporting.sources import source
from showreel.storage import prepared
from showreel.training import network_file
from showreel.training.prediction import predict

IMAGES = 1000
LARGE = 512
ANSWER = """async ([height, width, channels, text]) => {
    const image = {height, width, channels, pixels: Uint8Array.fromBase64(text)};
    const {values, milliseconds} = await answer(shown.network, image);
    return [milliseconds, new Uint8Array(values.buffer, values.byteOffset, values.byteLength).toBase64()];
}"""


def answered(page: Page, image: NDArray[np.uint8]) -> tuple[float, NDArray[np.float32]]:
    """Return the milliseconds that the page's network took for an image, and the values of its answer."""
    milliseconds, values = page.evaluate(ANSWER, [*image.shape, base64.b64encode(image.tobytes()).decode()])
    return float(milliseconds), np.frombuffer(base64.b64decode(values), np.float32)


def measure(name: str, page: Page, address: str, declared: schema.Params) -> None:
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_function("shown.restored")
    loaded = time.perf_counter() - start
    experiment = declared.experiments[name]
    images = np.asarray(prepared.read(paths.prepared(experiment.input), "test", slice(0, IMAGES), ["image"])["image"])
    expected = predict(in_float32(network_file.load(paths.model(name))), images)
    answers = [answered(page, image) for image in images]
    took, found = np.array([one for one, _ in answers]), np.stack([values for _, values in answers])
    apart = np.abs(found.reshape(expected.shape) - expected)
    steps = np.abs(np.rint(found.reshape(expected.shape) * 255) - np.rint(expected * 255))
    large = np.random.default_rng(0).integers(0, 256, (LARGE, LARGE, images.shape[-1]), np.uint8)
    seconds = min(answered(page, large)[0] for _ in range(3)) / 1000
    print(f"{name}: {len(images)} test images, largest difference {apart.max():.1e}, mean {apart.mean():.1e};")
    print(f"  of 8 bits {np.mean(steps > 0):.1e} of all values differ, by {steps.max():.0f} at most;")
    print(f"  {np.median(took):.1f} ms an image, {LARGE}×{LARGE} in {seconds:.2f} s, page ready in {loaded:.1f} s")


def main() -> None:
    declared, names, folder = loading.load(paths.PARAMS), sys.argv[1:], material.scratch()
    with sync_playwright() as started:
        site.write([source(name, declared) for name in names], folder)
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name in names:
            address = (folder / "experiments" / name / "try.html").as_uri()
            measure(name, browser.new_page(), address, declared)
        browser.close()


if __name__ == "__main__":
    main()
