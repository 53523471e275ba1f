import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from checkouts import Checkout
from looked_on import EVENTS, ON, table
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from showreel.cli import parser
from showreel.storage import reel
from showreel.storage.reel import Reel
from showreel.training.network_file import load

pytestmark = pytest.mark.slow

SCORES = ("loss", "validation_loss", "validation_score", "test_score")


def read(checkout: Checkout) -> EventAccumulator:
    return EventAccumulator(str(checkout.folder / EVENTS), {"tensors": 0}).Reload()


def recorded(checkout: Checkout) -> Reel:
    return reel.read(checkout.folder / "models/denoiser.reel.h5", Reel)


def logged(checkout: Checkout, tag: str) -> list[tuple[int, Any]]:
    """Return step and value of a tag, in the order in which they were logged."""
    return [(event.step, tf.make_ndarray(event.tensor_proto)) for event in read(checkout).Tensors(tag)]


def test_curves_are_those_of_the_history(watched: Checkout) -> None:
    history = table(watched.folder / "results/denoiser/history.csv")
    for name in ("loss", "validation_loss", "validation_score"):
        steps, values = zip(*logged(watched, name), strict=True)
        assert steps == (1, 2, 3)
        assert values == pytest.approx(history[name], rel=1e-5)
    scores = recorded(watched).scores.tolist()
    assert [step for step, _ in logged(watched, "test_score")] == [0, 1, 2, 3]
    assert [value for _, value in logged(watched, "test_score")] == pytest.approx(scores, rel=1e-6)


def test_the_learning_rate_falls_along_half_a_cosine(watched: Checkout) -> None:
    rates = [float(value) for _, value in logged(watched, "learning_rate")]
    assert rates == pytest.approx([0.00075, 0.00025, 0], abs=1e-9)


def test_pictures_are_those_of_the_reel_side_by_side(watched: Checkout) -> None:
    pictures = logged(watched, "predictions")
    assert [step for step, _ in pictures] == [0, 1, 2, 3]
    for outputs, (_, (_, _, encoded)) in zip(recorded(watched).outputs, pictures, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(encoded), np.hstack(outputs))


def test_every_weight_has_a_histogram_in_every_epoch(watched: Checkout) -> None:
    network = load(watched.folder / "models/denoiser.keras")
    for weights in network.weights:
        steps, histograms = zip(*logged(watched, weights.path), strict=True)
        assert steps == (1, 2, 3)
        assert [histogram[:, 2].sum() for histogram in histograms] == [tf.size(weights)] * 3


def test_the_graph_holds_the_networks_layers(watched: Checkout) -> None:
    assert {"Conv2D", "Placeholder"} <= {node.op for node in read(watched).Graph().node}


def test_after_a_kill_the_curves_go_on_where_they_ended(
    went_on: tuple[Checkout, Checkout], watched: Checkout, kill: str
) -> None:
    killed, checkout = went_on
    assert [step for step, _ in logged(killed, "loss")] == [1]
    for name in (*SCORES, "predictions"):
        assert str(logged(checkout, name)) == str(logged(watched, name))
    complete = [1, 2, 3] if kill == "before the checkpoint" else [1, 3]
    assert [step for step, _ in logged(checkout, "learning_rate")] == complete


def test_another_training_takes_the_place_of_the_last_one(
    tmp_path: Path, watched: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = watched.copied(tmp_path / "project")
    (checkout.folder / "params.yaml").write_text(ON.replace("epochs: 3", "epochs: 2").replace("true}", "false}", 1))
    monkeypatch.chdir(checkout.folder)
    assert parser.main(["train", "denoiser"]) == 0
    assert [step for step, _ in logged(checkout, "loss")] == [1, 2]


@pytest.fixture
def server(watched: Checkout) -> Iterator[str]:
    """The address of a TensorBoard that shows what was logged."""
    program = [str(Path(sys.executable).with_name("tensorboard")), "--logdir", str(watched.folder / EVENTS.parent)]
    process = subprocess.Popen([*program, "--port", "0"], stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for line in process.stderr:
        if " at http://" in line:
            break
    yield line.split(" at ")[1].split()[0] + "data/"
    process.terminate()
    process.communicate()


def asked(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:
        content: bytes = answer.read()
    return content


def test_tensorboard_itself_shows_curves_pictures_histograms_and_graph(server: str, watched: Checkout) -> None:
    for _ in range(60):
        if json.loads(asked(f"{server}runs")) == ["denoiser"]:
            break
        time.sleep(1)
    points = json.loads(asked(f"{server}plugin/scalars/scalars?run=denoiser&tag=loss"))
    history = table(watched.folder / "results/denoiser/history.csv")
    assert [step for _, step, _ in points] == [1, 2, 3]
    assert [value for _, _, value in points] == pytest.approx(history["loss"], rel=1e-5)
    pictures = json.loads(asked(f"{server}plugin/images/images?run=denoiser&tag=predictions&sample=0"))
    assert [picture["step"] for picture in pictures] == [0, 1, 2, 3]
    picture = asked(f"{server}plugin/images/individualImage?{pictures[-1]['query']}")
    np.testing.assert_array_equal(tf.io.decode_png(picture), np.hstack(recorded(watched).outputs[-1]))
    tags = json.loads(asked(f"{server}plugin/histograms/tags"))["denoiser"]
    assert len(json.loads(asked(f"{server}plugin/histograms/histograms?run=denoiser&tag={min(tags)}"))) == 3
    assert b"Conv2D" in asked(f"{server}plugin/graphs/graph?run=denoiser&conceptual=false")
