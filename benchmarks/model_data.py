"""B-scans with layers for training the stand-in, and B-scans it has not seen for judging it.

Layers come from the graph engine on real B-scans, where they lie beside the checkout, and from
the truth of simulated eyes. Real ones to train on: ``bonn_amd`` and half of the patients of
``kermany_lesions``; to judge on: ``healthy_volume``, ``nr206`` and the other patients.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from mirage_core.engines import EngineInput, make_engine
from mirage_core.model.preprocessing import prepare_image
from mirage_core.scan import Spacing
from mirage_core.scan.padding import registration_padding
from mirage_core.simulate import EyeParameters, simulate_eye
from mirage_core.simulate.parameters import HEALTHY, VendorLook

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

DATA = (
    Path(os.environ.get("MIRAGE_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
)
EDGES = ("ILM", "RNFL/GCL", "IPL/INL", "INL/OPL", "OPL/ONL", "EZ", "BM")
"""Between them lie eight classes: above, RNFL, GCL + IPL, INL, OPL, ONL, EZ to BM, below."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """B-scans as a network sees them, with their layers.

    Attributes
    ----------
    images : list of float32 arrays ``[side, side]``, 0..1
    labels : list of uint8 arrays ``[side, side]``
    """

    images: list[F32]
    labels: list[U8]

    def image(self, i: int) -> Tensor:
        """Return image `i` ``(1, 1, side, side)``."""
        return torch.from_numpy(self.images[i])[None, None]

    def label(self, i: int) -> Tensor:
        """Return labels `i` ``(1, side, side)``."""
        return torch.from_numpy(self.labels[i]).long()[None]


def network_input(image: U8, side: int) -> F32:
    """Return a B-scan as the published segmentation chain prepares it ``[side, side]``."""
    padding = registration_padding(image)
    return prepare_image(image, (side, side), "segmentation", padding if padding.any() else None)[0]


def layer_classes(curves: F32, height: int, side: int) -> U8:
    """Return the class of every pixel ``[side, side]`` from edges ``[7, x]`` in px of `height`."""
    columns = np.minimum(np.arange(side) * curves.shape[1] // side, curves.shape[1] - 1)
    edges = (np.maximum.accumulate(filled(curves), axis=0)[:, columns] + 0.5) * side / height
    rows = np.arange(side)[:, None, None] + 0.5
    return (rows > edges[None]).sum(axis=1).astype(np.uint8)


def filled(curves: F32) -> F32:
    """Return `curves` with undefined columns taken from their defined neighbours."""
    x = np.arange(curves.shape[1])
    known = [np.isfinite(c) for c in curves]
    return np.stack([np.interp(x, x[k], c[k]) for c, k in zip(curves, known, strict=True)])


def graph_curves(b_scans: U8) -> F32:
    """Return the edges ``[n, 7, x]`` that the graph engine finds in ``[n, z, x]``."""
    wanted = tuple(range(len(b_scans)))
    surfaces = make_engine("graph").segment(EngineInput(b_scans, wanted, Spacing())).surfaces
    return np.stack([surfaces[name] for name in EDGES], axis=1)


def training_set(side: int) -> Labelled:
    """Return what the stand-in is trained on: simulated eyes, and real ones where there are."""
    data = Labelled([], [])

    def add(image: U8, curves: F32) -> None:
        if np.isfinite(curves).any(axis=1).all():
            data.images.append(network_input(image, side))
            data.labels.append(layer_classes(curves, image.shape[0], side))

    looks = (VendorLook.SPECTRALIS, VendorLook.CIRRUS, VendorLook.TOPCON)
    for seed, look in enumerate(looks * 2):
        p = EyeParameters(shape=(6, 496, 512), vendor=look, field_mm=(6.0, 1.92, 6.0))
        eye = simulate_eye(p if seed % 2 else replace(p, pathology=HEALTHY), seed=seed + 50)
        for b in range(p.shape[0]):
            add(eye.scan.b_scan(b), np.stack([eye.surfaces[name][b] for name in EDGES]))
    if DATA.exists():
        with np.load(DATA / "bonn_amd" / "volume.npz") as stored:
            some = stored["volume"][::3]
        for image, curves in zip(some, graph_curves(some), strict=True):
            add(image, curves)
        for image in kermany(train=True):
            add(image, graph_curves(image[None])[0])
    return data


def kermany(train: bool) -> list[U8]:
    """Return B-scans of the patients with an odd number (to train on) or an even one."""
    paths = sorted((DATA / "kermany_lesions").glob("*.png"))
    own = [p for p in paths if "_mask" not in p.name and int(p.stem.split("-")[1]) % 2 == train]
    return [np.asarray(Image.open(p).convert("L")) for p in own]


def judging_set() -> dict[str, list[U8]]:
    """Return real B-scans the stand-in has not seen, by where they come from; none: simulated."""
    if not DATA.exists():
        eye = simulate_eye(EyeParameters(shape=(6, 496, 512)), seed=99)
        return {"simulated eye": [eye.scan.b_scan(b) for b in range(6)]}
    with np.load(DATA / "healthy_volume" / "volume_slo.npz") as stored:
        healthy = list(stored["volume"][::4])
    folder = DATA / "nr206"
    normal = [np.asarray(Image.open(folder / f"NORMAL{n}.png").convert("L")) for n in (1, 2)]
    return {"healthy_volume": healthy, "nr206": normal, "kermany_lesions": kermany(False)[::8]}
