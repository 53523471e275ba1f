import hashlib
import json
import re
from pathlib import Path

import pytest
from checkouts import begun
from samples import make_results

from showreel.gallery import entry, site
from showreel.gallery.entry import Source
from showreel.gallery.naming import task
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


def test_the_overview_tells_scores_gains_and_what_has_not_run(made: Path) -> None:
    text = (made / "index.html").read_text()
    assert text.count('<li class="card"') == 3
    assert "+2.00 dB" in text
    assert "total variation" in text
    assert "faces-identity" in text


def test_a_page_tells_parameters_origin_and_the_commands_that_make_it_again(made: Path) -> None:
    text = (made / "experiments/photos-denoiser/index.html").read_text()
    for words in ("sigma 0.5", "depth 2", "a processor", "float32", "dvc repro render@photos-denoiser", "3 of 4"):
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
        gallery([source], tmp_path / "gallery", pending=[], lineage=begun())
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


def test_a_task_is_what_the_name_says_beyond_the_data_set() -> None:
    assert task("mnist-denoiser", "mnist") == "denoiser"
    assert task("fashion_mnist-denoiser", "fashion_mnist") == "denoiser"
    assert task("my-best", "mnist") == "my-best"
