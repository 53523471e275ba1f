import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from checkouts import Checkout
from engines import INJECTED, Accident
from looked_on import BEFORE_THE_SECOND_CHECKPOINT, WHILE_THE_SECOND_EPOCH_IS_LOGGED, table, train
from PIL import Image
from werkzeug.serving import make_server

pytestmark = pytest.mark.slow

FOLDER = Path("logs/dvclive/denoiser")
Event = dict[str, Any]
SCORES = ("loss", "validation_loss", "validation_psnr", "test_psnr")


def logged(checkout: Checkout, name: str) -> dict[str, list[float]]:
    return table(checkout.folder / FOLDER / f"plots/metrics/{name}.tsv")


def test_scores_are_those_of_the_history(watched: Checkout) -> None:
    history = table(watched.folder / "results/denoiser/history.csv")
    for name in ("loss", "validation_loss", "validation_psnr"):
        assert logged(watched, name)["step"] == [1, 2, 3]
        assert logged(watched, name)[name] == pytest.approx(history[name], rel=1e-5)
    assert logged(watched, "test_psnr")["step"] == [0, 1, 2, 3]
    speeds = table(watched.folder / "logs/train/denoiser.csv")["images_per_second"]
    assert logged(watched, "images_per_second")["images_per_second"] == pytest.approx(speeds, rel=1e-5)


def test_the_picture_shows_the_reels_images_side_by_side(watched: Checkout) -> None:
    with Image.open(watched.folder / FOLDER / "plots/images/predictions.png") as picture:
        assert (picture.size, picture.mode) == ((80, 8), "L")


@pytest.mark.parametrize(
    "accident", [BEFORE_THE_SECOND_CHECKPOINT, pytest.param(WHILE_THE_SECOND_EPOCH_IS_LOGGED, marks=pytest.mark.faults)]
)
def test_after_a_kill_nothing_is_missing_and_nothing_doubled(
    tmp_path: Path, waiting: Checkout, watched: Checkout, accident: Accident
) -> None:
    checkout = waiting.copied(tmp_path / "project")
    train(checkout, accident)
    assert logged(checkout, "loss")["step"] == [1]
    train(checkout)
    for name in SCORES:
        assert logged(checkout, name) == logged(watched, name)
    assert logged(checkout, "images_per_second")["step"] == [1, 2, 3]
    assert json.loads((checkout.folder / FOLDER / "metrics.json").read_text())["step"] == 3


def test_dvc_shows_a_training_while_it_runs(tmp_path: Path, waiting: Checkout) -> None:
    folder = waiting.copied(tmp_path / "project").folder
    show = "dvc exp show --json > shown.json; dvc plots diff --json --out plots > plots.json"
    accident = Accident("train", "tempfile.mkstemp", ".denoiser.npz.", 3, show)
    path = f"{folder / 'src'}:{INJECTED}"
    checkout = Checkout(folder, PYTHONPATH=path, SHOWREEL_FAULT=json.dumps(vars(accident)))
    checkout.run("dvc", "repro", "train@denoiser")
    workspace = json.loads((folder / "shown.json").read_text())[0]
    metrics = workspace["data"]["metrics"][f"{FOLDER}/metrics.json"]["data"]
    assert (workspace["rev"], metrics["step"]) == ("workspace", 2)
    assert metrics["loss"] == logged(checkout, "loss")["loss"][1]
    plots = json.loads((folder / "plots.json").read_text())["data"]
    values = plots[f"{FOLDER}/plots/metrics/loss.tsv"][0]["content"]["data"]["values"]
    assert [row["step"] for row in values] == ["1", "2"]
    assert f"{FOLDER}/plots/images/predictions.png" in plots


@pytest.fixture
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


def test_studio_is_told_of_start_every_epoch_and_end(
    tmp_path: Path, waiting: Checkout, studio: tuple[dict[str, str], list[Event]]
) -> None:
    environment, events = studio
    train(waiting.copied(tmp_path / "project"), environment=environment)
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
