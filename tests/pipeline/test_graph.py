"""What `showreel verify` knows of DVC without it, held to DVC itself: the graph, and the digest of a folder."""

from checkouts import Checkout
from dvc.repo import Repo

from showreel.params import schema
from showreel.pipeline import graph
from showreel.verification import accounts, digests


def test_folders_have_the_digest_that_dvc_gives_them(checkout: Checkout) -> None:
    folder = checkout.folder / "made"
    for name in ("b.txt", "a-b/c", "a/d", "a.b", "é", ".hidden", ".snakemake_timestamp", "sub/__pycache__/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    checkout.run("dvc", "stage", "add", "--quiet", "--run", "--name", "keep", "--outs-persist", "made", "true")
    locked = accounts.read(checkout.folder, checkout.folder / "src").lock["keep"].outputs["made"]
    names = digests.files_under(checkout.folder, "made", digests.ignored_names(checkout.folder))
    inside = {name.removeprefix("made/"): digests.of_file(checkout.folder / name).md5 for name in names}
    assert len(inside) == 6
    assert digests.of_folder(inside) == locked


def test_the_graph_is_that_of_dvc(checkout: Checkout) -> None:
    declared = graph.stages(schema.load(checkout.folder / "params.yaml"))
    with Repo(str(checkout.folder)) as repo:
        in_dvc = {str(stage.name): stage for stage in repo.index.stages if stage.name != "keep"}
        assert declared.keys() == in_dvc.keys()
        for name, stage in declared.items():
            outputs = {str(out) for out in in_dvc[name].outs} - {str(graph.record(stage.command))}
            inputs = {str(dep) for dep in in_dvc[name].deps if not str(dep).startswith(("src/", "params.yaml"))}
            assert in_dvc[name].cmd == f"showreel {stage.command}"
            assert {str(path) for path in stage.outputs} == outputs
            assert {str(path) for path in stage.inputs} == inputs or name == "gallery"
