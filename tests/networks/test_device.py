import pytest

from showreel.training import device

CONFIG = "showreel.training.device.tf.config"


@pytest.mark.parametrize(("precision", "policy"), [("bfloat16", "mixed_bfloat16"), ("float32", "float32")])
def test_a_chosen_precision_is_taken(precision: device.Precision, policy: str) -> None:
    assert device.dtype_policy(precision) == policy


@pytest.mark.parametrize(
    ("flags", "policy"),
    [
        ("fpu avx2 amx_bf16", "mixed_bfloat16"),
        ("avx512_bf16", "mixed_bfloat16"),
        ("fpu avx512f", "float32"),
        ("", "float32"),
    ],
)
def test_auto_takes_bfloat16_where_the_processor_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, flags: str, policy: str
) -> None:
    monkeypatch.setattr(f"{CONFIG}.list_physical_devices", lambda kind: [])
    monkeypatch.setattr(device, "_processor", lambda field: flags)
    assert device.dtype_policy("auto") == policy


@pytest.mark.parametrize(("capability", "policy"), [((9, 0), "mixed_bfloat16"), ((7, 5), "float32"), (None, "float32")])
def test_auto_asks_a_gpu_for_its_compute_capability(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int] | None, policy: str
) -> None:
    details = {"device_name": "a GPU"} | ({"compute_capability": capability} if capability else {})
    grown: list[bool] = []
    monkeypatch.setattr(f"{CONFIG}.list_physical_devices", lambda kind: ["gpu:0"])
    monkeypatch.setattr(f"{CONFIG}.experimental.get_device_details", lambda gpu: details)
    monkeypatch.setattr(f"{CONFIG}.experimental.set_memory_growth", lambda gpu, on: grown.append(on))
    assert device.dtype_policy("auto") == policy
    with device.claimed(alone=True) as name:
        assert (name, grown) == ("a GPU", [True])


def test_this_machine_has_a_name() -> None:
    with device.claimed(alone=True) as name:
        assert name


@pytest.mark.parametrize(("variable", "names"), [("", ["0", "1"]), ("3, 1", ["3", "1"])])
def test_gpus_are_called_as_the_machine_does(monkeypatch: pytest.MonkeyPatch, variable: str, names: list[str]) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert device._numbers(2) == names
