import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from checkouts import Checkout
from engines import INJECTED, Accident
from looked_on import table
from PIL import Image
from werkzeug.serving import make_server

pytestmark = pytest.mark.slow

FOLDER = Path("logs/dvclive/denoiser")
Event = dict[str, Any]
SCORES = ("loss", "validation_loss", "validation_score", "test_score")


def logged(checkout: Checkout, name: str) -> dict[str, list[float]]:
    return table(checkout.folder / FOLDER / f"plots/metrics/{name}.tsv")


def test_scores_are_those_of_the_history(watched: Checkout) -> None:
    history = table(watched.folder / "results/denoiser/history.csv")
    for name in ("loss", "validation_loss", "validation_score"):
        assert logged(watched, name)["step"] == [1, 2, 3]
        assert logged(watched, name)[name] == pytest.approx(history[name], rel=1e-5)
    assert logged(watched, "test_score")["step"] == [0, 1, 2, 3]
    speeds = table(watched.folder / "logs/train/denoiser.csv")["examples_per_second"]
    assert logged(watched, "examples_per_second")["examples_per_second"] == pytest.approx(speeds, rel=1e-5)


def test_the_picture_shows_the_reels_images_side_by_side(watched: Checkout) -> None:
    with Image.open(watched.folder / FOLDER / "plots/images/predictions.png") as picture:
        assert (picture.size, picture.mode) == ((80, 8), "L")


def test_after_a_kill_nothing_is_missing_and_nothing_doubled(
    went_on: tuple[Checkout, Checkout], watched: Checkout
) -> None:
    killed, checkout = went_on
    assert logged(killed, "loss")["step"] == [1]
    for name in SCORES:
        assert logged(checkout, name) == logged(watched, name)
    assert logged(checkout, "examples_per_second")["step"] == [1, 2, 3]
    assert json.loads((checkout.folder / FOLDER / "metrics.json").read_text())["step"] == 3


@pytest.fixture(scope="module")
def studio() -> Iterator[tuple[dict[str, str], list[Event]]]:
    """A server in the place of Studio: what makes programs talk to it, and the events that it was sent."""
    application = flask.Flask("studio")
    events: list[Event] = []

    @application.post("/api/live")
    def live() -> str:
        assert flask.request.headers["Authorization"] == "token secret"
        events.append(flask.request.get_json())
        return ""

    server = make_server("127.0.0.1", 0, application)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.port}"
    yield {"DVC_STUDIO_URL": url, "DVC_STUDIO_TOKEN": "secret", "DVC_STUDIO_REPO_URL": "git@example.org:a/b"}, events
    server.shutdown()
    thread.join()
    server.server_close()


def steps(events: list[Event]) -> list[int]:
    """Return the steps of those events that bring points of the curve of losses."""
    curves = [event["plots"].get(f"{FOLDER}/plots/metrics/loss.tsv") for event in events if "plots" in event]
    return [point["step"] for curve in curves for point in curve["data"]]


@pytest.fixture(scope="module")
def followed(
    tmp_path_factory: pytest.TempPathFactory, waiting: Checkout, studio: tuple[dict[str, str], list[Event]]
) -> tuple[Checkout, list[Event]]:
    """A checkout in which DVC trains while `dvc` shows its third epoch and Studio is told, and what Studio heard."""
    environment, events = studio
    folder = waiting.copied(tmp_path_factory.mktemp("followed") / "project").folder
    show = "dvc exp show --json > shown.json; dvc plots diff --json --out plots > plots.json"
    accident = Accident("train", "tempfile.mkstemp", ".denoiser.npz.", 3, show)
    path = f"{folder / 'src'}:{INJECTED}"
    checkout = Checkout(folder, PYTHONPATH=path, SHOWREEL_FAULT=json.dumps(vars(accident)), **environment)
    checkout.run("dvc", "repro", "train@denoiser")
    return checkout, list(events)


def test_dvc_shows_a_training_while_it_runs(followed: tuple[Checkout, list[Event]]) -> None:
    checkout, _ = followed
    workspace = json.loads((checkout.folder / "shown.json").read_text())[0]
    metrics = workspace["data"]["metrics"][f"{FOLDER}/metrics.json"]["data"]
    assert (workspace["rev"], metrics["step"]) == ("workspace", 2)
    assert metrics["loss"] == logged(checkout, "loss")["loss"][1]
    plots = json.loads((checkout.folder / "plots.json").read_text())["data"]
    values = plots[f"{FOLDER}/plots/metrics/loss.tsv"][0]["content"]["data"]["values"]
    assert [row["step"] for row in values] == ["1", "2"]
    assert f"{FOLDER}/plots/images/predictions.png" in plots


def test_studio_is_told_of_start_every_epoch_and_end(followed: tuple[Checkout, list[Event]]) -> None:
    _, events = followed
    assert [event["type"] for event in (events[0], events[-1])] == ["start", "done"]
    assert {(event["name"], event["client"]) for event in events} == {("denoiser", "dvclive")}
    assert steps(events) == [1, 2, 3]
    pictures = [event["plots"].get(f"{FOLDER}/plots/images/predictions.png") for event in events if "plots" in event]
    assert len([picture for picture in pictures if picture]) == 3
    assert events[1]["metrics"][f"{FOLDER}/metrics.json"]["data"]["step"] == 1


@pytest.mark.faults
def test_an_experiment_of_dvc_is_followed_under_its_own_name_and_keeps_its_curves(
    tmp_path: Path, waiting: Checkout, studio: tuple[dict[str, str], list[Event]]
) -> None:
    environment, events = studio
    events.clear()
    checkout = Checkout(waiting.copied(tmp_path / "project").folder, **environment)
    checkout.run("dvc", "exp", "run", "--name", "narrow", "-S", "training.epochs=2", "evaluate@denoiser")
    assert [(event["type"], event["client"]) for event in (events[0], events[-1])] == [
        ("start", "dvc"),
        ("done", "dvc"),
    ]
    assert {event["name"] for event in events} == {"narrow"}
    assert steps(events) == [1, 2]
    shown = json.loads(checkout.run("dvc", "exp", "show", "--json"))
    (experiment,) = shown[1]["experiments"]
    assert experiment["name"] == "narrow"
    assert experiment["revs"][0]["data"]["metrics"][f"{FOLDER}/metrics.json"]["data"]["step"] == 2
