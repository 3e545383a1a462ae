"""Small files of weights, cards for them, and a store with a model in it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from mirage_core.model.spec import BSCAN, ClassifierSpec, Pool, mirage_spec
from mirage_core.model.store.card import ModelCard, Normalisation, Origin


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
