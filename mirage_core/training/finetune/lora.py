"""LoRA: low-rank changes of linear layers, learnt beside frozen weights and folded in at the end.

Hu et al., 2022. The product begins at zero, so that the model begins as it was.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_LAYERS = ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2", "mlp.lin1", "mlp.lin2")
"""Linear layers of a block, as timm's families call them."""


class LoraLinear(nn.Module):
    """A frozen linear layer plus ``up @ down`` of low rank.

    Parameters
    ----------
    linear : nn.Linear
    rank : int
    """

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(False)
        rank = min(rank, linear.in_features, linear.out_features)
        self.down = nn.Parameter(torch.empty(rank, linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """Return what the changed layer makes of `x`."""
        low = functional.linear(functional.linear(x, self.down), self.up)
        changed: Tensor = self.linear(x) + low
        return changed

    @torch.no_grad()
    def folded(self) -> nn.Linear:
        """Return the plain layer that does the same; this one is of no more use."""
        self.linear.weight += self.up @ self.down
        return self.linear


def add_lora(blocks: nn.Module, rank: int) -> int:
    """Put LoRA into the linear layers of all blocks within `blocks`; return how many."""
    found = [
        (name, module)
        for name, module in blocks.named_modules()
        if isinstance(module, nn.Linear) and name.endswith(_LAYERS)
    ]
    for name, module in found:
        _replace(blocks, name, LoraLinear(module, rank))
    return len(found)


def fold_lora(model: nn.Module) -> None:
    """Fold every LoRA of a model into its layers; names and shapes are then as before."""
    for name, module in [*model.named_modules()]:
        if isinstance(module, LoraLinear):
            _replace(model, name, module.folded())


def _replace(root: nn.Module, name: str, module: nn.Module) -> None:
    holder, _, last = name.rpartition(".")
    setattr(root.get_submodule(holder), last, module)
