"""Where samples come from: simulated eyes, and real B-scans beside the checkout."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mirage_core.engines import EngineInput, make_engine
from mirage_core.scan import FLUID_SCHEME, Spacing
from mirage_core.simulate.source import random_b_scans
from mirage_core.training.starter.samples import SURFACES, Samples, collected, sample

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

PER_EYE = 16
_SURE = 0.6
"""Confidence of the graph engine from which its surfaces are learnt."""
_OUTLINED = {1: "IRF", 3: "SRF", 4: "DRUSEN", 5: "SHRM"}
"""Values of kermany_lesions' masks, and what they are here."""
KERMANY_LESIONS = tuple(_OUTLINED.values())
HELD_OUT = 3
"""One patient of so many of kermany_lesions is never trained on."""
_SPLIT = "4"
"""Chosen so that patients with each lesion are on both sides, before anything was trained."""


def simulated(eyes: range, workers: int = 2) -> Samples:
    """Return :data:`PER_EYE` B-scans of each of `eyes`, which are seeds."""
    chunks = [eyes[i::workers] for i in range(workers)]
    # Forked processes would share what torch's threads hold.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return joined(list(pool.map(_eyes, chunks)))


def _eyes(seeds: range) -> Samples:
    return collected(
        [
            sample(b.image, b.surfaces, b.labels)
            for seed in seeds
            for b in random_b_scans(seed, PER_EYE)
        ]
    )


def joined(parts: list[Samples]) -> Samples:
    """Return all samples of `parts`."""
    return Samples(
        np.concatenate([p.images for p in parts]),
        np.concatenate([p.surfaces for p in parts]),
        np.concatenate([p.lesions for p in parts]),
        np.concatenate([p.known for p in parts]),
    )


def is_held_out(patient: str) -> bool:
    """Return whether a patient of kermany_lesions is kept for judging."""
    return hashlib.sha256(f"{_SPLIT}:{patient}".encode()).digest()[0] % HELD_OUT == 0


def kermany(folder: Path, held_out: bool) -> Iterator[tuple[str, U8, U8]]:
    """Give name, image and lesions (values of FLUID_SCHEME) of B-scans of kermany_lesions.

    Parameters
    ----------
    folder : Path
    held_out : bool
        Those of the patients that are kept for judging, or the others.
    """
    table = np.zeros(256, np.uint8)
    for value, name in _OUTLINED.items():
        table[value] = FLUID_SCHEME.by_name(name).value
    for path in sorted(folder.glob("*.png")):
        found = re.fullmatch(r"([A-Z]+)-(\d+)-(\d+)", path.stem)
        if found is None or is_held_out(found[2]) is not held_out:
            continue
        image = np.asarray(Image.open(path).convert("L"))
        mask = np.asarray(Image.open(path.with_name(f"{path.stem}_mask.png")))
        yield path.stem, image, table[mask]


def graph_surfaces(b_scans: U8) -> F32:
    """Return what the graph engine is sure of on ``[n, z, x]``: ``[n, 12, x]``, NaN elsewhere."""
    every = tuple(range(len(b_scans)))
    found = make_engine("graph").segment(EngineInput(b_scans, every, Spacing()))
    curves = np.full((len(b_scans), len(SURFACES), b_scans.shape[2]), np.nan, np.float32)
    sure = np.where(found.confidence >= _SURE, found.surfaces.values, np.nan)
    for name, values in zip(found.surfaces.names, sure, strict=True):
        curves[:, SURFACES.index(name)] = values
    return curves


def real_samples(folder: Path) -> Samples:
    """Return the B-scans of kermany_lesions that may be trained on."""
    return collected(
        [
            sample(image, graph_surfaces(image[None])[0], labels, KERMANY_LESIONS)
            for _, image, labels in kermany(folder / "kermany_lesions", held_out=False)
        ]
    )
