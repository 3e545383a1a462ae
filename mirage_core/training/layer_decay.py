"""Layer-wise learning rates and weight decay by the names MIRAGE gives its parameters.

The helper of timm does not fit: without a ``group_matcher`` on the model it only warns that
all rates stay equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.optim import Optimizer

_BLOCK = re.compile(r"(?:^|\.)encoder\.(\d+)\.")
_STEM = re.compile(r"(?:^|\.)(?:input_adapters|global_tokens)(?:\.|$)")
_UNDECAYED = frozenset({"global_tokens", "pos_emb"})


def layer_scales(names: Iterable[str], layer_decay: float = 0.75) -> dict[str, float]:
    """Return by how much each parameter's learning rate is scaled.

    Input adapters and global tokens are layer 0, block ``i`` of the encoder is layer ``i + 1``
    and all the rest (heads, final norm) layer ``L + 1`` of ``L`` blocks. Layer ``k`` learns at
    ``layer_decay ** (L + 1 - k)`` of the base rate.

    Parameters
    ----------
    names : iterable of str
        All parameters of a model, with or without a prefix such as ``model.``.
    layer_decay : float
        1 makes all rates equal.

    Raises
    ------
    ValueError
        If no name belongs to a block ``encoder.<i>.``: the depth would be a guess.
    """
    names = list(names)
    blocks = [int(found[1]) for name in names if (found := _BLOCK.search(name))]
    if not blocks:
        raise ValueError(
            "no parameter is called encoder.<i>.…, so the layers of this model are unknown; "
            "train it with layer_decay=1"
        )
    last = max(blocks) + 2
    return {name: layer_decay ** (last - _layer(name, last)) for name in names}


def parameter_groups(
    model: nn.Module,
    *,
    lr: float,
    weight_decay: float = 0.05,
    layer_decay: float = 0.75,
) -> list[dict[str, Any]]:
    """Return the groups of `model`'s trainable parameters, as optimisers of torch take them.

    Biases, norms and everything else with one axis, global tokens and tables of positions are
    not decayed. Each group has the keys ``params``, ``lr``, ``lr_scale`` and ``weight_decay``.
    Frozen parameters are in no group.

    Parameters
    ----------
    model : torch.nn.Module
    lr : float
        Base rate, the head's.
    weight_decay : float
    layer_decay : float
        1 makes all rates equal, and needs no names of blocks.

    Raises
    ------
    ValueError
        If nothing is trainable, or `layer_decay` is not 1 and no parameter is called
        ``encoder.<i>.…``.
    """
    parameters = dict(model.named_parameters())
    # Over all names: a frozen block still takes its place among the layers.
    scales = dict.fromkeys(parameters, 1.0)
    if layer_decay != 1:
        scales = layer_scales(parameters, layer_decay)
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for name, parameter in parameters.items():
        if not parameter.requires_grad:
            continue
        decay = weight_decay if _is_decayed(name, parameter) else 0.0
        scale = scales[name]
        group = groups.setdefault(
            (scale, decay),
            {"params": [], "lr": lr * scale, "lr_scale": scale, "weight_decay": decay},
        )
        group["params"].append(parameter)
    if not groups:
        raise ValueError("every parameter of this model is frozen; there is nothing to train")
    return list(groups.values())


def set_learning_rate(optimizer: Optimizer, lr: float) -> None:
    """Set the base rate of `optimizer`; every group gets its ``lr_scale`` of it, 1 without one."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group.get("lr_scale", 1.0)


def _layer(name: str, last: int) -> int:
    block = _BLOCK.search(name)
    if block:
        return int(block[1]) + 1
    return 0 if _STEM.search(name) else last


def _is_decayed(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim > 1 and name.rpartition(".")[2] not in _UNDECAYED
