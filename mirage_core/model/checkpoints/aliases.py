"""Weights that published files of the DPT head name twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")

_LISTED = re.compile(
    r"^(output_adapters\.\w+\.)(?:scratch\.layer_rn|act_postprocess)\.(\d+)\.(.+)$"
)


def main_name(name: str) -> str:
    """Return the name a weight is stored under here: ``scratch.layer_rn.0`` is ``layer1_rn``."""
    match = _LISTED.match(name)
    if match is None:
        return name
    at, index, rest = match.groups()
    number = int(index) + 1
    if ".scratch.layer_rn." in name:
        return f"{at}scratch.layer{number}_rn.{rest}"
    return f"{at}act_{number}_postprocess.{rest}"


def without_aliases(state: Mapping[str, T]) -> dict[str, T]:
    """Return `state` with every weight once, under its main name.

    Raises
    ------
    ValueError
        If two names of one weight hold different values.
    """
    single: dict[str, T] = {}
    for name, value in state.items():
        main = main_name(name)
        other = single.setdefault(main, value)
        if other is not value and not _same(other, value):
            raise ValueError(f"The weights {main!r} and {name!r} must be the same, and are not.")
    return single


def with_aliases(state: Mapping[str, Tensor], names: Mapping[str, object]) -> dict[str, Tensor]:
    """Return the weights of a model whose state dict has these `names`, all of them named.

    What is not in `state` under any name is left out.
    """
    found = {name: state.get(main_name(name)) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _same(a: object, b: object) -> bool:
    if not isinstance(a, Tensor) or not isinstance(b, Tensor):
        return a == b
    if a.is_meta or b.is_meta:
        return a.shape == b.shape
    return (a.data_ptr() == b.data_ptr() and a.shape == b.shape) or torch.equal(a, b)
