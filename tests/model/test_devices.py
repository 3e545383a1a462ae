"""A device is chosen as asked, or refused with a sentence that says what there is."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

from mirage_core.model import devices
from mirage_core.model.devices import (
    DeviceError,
    arithmetic,
    autocast_dtype,
    available_devices,
    choose_device,
    device_title,
    release_cache,
    to_device,
)

CPU = torch.device("cpu")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@pytest.fixture
def computer(monkeypatch):
    def has(n_cuda: int = 0, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: n_cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n_cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


@pytest.mark.parametrize(
    ("n_cuda", "mps", "expected"),
    [(2, True, "cuda:0"), (1, False, "cuda:0"), (0, True, "mps"), (0, False, "cpu")],
)
def test_by_itself_the_fastest_kind_is_chosen(computer, n_cuda, mps, expected):
    computer(n_cuda, mps)
    assert choose_device() == torch.device(expected)
    assert choose_device("auto") == torch.device(expected)


@pytest.mark.parametrize(("n_cuda", "expected"), [(2, "cuda:0"), (0, "mps")])
def test_any_graphics_card_is_the_fastest_there_is(computer, n_cuda, expected):
    computer(n_cuda, mps=True)
    assert str(choose_device("gpu")) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("cuda", "cuda:0"), ("cuda:1", "cuda:1"), ("mps", "mps"), ("cpu", "cpu"), ("cpu:0", "cpu")],
)
def test_what_is_asked_for_is_taken(computer, wanted, expected):
    computer(2, mps=True)
    assert str(choose_device(wanted)) == expected


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("cuda", "There is no CUDA device here. Use auto or one of: cpu."),
        ("cuda:1", "There is no CUDA device here. Use auto or one of: cpu."),
        ("mps", "There is no MPS device here. Use auto or one of: cpu."),
        ("gpu", "There is no graphics card here that models can run on. Use the CPU."),
        ("tpu", "'tpu' is no device. Use auto or one of: cpu."),
        ("", "'' is no device. Use auto or one of: cpu."),
        ("CUDA", "'CUDA' is no device. Use auto or one of: cpu."),
    ],
)
def test_without_a_card_the_refusal_names_the_cpu(computer, wanted, sentence):
    computer()
    with pytest.raises(DeviceError) as refused:
        choose_device(wanted)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("cuda:2", "There is no device cuda:2 here. Use one of: cuda:0, cuda:1, cpu."),
        ("mps", "There is no MPS device here. Use auto or one of: cuda:0, cuda:1, cpu."),
        ("cpu:1", "There is no device cpu:1 here. Use one of: cuda:0, cuda:1, cpu."),
    ],
)  # fmt: skip
def test_with_cards_the_refusal_names_them(computer, wanted, sentence):
    computer(2)
    with pytest.raises(DeviceError) as refused:
        choose_device(wanted)
    assert str(refused.value) == sentence


def test_every_device_there_is_can_be_chosen_by_its_name():
    assert available_devices()[-1] == "cpu"
    for name in available_devices():
        assert str(choose_device(name)) == name
        assert device_title(choose_device(name))


@pytest.mark.parametrize(("has_bf16", "dtype"), [(True, torch.bfloat16), (False, torch.float16)])
def test_half_precision_on_cuda_is_bfloat16_where_the_card_has_it(monkeypatch, has_bf16, dtype):
    def supported(including_emulation: bool) -> bool:
        return has_bf16 or including_emulation

    monkeypatch.setattr(torch.cuda, "device", nullcontext)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert autocast_dtype(torch.device("cuda", 0)) is dtype


def test_there_is_no_half_precision_on_the_cpu_and_on_mps():
    assert autocast_dtype(CPU) is None
    assert autocast_dtype(torch.device("mps")) is None


def test_exact_arithmetic_on_cuda_rounds_nothing_to_tf32_and_leaves_no_trace():
    convolutions, products = torch.backends.cudnn, torch.backends.cuda.matmul
    before = convolutions.allow_tf32, products.allow_tf32
    assert before[0]

    def fail_halfway() -> None:
        with arithmetic(torch.device("cuda"), fast=False):
            assert not convolutions.allow_tf32
            assert not products.allow_tf32
            raise KeyError

    with pytest.raises(KeyError):
        fail_halfway()
    assert (convolutions.allow_tf32, products.allow_tf32) == before


@pytest.mark.parametrize("fast", [True, False])
def test_arithmetic_on_the_cpu_is_float32_either_way(fast):
    a = torch.full((4, 4), 1 / 3)
    with arithmetic(CPU, fast):
        assert (a @ a).dtype is torch.float32
        assert not torch.is_autocast_enabled("cpu")


def test_on_the_cpu_nothing_is_copied_and_nothing_needs_releasing():
    tensor = torch.arange(6)
    assert to_device(tensor, CPU) is tensor
    release_cache(CPU)


@needs_cuda
def test_data_goes_to_the_card_whole():
    device = choose_device("cuda")
    tensor = torch.rand(64, 1, 128, 128)
    assert torch.equal(to_device(tensor, device).cpu(), tensor)


@needs_cuda
def test_the_peak_on_a_card_is_what_was_taken_on_top():
    device = choose_device("cuda")
    kept = torch.zeros(2**20, device=device)
    with devices.measured_peak(device) as peak:
        taken = torch.zeros(2**22, device=device)
        del taken
    assert 2**24 <= peak[0] < 2**25
    assert devices.free_bytes(device) > kept.nbytes
