"""Which exported networks a gallery lets its readers try, and what an ONNX file says of itself."""

import re
from pathlib import Path

import pytest
from samples import evaluated, field, make_export, make_results

from showreel.gallery import onnx_properties, site
from showreel.pipeline import provenance
from showreel.reporting.sources import Source
from showreel.storage.errors import ShowreelError

NETWORK = "ab" * 32
GOOD = {"network": NETWORK, "channels": "3", "multiple": "4", "scale": "1"}
PAGE = "experiments/photos-denoiser/try.html"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Source:
    source = make_results(tmp_path_factory.mktemp("results"), "photos-denoiser")
    evaluated(source, inputs={"models/photos-denoiser.keras": NETWORK})
    return source


@pytest.fixture
def source(results: Source, tmp_path: Path) -> Source:
    return results._replace(exported=tmp_path / "exports" / "photos-denoiser.onnx")


def written(source: Source, folder: Path) -> Path:
    folder.mkdir()
    site.write([source], folder)
    return folder


def test_an_export_of_the_very_network_can_be_tried(source: Source, tmp_path: Path) -> None:
    make_export(source, **GOOD)
    made = written(source, tmp_path / "site")
    assert f'href="{PAGE}"' in (made / "index.html").read_text()
    assert 'href="try.html"' in (made / "experiments/photos-denoiser/index.html").read_text()
    assert "σ 0.5" in (made / PAGE).read_text()
    for script in re.findall(r'src="([^"]+)', (made / PAGE).read_text()):
        assert (made / PAGE).parent.joinpath(script).is_file()
    assert (made / "assets/restoration/try.js").is_file()
    assert {"ort.wasm.min.js", "ort.runtime.js", "ort.LICENSE.md"} < {path.name for path in (made / "assets").iterdir()}


def test_the_same_export_gives_the_same_bytes(source: Source, tmp_path: Path) -> None:
    make_export(source, **GOOD)
    one, two = (written(source, tmp_path / name) for name in ("one", "two"))
    files = [path.relative_to(one) for path in one.rglob("*") if path.is_file()]
    assert all((one / path).read_bytes() == (two / path).read_bytes() for path in files)


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        (None, "To try the network on this site, in the browser: showreel export photos-denoiser &amp;&amp; "),
        ({}, "photos-denoiser.onnx is not an export of the network that these results are of: showreel export photos-"),
        (GOOD | {"network": "cd" * 32}, "is not an export of the network that these results are of"),
        ({"network": NETWORK, "channels": "1"}, "takes images of one size only"),
        (GOOD | {"channels": "2"}, "takes neither grey nor colour images"),
        (GOOD | {"multiple": "-4"}, "does not tell what sizes it takes"),
    ],
    ids=["none", "another program's", "another training's", "one size", "two channels", "negative"],
)
def test_any_other_export_has_no_page_and_the_experiment_says_why(
    source: Source, tmp_path: Path, properties: dict[str, str] | None, said: str
) -> None:
    if properties is not None:
        make_export(source, **properties)
    made = written(source, tmp_path / "site")
    assert not (made / PAGE).exists()
    assert said in (made / "experiments/photos-denoiser/index.html").read_text()
    assert "try.html" not in (made / "index.html").read_text()
    assert not (made / "assets/ort.runtime.js").exists()
    assert not (made / "assets/restoration").exists()


def test_without_a_record_nothing_proves_which_network_it_is(source: Source, tmp_path: Path) -> None:
    make_export(source, **GOOD)
    made = written(source._replace(evaluation=tmp_path / "gone.json"), tmp_path / "site")
    assert not (made / PAGE).exists()


def test_a_degradation_that_the_page_does_not_know_is_left_out(source: Source, tmp_path: Path) -> None:
    make_export(source, **GOOD)
    text = (written(source._replace(degradation="speckled"), tmp_path / "site") / PAGE).read_text()
    assert "The network takes the picture as it is" in text
    assert 'id="sigma"' not in text
    assert re.findall(r'<figure id="(\w+)"', text) == ["input", "network"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x72\x05\x0a", "cut short at byte 3"),
        (b"\x72", "a number without an end at byte 1"),
        (b"\xff" * 20, "a number without an end at byte 0"),
        (b"PK\x03\x04 no model at all", "no field begins with 3 at byte 3"),
        (field(14, b"\x0a\x01\xff"), "can't decode byte 0xff"),
    ],
    ids=["short", "ends in a number", "endless number", "zip", "no text"],
)
def test_bytes_that_are_no_onnx_file_are_named(source: Source, tmp_path: Path, content: bytes, reason: str) -> None:
    source.exported.parent.mkdir()
    source.exported.write_bytes(content)
    with pytest.raises(ShowreelError, match=re.escape(f"{source.exported}: is no ONNX file")) as refusal:
        written(source, tmp_path / "site")
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_properties_are_found_among_fields_of_every_kind() -> None:
    others = b"\x08\x96\x01" + b"\x11" + b"\0" * 8 + b"\x1d" + b"\0" * 4 + field(7, b"a graph")
    message = others + field(14, field(1, "one", "first")) + field(14, field(1, "two"))
    assert onnx_properties.properties(message, Path("a.onnx")) == {"one": "first", "two": ""}


def test_a_gallery_needs_nothing_that_exports() -> None:
    used = {path.parts[-2] for path in provenance.closure(["showreel.stages.gallery"])}
    assert {"exporting", "applying", "models"}.isdisjoint(used)
