"""The graph of stages, held to DVC's own reading of dvc.yaml, and its order."""

from pathlib import Path

from checkouts import Checkout
from dvc.dependency import ParamsDependency
from dvc.repo import Repo

from showreel.params import loading
from showreel.params.schema import Params
from showreel.pipeline import graph, paths

RANDOM = "models/random.keras"
"""DVC knows no optional dependency, so that this stands for one."""
FOLDERS = {"exports", "results", "lineage/train", "lineage/evaluate"}
"""What the gallery reads in DVC, which cannot list what all experiments make."""


def test_the_graph_is_that_of_dvc(checkout: Checkout) -> None:
    declared = graph.stages(loading.load(checkout.folder / "params.yaml"))
    with Repo(str(checkout.folder)) as repo:
        in_dvc = {str(stage.name): stage for stage in repo.index.stages}
        assert declared.keys() == in_dvc.keys()
        for name, stage in declared.items():
            files = [dep for dep in in_dvc[name].deps if not isinstance(dep, ParamsDependency)]
            code = {str(dep) for dep in files if str(dep).startswith("src/")}
            read = {str(dep) for dep in files} - code - {RANDOM}
            assert in_dvc[name].cmd == f"showreel {stage.command}"
            assert {str(out) for out in in_dvc[name].outs} == {str(path) for path in (*stage.outputs, stage.record)}
            assert code == {str(path) for path in stage.code}
            assert read == (FOLDERS if name == "gallery" else {str(path) for path in stage.inputs})


def test_dvc_watches_the_values_of_the_graph_and_the_revision_of_each_stage(checkout: Checkout) -> None:
    declared = graph.stages(loading.load(checkout.folder / "params.yaml"))
    with Repo(str(checkout.folder)) as repo:
        for stage in repo.index.stages:
            params = {str(dep): {*dep.params} for dep in stage.deps if isinstance(dep, ParamsDependency)}
            mine = declared[str(stage.name)]
            assert params.get("params.yaml", set()) == {*mine.params}, stage.name
            assert params[str(paths.REVISIONS)] == {mine.kind}, stage.name


def declared(folder: Path, experiments: str) -> Params:
    (folder / "params.yaml").write_text(f"""\
seed: 20
datasets: {{digits: {{source: digits}}}}
inputs: {{digits-noisy: {{dataset: digits, degradation: noisy, sigma: 0.5}}}}
models: {{unet: {{depth: 1, filters: 2}}}}
training: {{epochs: 1, batch_size: 8, learning_rate: 0.001, precision: float32}}
experiments:
{experiments}
crosses:
  crossed: {{of: child, dataset: digits, values: [0.5]}}
""")
    return loading.load(folder / "params.yaml")


LINE = "  {}: {{task: restoration, dataset: digits, input: {}, model: unet, weights: {}}}\n"


def test_a_parent_is_listed_before_its_child_and_the_study_last(tmp_path: Path) -> None:
    params = declared(
        tmp_path,
        LINE.format("child", "digits-noisy", "parent")
        + LINE.format("parent", "digits", "grandparent")
        + LINE.format("grandparent", "digits", "random"),
    )
    names = [*graph.stages(params)]
    order = [names.index(f"train@{name}") for name in ("grandparent", "parent", "child")]
    assert order == sorted(order)
    assert names.index("cross@crossed") > names.index("train@child")
    stages = graph.stages(params)
    assert Path("models/parent.keras") in stages["train@child"].inputs
    needed = graph.needed("crossed", params)
    assert {"train@grandparent", "train@parent", "train@child", "cross@crossed"} <= needed.keys()
    assert "evaluate@child" not in needed


def test_an_evaluation_comes_after_the_record_of_its_input(tmp_path: Path) -> None:
    params = declared(tmp_path, LINE.format("child", "digits-noisy", "random"))
    assert "degrade@digits-noisy" in graph.ancestors(graph.stages(params))["evaluate@child"]
