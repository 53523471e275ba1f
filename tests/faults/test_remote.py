"""A remote that speaks S3, on loopback: push, pull, and an object that somebody damaged there."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from engines import History
from test_clones import assert_nothing_to_do, shared_through

pytestmark = [pytest.mark.slow, pytest.mark.faults]

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server with an empty bucket."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        while not answers(port):
            assert server.poll() is None
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_was_pushed_is_pulled_and_a_damaged_object_is_found(
    history: History, tmp_path: Path, address: str
) -> None:
    client = boto3.client("s3", endpoint_url=address)
    client.create_bucket(Bucket="showreel")
    checkout, clone = shared_through(history, tmp_path, "s3://showreel/cache")
    for one in (checkout, clone):
        one.run("dvc", "remote", "modify", "--local", "store", "endpointurl", address)
        one.run("dvc", "remote", "modify", "--local", "store", "verify", "true")
    checkout.run("dvc", "push", "--quiet")
    damaged = clone.copied(tmp_path / "damaged")

    clone.run("dvc", "pull", "--quiet", "--allow-missing")
    clone.run("showreel", "sync")
    assert_nothing_to_do(clone)
    assert clone.outputs() == history.reference()

    flip(client, "showreel", (checkout.folder / "models/denoiser.keras").stat().st_size)
    printed = damaged.run("dvc", "pull", exit_code=1)
    assert "models/denoiser.keras" in printed
    assert "models/denoiser.keras" not in damaged.outputs()
    assert "missing: models/denoiser.keras" in damaged.run("showreel", "verify", exit_code=1)
    history.engine.run(damaged, "train")
    assert damaged.outputs().items() >= history.reference("train").items()


def flip(client: Any, bucket: str, size: int) -> None:
    """Change one byte of the one object of some size."""
    (key,) = [item["Key"] for item in client.list_objects_v2(Bucket=bucket)["Contents"] if item["Size"] == size]
    content = bytearray(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    content[size // 2] ^= 1
    client.put_object(Bucket=bucket, Key=key, Body=bytes(content))
