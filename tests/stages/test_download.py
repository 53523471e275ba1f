from pathlib import Path

import pytest
from checkouts import begun

from showreel.datasets import mnist
from showreel.datasets.parts.fetch import RemoteFile
from showreel.pipeline.provenance import file_digest
from showreel.stages.download import download
from showreel.storage.errors import ParamsError, ShowreelError

SHARED = Path(__file__).parents[3] / "shared" / "data"


def test_packaged_data_set_is_gathered(tmp_path: Path) -> None:
    download("photos", tmp_path / "raw", partial=tmp_path / "partial", options={"patch": 32}, lineage=begun())
    assert (tmp_path / "raw" / "coffee.png").is_file()
    assert len(list((tmp_path / "raw").iterdir())) == 9


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / ".coffee.k1ll3d.png").write_bytes(b"half")
    download("photos", tmp_path / "raw", partial=tmp_path / "partial", options={}, lineage=begun())
    assert not list((tmp_path / "raw").glob(".*"))


def test_unknown_source_is_refused_with_the_names_that_exist(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"there is no 'mnits'; there are .*digits, .*mnist"):
        download("mnits", tmp_path / "raw", partial=tmp_path / "partial", options={}, lineage=begun())
    assert not (tmp_path / "raw").exists()


def test_mirror_is_asked_in_the_folder_of_the_source_and_then_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = [b"in the source's folder", b"in the mirror itself"]
    (tmp_path / "mirror" / "mnist").mkdir(parents=True)
    files = []
    for place, content, name in zip(("mnist", "."), contents, ("a", "b"), strict=True):
        path = tmp_path / "mirror" / place / name
        path.write_bytes(content)
        files.append(RemoteFile(name, file_digest(path), ()))
    monkeypatch.setattr(mnist, "FILES", tuple(files))
    download(
        "mnist",
        tmp_path / "raw",
        partial=tmp_path / "partial",
        mirrors=[f"{tmp_path}/mirror/"],
        options={},
        lineage=begun(),
    )
    assert [(tmp_path / "raw" / name).read_bytes() for name in "ab"] == contents


def test_real_mnist_comes_from_a_mirror_and_right_files_are_kept(tmp_path: Path) -> None:
    if not (SHARED / "mnist").exists():
        pytest.skip("real data is not here: mnist")
    for _ in range(2):
        download(
            "mnist", tmp_path / "raw", partial=tmp_path / "partial", mirrors=[str(SHARED)], options={}, lineage=begun()
        )
        made = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "raw").iterdir()}
        assert set(made) == {file.name for file in mnist.FILES}
    download("mnist", tmp_path / "raw", partial=tmp_path / "partial", mirrors=[], options={}, lineage=begun())
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "raw").iterdir()} == made


def test_data_that_cannot_be_had_leaves_no_half_written_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = mnist.FILES[0]
    monkeypatch.setattr(mnist, "FILES", (RemoteFile(file.name, file.sha256, ()),))
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / file.name).write_bytes(b"wrong")
    with pytest.raises(ShowreelError, match=r"mnist/train-images-idx3-ubyte.gz: other bytes"):
        download(
            "mnist",
            tmp_path / "raw",
            partial=tmp_path / "partial",
            mirrors=[str(tmp_path)],
            options={},
            lineage=begun(),
        )
    assert not list((tmp_path / "raw").iterdir())
