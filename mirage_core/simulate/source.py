"""A source of labelled B-scans of eyes that differ in everything: what networks are trained on.

Each seed is one eye: its anatomy, disease, device and light are drawn, then what happens to each
B-scan on its way to a folder (:mod:`mirage_core.simulate.handling`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.simulate.anatomy import SURFACE_NAMES, healthy_macula, scan_grid_mm
from mirage_core.simulate.appearance import Appearance
from mirage_core.simulate.bank import shared_choroid, shared_textures, shared_tree
from mirage_core.simulate.bscan import BScanPainter
from mirage_core.simulate.convention import written_labels, written_surfaces
from mirage_core.simulate.disease import grow_disease, random_disease
from mirage_core.simulate.fields import Stream, log_uniform, stream
from mirage_core.simulate.fundus import paint_slo
from mirage_core.simulate.handling import LabelledBScan, handled
from mirage_core.simulate.parameters import HEALTHY, EyeParameters, VendorLook
from mirage_core.simulate.structure import EyeStructure, assembled, slo_axes_mm

__all__ = ["LabelledBScan", "random_b_scans", "random_parameters"]

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

_HEIGHTS, _WIDTHS = (448, 496, 496, 496, 560, 640), (384, 512, 512, 640, 768)
_WIDTHS_MM = (3.0, 4.5, 5.8, 6.0, 6.6)
_FRAMES = (1, 4, 9, 16, 25, 50, 50)
_VENDORS = (0.64, 0.18, 0.18)
_DISC_IN_VIEW = 0.15
_SLO_PX, _PATCH_PX = 256, 128
_RETINA = slice(1, len(SURFACE_NAMES))


def random_parameters(seed: int, n: int) -> EyeParameters:
    """Return the parameters of eye `seed`, for `n` B-scans; what ails it is drawn elsewhere."""
    rng = stream(seed, Stream.SOURCE)
    drawn = EyeParameters.random(rng, (n, int(rng.choice(_HEIGHTS)), int(rng.choice(_WIDTHS))))
    steep, disc = rng.random() < 0.15, rng.random() < _DISC_IN_VIEW
    width = float(rng.uniform(6.6, 9.0) if disc else rng.choice(_WIDTHS_MM))
    nasal = rng.uniform(0.0, 2.4) if disc else rng.uniform(-0.4, 0.4)
    # B-scans near each other see more of the lesions, which lie about the fovea.
    across = log_uniform(rng, 0.4, 5.5)
    vendor = list(VendorLook)[int(rng.choice(3, p=_VENDORS))]
    return replace(
        drawn,
        vendor=vendor,
        pathology=HEALTHY,
        field_mm=(across, float(rng.uniform(1.6, 2.6)), width),
        slo_px=_SLO_PX,
        slo_field_mm=10.6,
        disc_in_view=disc,
        fovea_offset_mm=(float(rng.uniform(-0.4, 0.4)), -float(nasal)),
        padding_fraction=0.0,
        # Some are thick with oedema or thin with age.
        thickness_scale=float(rng.uniform(0.75, 1.38)),
        variation=float(rng.uniform(0.5, 2.5)),
        choroid_um=float(rng.uniform(125, 440)),
        tilt_um_per_mm=(0.0, float(rng.uniform(-150, 150) if steep else rng.uniform(-50, 50))),
        curvature_um_per_mm2=float(rng.uniform(15, 45) if steep else rng.uniform(0, 18)),
        averaging=int(rng.choice(_FRAMES)),
        speckle=log_uniform(rng, 0.5, 1.4),
        noise=log_uniform(rng, 0.3, 1.9),
        shadow_strength=float(rng.uniform(0.4, 1.9)),
        media_opacity=float(rng.random() ** 2 * 0.9),
        appearance=Appearance.random(rng),
    )


def random_b_scans(seed: int, n: int = 8, *, slo: bool = False) -> list[LabelledBScan]:
    """Return `n` B-scans of eye `seed`, the same on every run.

    Parameters
    ----------
    seed : int
    n : int
        Across the macula. A third of the time goes into the eye: 8 or more are worth it.
    slo : bool
        Whether to paint the fundus around each B-scan too; the B-scans stay the same.
    """
    p = random_parameters(seed, n)
    rng = stream(seed, Stream.SHARED)
    textures, tree, choroid = shared_textures(p, rng), shared_tree(rng), shared_choroid(rng)
    macula = healthy_macula(p, seed)
    ill = stream(seed, Stream.LESIONS)
    lesions = grow_disease(random_disease(ill), p, macula, ill)
    structure = assembled(p, seed, macula, lesions, tree, choroid)
    painter = BScanPainter(p, structure, seed, textures)
    curves = written_surfaces(structure, p.spacing_mm[1] * 1000)
    labels = written_labels(structure, p.shape)
    if lesions.disc is not None:
        within = lesions.disc < 1.0
        curves[_RETINA, within] = np.nan
        labels[np.broadcast_to(within[:, None], labels.shape)] = 0
    fundus = _patches(p, structure, seed) if slo else [None] * n
    return [
        handled(
            LabelledBScan(painter.b_scan(b), curves[:, b], labels[b], p.spacing_mm[1:], fundus[b]),
            stream(seed, Stream.SOURCE, b + 1),
        )
        for b in range(n)
    ]


def _patches(p: EyeParameters, structure: EyeStructure, seed: int) -> list[U8 | None]:
    """Return the fundus around each B-scan, as wide and as high as the B-scan is long."""
    image = paint_slo(p, structure, seed).astype(np.float32)
    slo_v, slo_u = slo_axes_mm(p)
    lines, columns = scan_grid_mm(p)
    along = np.linspace(columns[0], columns[-1], _PATCH_PX)
    across = np.linspace(-along[-1], along[-1], _PATCH_PX)
    out: list[U8 | None] = []
    for line in lines:
        places = np.meshgrid(
            (slo_v[0] - line + across) / p.slo_mm_per_px,
            (along - slo_u[0]) / p.slo_mm_per_px,
            indexing="ij",
        )
        patch = ndimage.map_coordinates(image, places, order=1, mode="nearest")
        out.append(np.rint(patch).astype(np.uint8))
    return out
