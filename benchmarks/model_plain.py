"""The graph of Base with a ConvNeXt head, written plainly: the peer of the inference benchmark.

Eager float32, with PyTorch's fused attention, straight from the tensors of a state dict; logits of
all classes at the size of the image, then their argmax.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as fn

EPS = 1e-6


class Plain:
    """Segments ``(B, 1, H, W)`` with the weights of `state`, heads of 64 channels."""

    def __init__(self, state: dict[str, Tensor], depth: int, blocks: int) -> None:
        self.s, self.depth, self.blocks = state, depth, blocks

    def linear(self, x: Tensor, name: str) -> Tensor:
        """Return the output of one linear layer."""
        return fn.linear(x, self.s[f"{name}.weight"], self.s[f"{name}.bias"])

    def norm(self, x: Tensor, name: str) -> Tensor:
        """Return the output of one layer normalisation."""
        return fn.layer_norm(x, x.shape[-1:], self.s[f"{name}.weight"], self.s[f"{name}.bias"], EPS)

    def encode(self, image: Tensor) -> Tensor:
        """Return tokens ``(B, N + 1, D)``."""
        s, at = self.s, "input_adapters.bscan."
        x = fn.conv2d(image, s[f"{at}proj.weight"], s[f"{at}proj.bias"], stride=32)
        x = (x + s[f"{at}pos_emb"]).flatten(2).transpose(1, 2)
        x = torch.cat([x, s["global_tokens"].expand(len(x), -1, -1)], dim=1)
        for i in range(self.depth):
            x = self.block(x, f"encoder.{i}.")
        return x

    def block(self, x: Tensor, at: str) -> Tensor:
        """Return the output of one transformer block."""
        n, t, d = x.shape
        qkv = self.linear(self.norm(x, f"{at}norm1"), f"{at}attn.qkv")
        q, k, v = qkv.reshape(n, t, 3, d // 64, 64).permute(2, 0, 3, 1, 4)
        mixed = fn.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, d)
        x = x + self.linear(mixed, f"{at}attn.proj")
        hidden = fn.gelu(self.linear(self.norm(x, f"{at}norm2"), f"{at}mlp.fc1"))
        return x + self.linear(hidden, f"{at}mlp.fc2")

    def logits(self, image: Tensor) -> Tensor:
        """Return logits ``(B, K, H, W)``."""
        tokens, at = self.encode(image)[:, :-1], "output_adapters.semseg."
        gh, gw = image.shape[2] // 32, image.shape[3] // 32
        x = self.linear(tokens, f"{at}proj_dec").reshape(len(image), gh, gw, 4, 4, -1)
        x = x.permute(0, 5, 1, 3, 2, 4).reshape(len(image), -1, 4 * gh, 4 * gw)
        for i in range(self.blocks):
            name = f"{at}blocks.{i}."
            weight, bias = self.s[f"{name}dwconv.weight"], self.s[f"{name}dwconv.bias"]
            y = fn.conv2d(x, weight, bias, padding=3, groups=x.shape[1]).permute(0, 2, 3, 1)
            y = fn.gelu(self.linear(self.norm(y, f"{name}norm"), f"{name}pwconv1"))
            x = x + self.linear(y, f"{name}pwconv2").permute(0, 3, 1, 2)
        x = fn.conv2d(x, self.s[f"{at}final_layer.weight"], self.s[f"{at}final_layer.bias"])
        return fn.interpolate(x, image.shape[2:], mode="bilinear", align_corners=False)

    @torch.inference_mode()
    def classes(self, image: Tensor) -> Tensor:
        """Return the likeliest class of every pixel ``(B, H, W)``."""
        return self.logits(image).argmax(dim=1)
