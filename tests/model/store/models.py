"""Small files of weights, cards for them, and a store with a model in it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from mirage_core.model.spec import BSCAN, ClassifierSpec, Normalisation, Pool, mirage_spec
from mirage_core.model.store.card import ModelCard, Origin

_BOTH = ("weight", "bias")


def weights(seed: int = 0, side: int = 32) -> bytes:
    """Return a safetensors file of two tensors."""
    generator = np.random.default_rng(seed)
    return save(
        {
            "global_tokens": generator.normal(size=(1, 1, side)).astype(np.float32),
            "head.weight": generator.normal(size=(side, side)).astype(np.float16),
        }
    )


def write_weights(path: Path, seed: int = 0) -> Path:
    path.write_bytes(weights(seed))
    return path


def card(**fields: Any) -> ModelCard:
    """Return the card of a small classifier."""
    return ModelCard(
        **{
            "id": "small",
            "title": "Small classifier",
            "spec": mirage_spec(
                "tiny", (BSCAN,), classifier=ClassifierSpec(pool=Pool.GLOBAL, n_classes=2)
            ),
            "class_labels": ("normal", "AMD"),
            "normalisation": Normalisation.CLASSIFICATION,
            "origin": Origin(kind="file"),
            **fields,
        }
    )


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def encoder_weights(dim: int = 64, depth: int = 2) -> bytes:
    """Return a small MIRAGE encoder of B-scan and SLO as the hub keeps it: prefix ``model.``."""
    generator = np.random.default_rng(7)
    shapes: dict[str, tuple[int, ...]] = {"global_tokens": (1, 1, dim)}
    for domain in ("bscan", "slo"):
        shapes[f"input_adapters.{domain}.pos_emb"] = (1, dim, 16, 16)
        shapes[f"input_adapters.{domain}.proj.weight"] = (dim, 1, 32, 32)
        shapes[f"input_adapters.{domain}.proj.bias"] = (dim,)
    for i in range(depth):
        block = f"encoder.{i}"
        shapes |= {f"{block}.{norm}.{x}": (dim,) for norm in ("norm1", "norm2") for x in _BOTH}
        for name, n_out, n_in in (
            ("attn.qkv", 3 * dim, dim),
            ("attn.proj", dim, dim),
            ("mlp.fc1", 4 * dim, dim),
            ("mlp.fc2", dim, 4 * dim),
        ):
            shapes[f"{block}.{name}.weight"] = (n_out, n_in)
            shapes[f"{block}.{name}.bias"] = (n_out,)
    return save(
        {
            f"model.{name}": generator.normal(0, 0.02, shape).astype(np.float32)
            for name, shape in shapes.items()
        }
    )
