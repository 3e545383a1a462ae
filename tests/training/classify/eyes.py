"""Small labelled pictures, and a tiny model to teach with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from mirage_core.model.spec import BSCAN, SLO, ModelSpec, mirage_spec
from mirage_core.model.store.store import ModelStore, StoredModel
from mirage_core.scan import ArrayPixels, Scan
from mirage_core.training.classify.config import ClassifyConfig, preset
from mirage_core.training.classify.examples import ClassData, Example
from tests.training.finetune.lessons import stored

SIDE = 64
HEIGHT, WIDTH = 60, 72
LABELS = ("dark", "bright")


def picture(kind: int, seed: int, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """Return a noisy band; of kind 1 there is a bright square above it, of kind 2 a hole in it."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    image = np.where(abs(rows - 0.7 * shape[0]) < 5, 120.0, 30.0)
    x, z = int(rng.integers(8, shape[1] - 24)), int(rng.integers(4, 14))
    if kind == 1:
        image[z : z + 14, x : x + 16] = 250
    if kind == 2:
        image[(rows > 0.6 * shape[0]) & (abs(columns - x) < 10)] = 0
    return np.clip(image + rng.normal(0, 6, shape), 0, 255).astype(np.uint8)


def scan_of(kinds: tuple[int, ...], seed: int, *, slo: bool = False) -> Scan:
    """Return a scan whose B-scans are of `kinds`."""
    pixels = np.stack([picture(kind, 100 * seed + b) for b, kind in enumerate(kinds)])
    image = np.random.default_rng(seed).integers(0, 255, (80, 80), np.uint8) if slo else None
    return Scan(ArrayPixels(pixels), slo=image)


def data(
    n: int = 24, *, per_patient: int = 2, kinds: int = 2, slo: bool = False, **fields: object
) -> ClassData:
    """Return `n` pictures of two or three kinds in turn, so many of each patient."""
    examples = []
    for i in range(n):
        patient = i // per_patient
        kind = patient % kinds
        scan = scan_of((kind,), i, slo=slo)
        examples.append(Example(scan, (0,), (kind,), f"P{patient}", **fields))
    return ClassData(tuple(examples), (*LABELS, "holed")[:kinds])


def volumes(n: int = 16, n_b_scans: int = 5) -> ClassData:
    """Return volumes; of every other one a single B-scan is bright."""
    examples = []
    for i in range(n):
        kinds = [0] * n_b_scans
        if i % 2:
            kinds[i % n_b_scans] = 1
        scan = scan_of(tuple(kinds), i)
        examples.append(Example(scan, tuple(range(n_b_scans)), (i % 2,), f"P{i}"))
    return ClassData(tuple(examples), LABELS)


def findings(n: int = 24) -> ClassData:
    """Return pictures with a square, a hole, both or neither, and both findings as labels."""
    examples = []
    for i in range(n):
        holds = (i % 2 == 1, i % 4 >= 2)
        image = picture(1 if holds[0] else 0, i)
        if holds[1]:
            image = np.minimum(image, picture(2, i) + np.where(image > 200, 255, 0)).astype(
                np.uint8
            )
        classes = tuple(k for k, held in enumerate(holds) if held)
        examples.append(Example(Scan(ArrayPixels(image[None])), (0,), classes, f"P{i}"))
    return ClassData(tuple(examples), ("square", "hole"), multi_label=True)


def tiny_spec(*, slo: bool = False) -> ModelSpec:
    """Return a tiny encoder."""
    domains = (BSCAN, SLO) if slo else (BSCAN,)
    small = tuple(d.model_copy(update={"size": (SIDE, SIDE), "patch": 16}) for d in domains)
    return mirage_spec("tiny", small)


def base(folder: Path, *, slo: bool = False) -> tuple[ModelStore, StoredModel]:
    """Return a store with a tiny encoder of random weights, called ``base``."""
    return stored(folder, tiny_spec(slo=slo))


def quick(name: str = "probe", **fields: object) -> ClassifyConfig:
    """Return short settings."""
    few: dict[str, object] = {"strengths": (0.3, 0.03), "folds": 3, "cache_disk_bytes": 0}
    return preset(name).changed(**few | fields)


def write_folder(root: Path, counts: dict[str, dict[str, int]]) -> Path:
    """Write a class folder: by part and class, so many pictures, two of each patient."""
    for part, classes in counts.items():
        for name, n in classes.items():
            folder = root / part / name
            folder.mkdir(parents=True)
            for i in range(n):
                seed = sum(map(ord, part + name)) * 100 + i
                image = picture(LABELS.index(name), seed)
                Image.fromarray(image).save(folder / f"{name}-{part}{name}{i // 2}-{i}.png")
    return root
