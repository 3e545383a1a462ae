"""Ways to compute a linear layer, with or without a GELU after it.

:func:`plain` is torch's own. On a CPU :func:`packed` has oneDNN's order of weights, bias and GELU
in one kernel, and is as exact; :func:`int8` quantises weights per output channel and activations
per call. Both need operators that not every build of torch and not every processor has, so each
is tried once on a small layer: :func:`packed_works`, :func:`int8_works`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

Linear = Callable[[Tensor], Tensor]
"""From float ``(n, in)`` to float ``(n, out)``."""
Maker = Callable[[nn.Linear, bool], Linear]
"""Prepares a layer; the flag asks for a GELU (erf) after it."""

_ROUND = 12582912.0
"""1.5 * 2**23: adding it leaves a float's nearest whole number in its lowest bits."""
_LEVELS = 255
_LARGEST_INT8 = 127


def plain(layer: nn.Linear, gelu: bool) -> Linear:
    """Return `layer` as torch computes it."""
    if not gelu:
        return layer
    return lambda x: functional.gelu(layer(x))


def packed(layer: nn.Linear, gelu: bool) -> Linear:
    """Return `layer` in float32 by oneDNN, with its weights in oneDNN's own order."""
    weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), None)
    bias = None if layer.bias is None else layer.bias.detach()
    attr, algorithm = ("gelu", "none") if gelu else ("none", "")

    def run(x: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, attr, [], algorithm)

    return run


def int8(layer: nn.Linear, gelu: bool) -> Linear:
    """Return `layer` in 8-bit integers, its result in float32.

    Weights are symmetric, one scale per output; activations are unsigned, with one scale and
    zero point for each call.
    """
    weight = layer.weight.detach().float()
    scale = weight.abs().amax(dim=1).clamp(min=torch.finfo(torch.float32).tiny) / _LARGEST_INT8
    whole = torch.round(weight / scale[:, None]).to(torch.int8)
    prepacked = torch.ops.onednn.qlinear_prepack(whole, None)
    zeros = torch.zeros(len(scale), dtype=torch.int32)
    bias = None if layer.bias is None else layer.bias.detach().float()
    post, algorithm = ("gelu", "none") if gelu else ("none", "")

    def run(x: Tensor) -> Tensor:
        q, step, zero = quantised(x)
        return torch.ops.onednn.qlinear_pointwise(
            q, step, zero, prepacked, scale, zeros, bias, 1.0, 0, torch.float32, post, [], algorithm
        )

    return run


def quantised(x: Tensor) -> tuple[Tensor, float, int]:
    """Return uint8 whole numbers ``q``, a step and a zero: ``x`` is about ``(q - zero) * step``."""
    low, high = (float(v) for v in torch.aminmax(x))
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / _LEVELS or 1.0
    zero = round(-low / step)
    # One pass scales and rounds; the whole number then stands in the float's lowest byte.
    shifted = torch.add(torch.tensor(_ROUND + zero), x, alpha=1 / step)
    return shifted.view(torch.int32).to(torch.uint8), step, zero


def choose_maker(device: torch.device, fast: bool) -> tuple[Maker, tuple[str, ...]]:
    """Return how to compute linear layers on `device`, and what the user should know of it."""
    if device.type != "cpu":
        if not fast or device.type == "cuda":
            return plain, ()
        return plain, (
            f"Nothing quicker is known for {device.type.upper()}: fast computes as exact does.",
        )
    if fast and int8_works():
        return int8, ()
    remarks = (
        "This processor or build of torch has no quick 8-bit layers: fast only leaves out the "
        "background.",
    )
    return packed if packed_works() else plain, remarks if fast else ()


@cache
def packed_works() -> bool:
    """Return whether :func:`packed` computes here, and rightly."""
    return _works(packed, 1e-4)


@cache
def int8_works() -> bool:
    """Return whether :func:`int8` computes here, and rightly, on hardware made for it."""
    return torch.cpu._is_vnni_supported() and _works(int8, 0.05)


def _works(maker: Maker, tolerance: float) -> bool:
    generator = torch.Generator().manual_seed(0)
    layer = nn.Linear(64, 32)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(32, 64, generator=generator) / 8)
        layer.bias.copy_(torch.randn(32, generator=generator))
    x = torch.randn(16, 64, generator=generator)
    with torch.inference_mode():
        expected = functional.gelu(layer(x))
        try:
            found = maker(layer, True)(x)
        # Builds without the operator say so in different ways.
        except (RuntimeError, AttributeError, NotImplementedError):
            return False
        return bool((found - expected).abs().max() < tolerance)
