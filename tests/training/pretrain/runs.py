"""Small data and configurations for tests of pre-training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from mirage_core.training.pretrain.config import PretrainConfig, preset
from mirage_core.training.pretrain.data import ArrayTriples

DOMAINS = ("bscan", "slo", "bscanlayermap")


def small_config(**fields: object) -> PretrainConfig:
    """Return the smallest sensible configuration: 4 tokens a domain, two steps an epoch."""
    small = {"grid": 2, "visible_tokens": 4, "batch": 4, "epochs": 3, "warmup_epochs": 1}
    return preset("tiny").changed(**small | fields)


def layered(n: int, px: int = 64, seed: int = 0) -> list[dict[str, np.ndarray]]:
    """Return samples of three bright bands at a random depth, with their map and an SLO."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:px, :px]
    samples = []
    for _ in range(n):
        top = rng.uniform(0.2, 0.5) * px + rng.uniform(-0.2, 0.2) * columns
        labels = sum((rows >= top + i * px / 8).astype(np.uint8) for i in range(3))
        noise = rng.integers(0, 20, (px, px), dtype=np.uint8)
        samples.append(
            {
                "bscan": (labels * 60).astype(np.uint8) + noise,
                "slo": (100 + 50 * np.sin(columns / 7 + rng.uniform(0, 6))).astype(np.uint8),
                "bscanlayermap": labels,
            }
        )
    return samples


def small_triples(n: int = 9) -> ArrayTriples:
    return ArrayTriples(layered(n), DOMAINS)


def write_folder(root: Path, samples: list[dict[str, np.ndarray]]) -> Path:
    """Write samples the way a user lays them out, layer maps as NPY."""
    for i, sample in enumerate(samples):
        for name, image in sample.items():
            folder = root / name
            folder.mkdir(parents=True, exist_ok=True)
            if name == "bscanlayermap":
                np.save(folder / f"eye_{i:03}.npy", image)
            else:
                Image.fromarray(image).save(folder / f"eye_{i:03}.png")
    return root
