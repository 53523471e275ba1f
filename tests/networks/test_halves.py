import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest.mock import patch

import keras
import numpy as np
import pytest
import tensorflow as tf

from showreel.models import unet
from showreel.training import device, halves, network_file

SHAPE = (9, 9, 1)


def network(*, halved: bool) -> keras.Model:
    keras.utils.set_random_seed(1)
    built = unet.build(SHAPE, SHAPE, depth=1, filters=4)
    return halves.halve(built) if halved else built


def images(count: int, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE), np.uint8)


@pytest.mark.parametrize("count", [1, 2, 5, 32])  # in batches of 4
def test_in_halves_a_network_learns_what_it_learns_from_whole_batches(count: int) -> None:
    pairs = images(count), np.float32(images(count, seed=1) / 255)
    trained = []
    for one in (network(halved=False), network(halved=True)):
        one.compile(keras.optimizers.Adam(0.01), "mean_squared_error")
        history = one.fit(
            tf.data.Dataset.from_tensor_slices(pairs).batch(4).repeat(5), shuffle=False, verbose=0
        ).history
        assert list(history) == ["loss"]
        trained.append([np.array(history["loss"]), *one.get_weights()])
    for whole, halved in zip(*trained, strict=True):
        np.testing.assert_allclose(halved, whole, atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_predictions_in_halves_come_in_the_order_of_the_images(count: int) -> None:
    whole, halved = network(halved=False), network(halved=True)
    for one in (whole, halved):
        one.set_weights([np.full_like(values, 0.01) for values in one.get_weights()])
    given = tf.data.Dataset.from_tensors(images(count))
    expected = whole.predict(given, verbose=0)
    assert len(np.unique(expected.mean(axis=(1, 2, 3)))) == count
    np.testing.assert_allclose(halved.predict(given, verbose=0), expected, atol=1e-5)


def test_a_file_does_not_tell_how_its_network_was_trained(tmp_path: Path) -> None:
    paths = tmp_path / "whole.keras", tmp_path / "halved.keras"
    network_file.save(network(halved=False), paths[0], "{}")
    network_file.save(network(halved=True), paths[1], "{}")
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core only")
def test_two_cores_get_an_operation_each_unless_somebody_chose_otherwise() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(_asked, begun=False).result() == [(False, 0, 0)] * 3 + [(True, 2, 1)]


@pytest.mark.slow
def test_once_tensorflow_computes_it_keeps_its_threads() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(_asked, begun=True).result() == [(False, 0, 0)] * 4


def _asked(*, begun: bool) -> list[tuple[bool, int, int]]:
    """Ask on one core, where either number of threads is chosen, and on two cores, perhaps after TensorFlow computed.

    In a process of its own, since TensorFlow takes its threads once. Return each answer and the threads that it takes.
    """
    for name in halves.THREADS:
        os.environ.pop(name, None)
    cores = sorted(os.sched_getaffinity(0))
    if begun:
        tf.constant(1)
    os.sched_setaffinity(0, cores[:1])
    answers = [_answer()]
    os.sched_setaffinity(0, cores[:2])
    for name in halves.THREADS:
        with patch.dict(os.environ, {name: "1"}):
            answers.append(_answer())
    return [*answers, _answer()]


def _answer() -> tuple[bool, int, int]:
    threading = tf.config.threading
    answer = halves.one_core_each()
    return answer, threading.get_inter_op_parallelism_threads(), threading.get_intra_op_parallelism_threads()


def test_a_gpu_gets_whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "gpus", lambda: ["a GPU"])
    assert not halves.one_core_each()
