import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from checkouts import begun
from samples import doubt_exists, make_reading, make_results, make_study, reading_exists

from showreel.gallery import entry, site
from showreel.gallery.naming import variant
from showreel.params import registry
from showreel.reporting.sources import Source
from showreel.stages.gallery import gallery
from showreel.storage.errors import ParamsError, ShowreelError

EXTERNAL = re.compile(r"""(?:src|href|srcset)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import""")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    root = tmp_path_factory.mktemp("results")
    return [
        make_results(root, "photos-identity", baseline=""),
        make_results(root, "photos-denoiser"),
        make_results(root, "faces-denoiser", better_by=-3),
    ]


@pytest.fixture(scope="module")
def made(sources: list[Source], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    site.write(sources, folder, pending=["faces-identity"])
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_link_and_picture_is_a_file_of_the_site(made: Path) -> None:
    for page in made.rglob("*.html"):
        for link in re.findall(r'(?:src|href|srcset|data-still)="([^"#]+)', page.read_text()):
            assert link == "data:," or (page.parent / link).is_file(), f"{page}: {link}"


def test_nothing_is_loaded_from_elsewhere(made: Path) -> None:
    ours = [path for path in made.rglob("*") if path.suffix in (".html", ".css", ".js") and ".min." not in path.name]
    assert len(ours) > 10
    assert not any(EXTERNAL.search(path.read_text()) for path in ours)


def test_the_same_results_give_the_same_bytes(made: Path, sources: list[Source], tmp_path: Path) -> None:
    site.write(sources, tmp_path, pending=["faces-identity"])
    assert digests(tmp_path) == digests(made)


def test_the_overview_has_scores_gains_and_what_has_not_run(made: Path) -> None:
    text = (made / "index.html").read_text()
    assert text.count('<li class="card"') == 3
    assert "+2.00 dB" in text
    assert "total variation" in text
    assert "faces-identity" in text
    assert "<h1>Networks that restore images</h1>" in text
    assert "Questions to trained networks" not in text


def test_a_page_names_parameters_origin_and_the_commands_that_make_it_again(made: Path) -> None:
    text = (made / "experiments/photos-denoiser/index.html").read_text()
    for words in (
        "sigma 0.5",
        "depth 2",
        "a processor",
        "float32",
        "dvc repro render@photos-denoiser",
        "3 of 4",
        "random",
    ):
        assert words in text
    assert "photos-denoiser" not in (made / "experiments/photos-identity/index.html").read_text()


@pytest.mark.parametrize(("named", "kept"), [({"kept_epoch": 3}, 3), ({"kept_epoch": 2}, 4), ({}, 4)])
def test_of_epochs_alike_in_the_table_the_one_that_the_record_names_was_kept(
    tmp_path: Path, named: dict[str, int], kept: int
) -> None:
    source = make_results(tmp_path, "photos-denoiser")
    source.results["history"].write_text(source.results["history"].read_text().replace("0.04,18.0", "0.04,19.0"))
    source.training.write_text(json.dumps(json.loads(source.training.read_text()) | named))
    assert entry.read(source).best_epoch == kept


def test_names_with_markup_are_shown_as_they_are(sources: list[Source], tmp_path: Path) -> None:
    site.write([sources[0]._replace(label="a<b>@HEAD~1", dataset="<script>")], tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert "<script>" not in text.replace('<script src="assets', "")
    assert len(list((tmp_path / "experiments").glob("a-b-HEAD-1-*/index.html"))) == 1


def test_two_labels_of_one_address_do_not_overwrite_each_other(sources: list[Source], tmp_path: Path) -> None:
    site.write([sources[0]._replace(label=label) for label in ("a@x/1", "a@x~1")], tmp_path)
    assert len(list((tmp_path / "experiments").iterdir())) == 2


@pytest.mark.parametrize("name", ["metrics", "history", "baselines", "scores", "places", "sheet", "card"])
@pytest.mark.parametrize("content", [b"", b"\xff\x00garbage", b"[1]"])
def test_a_damaged_file_is_named_and_the_old_gallery_stays(
    sources: list[Source], tmp_path: Path, name: str, content: bytes
) -> None:
    damaged = tmp_path / sources[1].results[name].name
    damaged.write_bytes(content)
    source = sources[1]._replace(results={**sources[1].results, name: damaged})
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery/index.html").write_text("before")
    with pytest.raises(ShowreelError, match=re.escape(str(damaged))) as refusal:
        gallery([source], tmp_path / "gallery", studies={}, pending=[], lineage=begun())
    assert "\n" not in str(refusal.value)
    assert (tmp_path / "gallery/index.html").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["gallery", damaged.name])


def test_results_without_records_are_shown_too(sources: list[Source], tmp_path: Path) -> None:
    gone = tmp_path / "gone.json"
    site.write([sources[1]._replace(training=gone, evaluation=gone)], tmp_path / "site")
    assert "No lineage record" in (tmp_path / "site/experiments/photos-denoiser/index.html").read_text()


def test_a_folder_with_other_things_in_it_is_never_replaced(sources: list[Source], tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ParamsError, match="is no gallery"):
        site.replace(sources, tmp_path)
    site.replace(sources, tmp_path / "page")
    site.replace(sources[:1], tmp_path / "page")
    assert len(list((tmp_path / "page/experiments").iterdir())) == 1
    assert (tmp_path / "thesis.tex").exists()


def test_a_variant_is_what_the_name_says_beyond_the_data_set() -> None:
    assert variant("mnist-denoiser", "mnist") == "denoiser"
    assert variant("fashion_mnist-denoiser", "fashion_mnist") == "denoiser"
    assert variant("my-best", "mnist") == "my-best"


@pytest.mark.parametrize(
    ("low", "gain", "shown"),
    [(18.9, 2, '<span class="gain better">+2.00 dB<'), (18.7, 2, '<span class="gain worse">+2.00 dB, not better<')],
)
def test_a_network_is_not_called_better_where_its_interval_reaches_the_baseline(
    tmp_path: Path, low: float, gain: float, shown: str
) -> None:
    source = make_results(tmp_path, "photos-denoiser", better_by=1)
    metrics = json.loads(source.results["metrics"].read_text())
    source.results["metrics"].write_text(json.dumps(metrics | {"psnr_low": low, "baseline_psnr": 18.8, "gain": gain}))
    (tmp_path / "site").mkdir()
    site.write([source], tmp_path / "site")
    assert shown in (tmp_path / "site/index.html").read_text()
    page = (tmp_path / "site/experiments/photos-denoiser/index.html").read_text()
    assert ("not better: the interval reaches the baseline" in page) == ("not better" in shown)


def test_without_labels_there_are_no_captions_but_scores(tmp_path: Path) -> None:
    source = make_results(tmp_path, "photos-denoiser")
    assert "<small>cat</small>" in written(tmp_path / "with", source)
    table = pd.read_csv(source.results["scores"]).drop(columns="label")
    table.to_csv(source.results["scores"], index=False)
    text = written(tmp_path / "without", source)
    assert "<small>cat</small>" not in text
    assert text.count("</b>") == 6


def written(folder: Path, source: Source) -> str:
    """Return the page of an experiment."""
    folder.mkdir()
    site.write([source], folder)
    return (folder / "experiments" / source.label / "index.html").read_text()


class Several(NamedTuple):
    """A gallery over experiments of two tasks, and a study."""

    folder: Path
    readers: list[Source]

    def page(self, address: str) -> str:
        """Return a page of it."""
        return (self.folder / address).read_text()


@pytest.fixture(scope="module")
def several(sources: list[Source], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    """A gallery over two tasks, one of them better the lower its pooled score is, and a study."""
    root = tmp_path_factory.mktemp("several")
    with pytest.MonkeyPatch.context() as monkeypatch, contextlib.chdir(root):
        reading_exists(root / "reading", monkeypatch)
        doubt_exists(root / "doubt", monkeypatch)
        readers = [make_reading(root, "photos-reader"), make_reading(root, "photos-worse", errors=0.6)]
        make_study(root, "doubted")
        (root / "site").mkdir()
        site.write([*sources, *readers], root / "site", studies={"doubted": "doubt"})
        yield Several(root / "site", readers)
    registry.names.cache_clear()


def test_the_overview_groups_by_task_and_names_studies(several: Several) -> None:
    text = several.page("index.html")
    assert "<h1>Networks that learn</h1>" in text
    titles = ["Networks that restore images", "Networks that read"]
    assert [title for title in re.findall("<h2[^>]*>([^<]+)", text) if title in titles] == titles * 2
    assert "<strong>19.4%</strong> <small>error rate</small>" in text
    assert '<span class="gain better">+30.9%<' in text
    worse = json.loads(several.readers[1].results["metrics"].read_text())["gain"]
    assert -0.2 < worse < 0
    assert f'<span class="gain worse">{worse:+.1%}, not better<' in text
    assert 'href="studies/doubted/index.html"' in text
    assert "Of 2 parts the whole has a doubt of 1." in text
    assert 'data-better="lower"><button type="button">network error rate<' in text


def test_a_page_is_in_the_words_and_digits_of_its_task(several: Several) -> None:
    text = several.page("experiments/photos-reader/index.html")
    assert "A unet (depth 2) reads photos." in text
    assert "error rate (lower is better) after each epoch" in text
    assert "Test examples by their surprise in bits (lower is better)" in text
    assert 'class="row attention"' in text
    assert "<td>trained</td>" in text
    assert "Loss</figcaption>" in text, "with losses below 0 the scale is none of logarithms"
    assert "3 of 4" in text, "the epoch with the lowest validation score was kept"
    shown = re.sub("<(script|style).*?</(script|style)>|<[^>]*>", "", text, flags=re.DOTALL)
    assert not any(word in shown for word in ("PSNR", "SSIM", "dB", "image"))


def test_sections_of_a_task_are_rendered_and_escaped(several: Several) -> None:
    text = several.page("experiments/photos-reader/index.html")
    assert "<p>Words &amp; &lt;letters&gt;.</p>" in text
    assert '<th scope="row">b</th><td class="number">22</td>' in text
    assert "Counted by hand." in text
    assert text.count('src="data:image/png;base64,') == 2
    assert 'alt="given: 3 pictures"' in text
    data = json.loads(re.findall('id="data">(.*?)</script>', text)[0])
    assert [(chart["id"], chart["x"]) for chart in data["charts"]] == [
        ("section-3", [1, 2, 4]),
        ("section-4", ["a", "b"]),
    ]
    assert all(f'<canvas id="{chart["id"]}"' in text for chart in data["charts"])
    assert data["charts"][0]["series"][0]["data"] == [0.1, None, 0.5]


def test_a_study_has_a_page_with_its_picture_and_files(several: Several) -> None:
    text = several.page("studies/doubted/index.html")
    assert "Doubts: Of 2 parts the whole has a doubt of 1." in text
    assert "showreel doubt doubted" in text
    for name in re.findall(r'(?:src|href)="([^"#:]+)"', text):
        assert (several.folder / "studies/doubted" / name).is_file()


def test_a_damaged_study_is_named(several: Several, sources: list[Source], tmp_path: Path) -> None:
    cells = several.folder.parent / "results/doubted/cells.csv"
    before = cells.read_text()
    try:
        for text in ("", "part\nhalf\n", "\x00"):
            cells.write_text(text)
            (tmp_path / str(len(text))).mkdir()
            with pytest.raises(ShowreelError, match=r"results/doubted/cells.csv: damaged"):
                site.write(sources[:1], tmp_path / str(len(text)), studies={"doubted": "doubt"})
    finally:
        cells.write_text(before)


def test_results_of_another_task_are_refused(several: Several) -> None:
    other = several.readers[0]._replace(task="restoration")
    with pytest.raises(ShowreelError, match=r"metrics.json: damaged \(no psnr, ssim, mse"):
        entry.read(other)


def test_the_scores_of_a_comparison_are_what_the_task_makes_of_the_table(several: Several) -> None:
    side = entry.side(several.readers[0])
    assert (side.task, side.input, side.columns["counts"].shape) == ("reading", "photos", (300, 2))
    np.testing.assert_allclose(side.each, side.columns["counts"][:, 0] / side.columns["counts"][:, 1], rtol=1e-5)
