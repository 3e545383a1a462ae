"""A source of labelled B-scans of eyes that differ in everything: what networks are trained on.

Each seed is one eye: its anatomy, lesions, device and light are drawn, then what happens to a
B-scan between the eye and a training folder: cropping to the retina, stretching, mirroring, motion
within a B-scan, burned-in icons. Surfaces and lesions follow the image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.simulate.appearance import Appearance
from mirage_core.simulate.bscan import BScanPainter
from mirage_core.simulate.convention import written_labels, written_surfaces
from mirage_core.simulate.fields import Stream, stream
from mirage_core.simulate.parameters import EyeParameters, Lesion, Pathology
from mirage_core.simulate.structure import build_structure

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

_HEALTHY = 0.25
_PRESENT = 0.45
"""How often an eye that is not healthy has each pathology: far more often than in a clinic."""
_HEIGHTS, _WIDTHS = (448, 496, 560, 640), (384, 512, 640, 768)
_LEAST_ROWS = 96
_WHITE = 254


@dataclass(frozen=True, eq=False)
class LabelledBScan:
    """A simulated B-scan with its truth.

    Attributes
    ----------
    image : uint8 array ``[z, x]``
    surfaces : float32 array ``[12, x]``
        All of :data:`~mirage_core.simulate.anatomy.SURFACE_NAMES`, px from the top as
        ``docs/conventions.md`` tells, NaN behind padding. They may lie beyond the image where it
        was cropped.
    labels : uint8 array ``[z, x]``
        Values of FLUID_SCHEME.
    """

    image: U8
    surfaces: F32
    labels: U8


def random_parameters(seed: int, n: int) -> EyeParameters:
    """Return the parameters of eye `seed`, for `n` B-scans."""
    rng = stream(seed, Stream.SOURCE)
    drawn = EyeParameters.random(rng, (n, int(rng.choice(_HEIGHTS)), int(rng.choice(_WIDTHS))))
    # Some are thick with oedema or thin with age, steep with myopia.
    width = float(rng.choice([3.0, 4.5, 5.8, 6.0, 6.6]))
    steep = rng.random() < 0.15
    # B-scans near each other see more of the lesions, which lie about the fovea.
    across = float(rng.uniform(0.8, 5.5))
    return replace(
        drawn,
        pathology=_pathology(rng),
        field_mm=(across, float(rng.uniform(1.7, 2.5)), width),
        slo_px=256,
        slo_field_mm=9.5,
        thickness_scale=float(rng.uniform(0.75, 1.38)),
        variation=float(rng.uniform(0.5, 2.5)),
        choroid_um=float(rng.uniform(125, 440)),
        tilt_um_per_mm=(0.0, float(rng.uniform(-150, 150) if steep else rng.uniform(-50, 50))),
        curvature_um_per_mm2=float(rng.uniform(15, 45) if steep else rng.uniform(0, 18)),
        speckle=float(rng.uniform(0.6, 1.6)),
        noise=float(rng.uniform(0.4, 2.2)),
        shadow_strength=float(rng.uniform(0.4, 1.7)),
        media_opacity=float(rng.random() ** 2 * 0.8),
        appearance=Appearance.random(rng),
    )


def _pathology(rng: np.random.Generator) -> tuple[Lesion, ...]:
    """Draw what an eye has, each from just visible to severe."""
    present = rng.random(len(Pathology)) < _PRESENT
    severities = rng.uniform(0.1, 1.0, len(Pathology))
    if rng.random() < _HEALTHY:
        return ()
    return tuple(
        Lesion(kind, float(severity))
        for kind, severity, here in zip(Pathology, severities, present, strict=True)
        if here
    )


def random_b_scans(seed: int, n: int = 16) -> list[LabelledBScan]:
    """Return `n` B-scans of eye `seed`, the same on every run.

    Parameters
    ----------
    seed : int
    n : int
        Across the macula, in no order of depth or look. Half of an eye's time goes into the eye.
    """
    parameters = random_parameters(seed, n)
    structure = build_structure(parameters, seed)
    painter = BScanPainter(parameters, structure, seed)
    surfaces = written_surfaces(structure, parameters.spacing_mm[1] * 1000)
    labels = written_labels(structure, parameters.shape)
    out = []
    for b in range(n):
        curves = surfaces[:, b].copy()
        padding = structure.padding[b]
        if padding is not None:
            first = parameters.shape[2] - padding.columns if padding.right else 0
            hidden = slice(first, first + padding.columns)
            curves[:, hidden] = np.nan
            labels[b][:, hidden] = 0
        whole = LabelledBScan(painter.b_scan(b), curves, labels[b])
        out.append(_handled(whole, stream(seed, Stream.SOURCE, b + 1)))
    return out


def _handled(b_scan: LabelledBScan, rng: np.random.Generator) -> LabelledBScan:
    """Return what becomes of a B-scan on its way."""
    if rng.random() < 0.35:
        b_scan = _shaken(b_scan, rng)
    if rng.random() < 0.45:
        b_scan = _cropped(b_scan, rng)
    if rng.random() < 0.5:
        b_scan = LabelledBScan(
            np.ascontiguousarray(b_scan.image[:, ::-1]),
            np.ascontiguousarray(b_scan.surfaces[:, ::-1]),
            np.ascontiguousarray(b_scan.labels[:, ::-1]),
        )
    if rng.random() < 0.15:
        b_scan = replace(b_scan, image=_branded(b_scan.image, rng))
    return b_scan


def _shaken(b_scan: LabelledBScan, rng: np.random.Generator) -> LabelledBScan:
    """Move columns by whole px: the eye drifts while it is scanned, and may jump once."""
    height, width = b_scan.image.shape
    drift = ndimage.gaussian_filter1d(rng.standard_normal(width), width / 12, mode="nearest")
    drift *= rng.uniform(0, 3) / max(float(drift.std()), 1e-6)
    if rng.random() < 0.3:
        drift[int(rng.integers(width)) :] += rng.uniform(-5, 5)
    shift = np.rint(drift).astype(int)
    rows = np.arange(height)[:, None] - shift
    inside = (rows >= 0) & (rows < height)
    rows, columns = np.clip(rows, 0, height - 1), np.arange(width)
    # Where nothing was recorded a column goes on as it ends.
    return LabelledBScan(
        b_scan.image[rows, columns],
        b_scan.surfaces + shift.astype(np.float32),
        np.where(inside, b_scan.labels[rows, columns], 0).astype(np.uint8),
    )


def _cropped(b_scan: LabelledBScan, rng: np.random.Generator) -> LabelledBScan:
    """Crop to the retina, closely or not, and to a part of the width."""
    height, width = b_scan.image.shape
    first = int(rng.uniform(0, 0.35) * width)
    last = width - int(rng.uniform(0, 0.35) * width)
    top_px, bottom_px = np.nanmin(b_scan.surfaces[0]), np.nanmax(b_scan.surfaces[-2])
    retina = float(bottom_px - top_px)
    top = int(np.clip(top_px - rng.uniform(-0.03, 0.8) * retina, 0, height - _LEAST_ROWS))
    bottom = int(bottom_px + rng.uniform(0.02, 1.0) * retina)
    bottom = int(np.clip(bottom, top + _LEAST_ROWS, height))
    return LabelledBScan(
        b_scan.image[top:bottom, first:last],
        b_scan.surfaces[:, first:last] - np.float32(top),
        b_scan.labels[top:bottom, first:last],
    )


def _branded(image: U8, rng: np.random.Generator) -> U8:
    """Burn a scale bar, an arrow or a block of text-like specks into a lower corner."""
    height, width = image.shape
    h, w = int(height * rng.uniform(0.05, 0.14)), int(width * rng.uniform(0.06, 0.16))
    z0 = height - h - int(rng.integers(2, 12))
    x0 = int(rng.integers(2, 12)) if rng.random() < 0.6 else width - w - int(rng.integers(2, 12))
    out = image.copy()
    part = out[z0 : z0 + h, x0 : x0 + w]
    kind = rng.integers(3)
    if kind == 0:
        part[-3:], part[:, :3] = _WHITE, _WHITE
    elif kind == 1:
        part[:] = 0
        blocks = np.kron(rng.random((4, 6)) > 0.6, np.ones((h // 4, w // 6), bool))
        part[: blocks.shape[0], : blocks.shape[1]][blocks] = _WHITE
    else:
        specks = rng.random((h // 3 + 1, w // 2 + 1)) < 0.4
        part[np.kron(specks, np.ones((3, 2), bool))[:h, :w]] = _WHITE
    return out
