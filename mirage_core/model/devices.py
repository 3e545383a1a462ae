"""Which device a model runs on, how it computes there, and how data gets to it."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from mirage_core.model.errors import DeviceError
from mirage_core.model.freed_memory import give_back_freed

_DEVICE = re.compile(r"(cpu|mps|cuda)(?::(\d+))?")


def available_devices() -> tuple[str, ...]:
    """Return the devices of this computer, the fastest kind first and the CPU last."""
    n_cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    cuda = [f"cuda:{i}" for i in range(n_cuda)]
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return (*cuda, *mps, "cpu")


def choose_device(wanted: str = "auto") -> torch.device:
    """Return the device to run on.

    Parameters
    ----------
    wanted : str
        ``auto`` for the first of CUDA, MPS and CPU that is there; ``gpu`` for the first but the
        CPU; ``cuda`` (the first one), ``cuda:1``, ``mps`` or ``cpu``.

    Raises
    ------
    DeviceError
        If this computer has no such device, or the word names none.
    """
    there = available_devices()
    if wanted == "gpu" and there == ("cpu",):
        raise DeviceError("There is no graphics card here that models can run on.", "Use the CPU.")
    if wanted in ("auto", "gpu"):
        return torch.device(there[0])
    match = _DEVICE.fullmatch(wanted)
    if match is None:
        raise DeviceError(f"{wanted!r} is no device.", f"Use auto or one of: {', '.join(there)}.")
    kind, number = match[1], match[2] or "0"
    name = f"cuda:{number}" if kind == "cuda" else kind
    if name in there and (kind == "cuda" or number == "0"):
        return torch.device(name)
    of_kind = [device for device in there if device.startswith(kind)]
    if of_kind:
        raise DeviceError(f"There is no device {wanted} here.", f"Use one of: {', '.join(there)}.")
    raise DeviceError(
        f"There is no {kind.upper()} device here.", f"Use auto or one of: {', '.join(there)}."
    )


def device_title(device: torch.device) -> str:
    """Return what a user calls `device`: the name of the card, or the kind of processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return {"mps": "Apple GPU", "cpu": "CPU"}[device.type]


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Return the half precision to compute in on `device`, None where it brings nothing.

    bfloat16 on CUDA cards that have it, else float16; none on MPS and on the CPU.
    """
    if device.type != "cuda":
        return None
    with torch.cuda.device(device):
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if has_bf16 else torch.float16


@contextmanager
def arithmetic(device: torch.device, fast: bool) -> Iterator[None]:
    """Compute in half precision on `device` if `fast` and it has one, else in true float32.

    Without it convolutions on CUDA cards round float32 to TF32, with 10 bits after the point.
    """
    if device.type != "cuda":
        yield
    elif fast:
        with torch.autocast("cuda", dtype=autocast_dtype(device)):
            yield
    else:
        convolutions, products = torch.backends.cudnn, torch.backends.cuda.matmul
        before = convolutions.allow_tf32, products.allow_tf32
        convolutions.allow_tf32 = products.allow_tf32 = False
        try:
            yield
        finally:
            convolutions.allow_tf32, products.allow_tf32 = before


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Return `tensor` on `device`.

    To CUDA it goes through pinned memory and without waiting, so that the next batch can be
    prepared meanwhile; work queued on the device afterwards sees it whole.
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def free_bytes(device: torch.device) -> int:
    """Return how much a CUDA device can still give this process, what it caches included."""
    free, _ = torch.cuda.mem_get_info(device)
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free + cached


@contextmanager
def measured_peak(device: torch.device) -> Iterator[list[int]]:
    """Measure a CUDA device: the list given holds, afterwards, the bytes needed on top."""
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    peak: list[int] = []
    yield peak
    peak.append(torch.cuda.max_memory_allocated(device) - before)


def release_cache(device: torch.device) -> None:
    """Give back what is held of `device`'s memory but used by no tensor."""
    gc.collect()
    give_back_freed()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
