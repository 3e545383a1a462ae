"""Triples of simulated eyes: for tests, for a first try, and to see what a change does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import LinePosition
from mirage_core.simulate import EyeParameters, SimulatedEye, simulate_eye
from mirage_core.training.pretrain.data import ArrayTriples

U8 = NDArray[np.uint8]

_LEAST_PX = 96


def simulated_triples(
    n_eyes: int,
    domains: Sequence[str],
    *,
    px: int = 512,
    b_scans: int = 8,
    seed: int = 0,
) -> ArrayTriples:
    """Make eyes and cut them into samples.

    Parameters
    ----------
    n_eyes : int
        Each differs in anatomy, lesions and device.
    domains : sequence of str
    px : int
        Rows and columns of a B-scan; at least 96 are made.
    b_scans : int
        Samples of an eye.
    seed : int
    """
    rng = np.random.default_rng(seed)
    side = max(px, _LEAST_PX)
    samples: list[dict[str, U8]] = []
    for _ in range(n_eyes):
        parameters = EyeParameters.random(rng, shape=(b_scans, side, side))
        eye = simulate_eye(parameters, seed=int(rng.integers(2**31)))
        samples += [triple(eye, b) for b in range(b_scans)]
    return ArrayTriples(samples, domains)


def triple(eye: SimulatedEye, b: int) -> dict[str, U8]:
    """Return B-scan `b` of `eye`, the square of SLO around it, and its layer map."""
    return {
        "bscan": eye.scan.b_scan(b),
        "slo": _slo_patch(eye, b),
        "bscanlayermap": region_map(eye.surfaces.values[:, b], eye.scan.shape[1]),
    }


def region_map(curves: NDArray[np.floating], height: int) -> U8:
    """Number the regions between ordered surfaces, those above and below all included.

    Parameters
    ----------
    curves : float array ``[s, x]``
        Depths in px from the top, top to bottom; NaN where undefined.
    height : int

    Returns
    -------
    uint8 array ``[z, x]``
        How many surfaces lie at or above a pixel: twelve surfaces make classes 0 to 12.
    """
    rows = np.arange(height, dtype=np.float32)[:, None]
    with np.errstate(invalid="ignore"):
        passed = rows[None] >= np.rint(curves)[:, None, :]
    counted: U8 = passed.sum(axis=0).astype(np.uint8)
    return counted


def _slo_patch(eye: SimulatedEye, b: int) -> U8:
    """Return the square of the SLO whose middle row is the B-scan, from its start to its end."""
    slo, line = eye.scan.slo, eye.scan.geometry.positions[b]
    assert slo is not None
    assert isinstance(line, LinePosition)
    side = min(round(abs(line.end[1] - line.start[1])) + 1, *slo.shape)
    top, left = (
        min(max(round((a + z) / 2 - side / 2), 0), extent - side)
        for a, z, extent in zip(line.start, line.end, slo.shape, strict=True)
    )
    patch: U8 = np.ascontiguousarray(slo[top : top + side, left : left + side])
    return patch
