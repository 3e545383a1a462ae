"""A simulated eye at two visits: at the second the scan lies elsewhere, and the SLO is turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.simulate import EyeParameters, SimulatedEye, simulate_eye

P = EyeParameters(shape=(49, 120, 160), field_mm=(6.4, 1.92, 6.4), pathology=(), slo_px=512)
SEED = 3


def transformed(
    image: NDArray[np.uint8], degrees: float, factor: float, shift: tuple[float, float]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the image turned, scaled and shifted, duller and noisier, and the map to it."""
    cos, sin = np.cos(np.radians(degrees)) * factor, np.sin(np.radians(degrees)) * factor
    turn = np.array([[cos, -sin], [sin, cos]])
    middle = np.array(image.shape) / 2 - 0.5
    matrix = np.concatenate([turn, (middle - turn @ middle + shift)[:, None]], axis=1)
    back = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    seen = ndimage.affine_transform(image.astype(float), back[:, :2], back[:, 2], order=1)
    seen = 0.8 * seen + 15 + np.random.default_rng(0).normal(0, 6, image.shape)
    return np.clip(seen, 0, 255).astype(np.uint8), matrix


def later(degrees: float = 4.0, parameters: EyeParameters = P, seed: int = SEED) -> SimulatedEye:
    """Return the eye of `parameters` at a second visit."""
    moved = replace(parameters, fovea_offset_mm=(-0.25, 0.2), slo_offset_mm=(0.05, 0.55))
    eye = simulate_eye(moved, seed)
    assert eye.scan.slo is not None
    slo, matrix = transformed(eye.scan.slo, degrees, 1.0, (6.0, -4.0))

    def place(p: tuple[float, float]) -> tuple[float, float]:
        row, col = matrix[:, :2] @ np.array(p) + matrix[:, 2]
        return float(row), float(col)

    positions = tuple(
        replace(line, start=place(line.start), end=place(line.end))
        for line in eye.scan.geometry.positions
    )
    geometry = replace(eye.scan.geometry, positions=positions)
    return replace(eye, scan=replace(eye.scan, slo=slo, geometry=geometry))
