"""Retinal vessels: a branching tree in mm, and the maps of it that the SLO and the B-scans share.

Trunks follow the parabola that describes the temporal arcades; branches are grown by a steered
random walk towards or away from the fovea, and end at the foveal avascular zone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.simulate.anatomy import DISC_MM
from mirage_core.simulate.fields import SmoothField, Stream, stream
from mirage_core.simulate.parameters import EyeParameters

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_STEP_MM = 0.04
_AVASCULAR_MM = 0.42
_EXTENT_MM = 6.0
_MAX_ORDER = 3


@dataclass(frozen=True, eq=False)
class Vessel:
    """One vessel: places ``[n, (v, u)]`` in mm from the fovea, and radius ``[n]`` in mm."""

    points_mm: F64
    radius_mm: F64
    artery: bool


@dataclass(frozen=True, eq=False)
class VesselMaps:
    """The tree seen from above, on the SLO's pixels in the frame of a right eye.

    Attributes
    ----------
    half_chord_mm : float32 array ``[row, col]``
        Half the length of the light's way through blood; 0 beside vessels.
    radius_mm : float32 array ``[row, col]``
        Radius of the widest vessel there; 0 beside vessels.
    reflex : float32 array ``[row, col]``
        Central light reflex of the wide vessels, 0..1.
    """

    half_chord_mm: F32
    radius_mm: F32
    reflex: F32


def grow_tree(parameters: EyeParameters, seed: int) -> list[Vessel]:
    """Grow the arcades, the papillomacular twigs and their branches."""
    rng = stream(seed, Stream.VESSELS)
    density = parameters.vessel_density
    tree: list[Vessel] = []
    for side in (1, -1):
        spread = rng.uniform(2.5, 2.95)
        apart = rng.uniform(0.45, 0.9) * rng.choice([-1, 1])
        for artery in (False, True):
            trunk = _trunk(rng, side, spread + (apart if artery else 0.0), artery)
            tree.append(trunk)
            _branch(rng, tree, trunk, 1, density)
    n_twigs = round(4 * min(density, 1.5))
    for bearing in np.linspace(-0.8, 0.8, n_twigs) + rng.normal(0, 0.08, n_twigs):
        start = np.array(DISC_MM) + 0.55 * np.array([np.sin(bearing), -np.cos(bearing)])
        twig = _Course(np.pi - bearing, rng.uniform(0.015, 0.025), rng.uniform(1.8, 3.4), 0.05)
        tree.append(_walk(rng, start, twig, rng.random() < 0.5))
        _branch(rng, tree, tree[-1], 3, density)
    return tree


@dataclass(frozen=True, slots=True)
class _Course:
    """How a branch sets out: heading (from +u towards +v), radius and length in mm, and `steer`.

    `steer` > 0 turns it towards the fovea, < 0 away from it, by that share of the error per step.
    """

    heading: float
    radius_mm: float
    length_mm: float
    steer: float


def _trunk(rng: np.random.Generator, side: int, spread: float, artery: bool) -> Vessel:
    """Return an arcade: ``v`` grows with the root of the distance from the disc."""
    distance = np.linspace(0.0, 1.0, 260) ** 2 * 9.0
    rise = spread * np.sqrt(distance / 4.45) * (1 - 0.035 * np.maximum(distance - 3.0, 0))
    meander = np.zeros_like(distance)
    for wavelength_mm, size_mm in ((3.4, 0.13), (1.5, 0.045), (0.7, 0.012)):
        phase, stretch = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.25)
        meander += size_mm * np.sin(2 * np.pi * distance / (wavelength_mm * stretch) + phase)
    meander *= np.minimum(distance / 1.2, 1.0)
    v = DISC_MM[0] + side * (rise + meander)
    # Vessels leave the disc through the cup, nasal of its centre, each at its own place.
    u = DISC_MM[1] + rng.uniform(-0.05, 0.3) * np.exp(-distance / 0.4) - distance
    radius = (0.048 if artery else 0.066) * np.clip(1 - 0.085 * distance, 0.25, 1)
    return Vessel(np.stack([v, u], 1), radius, artery)


def _walk(rng: np.random.Generator, start: F64, course: _Course, artery: bool) -> Vessel:
    """Grow one vessel step by step until its length, the avascular zone or the edge ends it."""
    n = max(int(course.length_mm / _STEP_MM), 4)
    heading, curl = course.heading, 0.0
    points = [start]
    for turn in rng.normal(0, 0.075, n):
        v, u = points[-1]
        curl = 0.8 * curl + turn
        error = _wrapped(np.arctan2(-v, -u) - heading)
        away = _wrapped(error + np.pi)
        heading += 0.4 * curl + abs(course.steer) * (error if course.steer > 0 else away)
        step = _STEP_MM * np.array([np.sin(heading), np.cos(heading)])
        following = points[-1] + step
        if np.hypot(*following) < _AVASCULAR_MM or np.abs(following).max() > _EXTENT_MM:
            break
        points.append(following)
    taper = np.linspace(1.0, 0.4, len(points))
    return Vessel(np.array(points), np.maximum(course.radius_mm * taper, 0.005), artery)


def _wrapped(angle: float) -> float:
    """Return `angle` in radians between -pi and pi."""
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def _branch(
    rng: np.random.Generator, tree: list[Vessel], parent: Vessel, order: int, density: float
) -> None:
    """Add the branches of `parent` (and theirs) to `tree`."""
    if order > _MAX_ORDER or density <= 0 or len(parent.points_mm) < 4:
        return
    steps = np.linalg.norm(np.diff(parent.points_mm, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    gap_mm = (0.95, 0.8, 0.7)[order - 1] / density
    where = rng.uniform(0.5, 0.9) if order == 1 else rng.uniform(0.25, 0.6)
    inward = rng.random() < 0.5
    while where < along[-1]:
        i = min(int(np.searchsorted(along, where)), len(along) - 2)
        dv, du = parent.points_mm[i + 1] - parent.points_mm[i]
        flow = float(np.arctan2(dv, du))
        v, u = parent.points_mm[i]
        towards = np.sign(_wrapped(float(np.arctan2(-v, -u)) - flow))
        heading = flow + (towards if inward else -towards) * rng.uniform(0.45, 0.95)
        radius = float(parent.radius_mm[i]) * rng.uniform(0.35, 0.72)
        length = (rng.uniform(1.4, 4.2), rng.uniform(0.7, 2.0), rng.uniform(0.3, 1.0))[order - 1]
        if radius > 0.0055:
            steer = rng.uniform(0.004, 0.03) if inward else -0.004
            course = _Course(heading, radius, length, steer)
            child = _walk(rng, parent.points_mm[i], course, parent.artery)
            tree.append(child)
            _branch(rng, tree, child, order + 1, density)
        inward = not inward if rng.random() < 0.75 else inward
        where += gap_mm * rng.uniform(0.5, 1.5)


def draw_tree(tree: list[Vessel], v_axis: F64, u_axis: F64, px_mm: float) -> VesselMaps:
    """Draw `tree` on a regular grid.

    Parameters
    ----------
    tree : list of Vessel
    v_axis : float array ``[row]``
        mm from the fovea, decreasing (row 0 is superior), step `px_mm`.
    u_axis : float array ``[col]``
        mm from the fovea, increasing, step `px_mm`.
    px_mm : float

    Notes
    -----
    Every vessel is a chain of discs. A disc of radius ``R`` adds the half chord
    ``sqrt(R^2 - d^2)`` at distance ``d``; the largest wins, so that the result has no holes where
    vessels meet. Discs under 0.8 px are widened and weakened to keep their blood volume.
    """
    rows, cols = len(v_axis), len(u_axis)
    chord = np.zeros((rows, cols), np.float32)
    radius = np.zeros((rows, cols), np.float32)
    reflex = np.zeros((rows, cols), np.float32)
    discs = np.concatenate([_discs(vessel, 0.5 * px_mm) for vessel in tree])
    row = (v_axis[0] - discs[:, 0]) / px_mm
    col = (discs[:, 1] - u_axis[0]) / px_mm
    true_px = discs[:, 2] / px_mm
    drawn_px = np.maximum(true_px, 0.8)
    weight = true_px / drawn_px
    classes = np.ceil(drawn_px + 0.5).astype(int)
    for reach in np.unique(classes):
        inside = (
            (classes == reach)
            & (row > -reach - 1) & (row < rows + reach)
            & (col > -reach - 1) & (col < cols + reach)
        )  # fmt: skip
        r, c, big, w, true = (a[inside] for a in (row, col, drawn_px, weight, true_px))
        r0, c0 = np.rint(r).astype(int), np.rint(c).astype(int)
        for dr in range(-reach, reach + 1):
            for dc in range(-reach, reach + 1):
                d2 = (r0 + dr - r) ** 2 + (c0 + dc - c) ** 2
                ok = (
                    (d2 < big**2)
                    & (r0 + dr >= 0) & (r0 + dr < rows) & (c0 + dc >= 0) & (c0 + dc < cols)
                )  # fmt: skip
                at = (r0[ok] + dr, c0[ok] + dc)
                half = (w[ok] * np.sqrt(big[ok] ** 2 - d2[ok]) * px_mm).astype(np.float32)
                np.maximum.at(chord, at, half)
                np.maximum.at(radius, at, (true[ok] * px_mm).astype(np.float32))
                if reach >= 3:
                    shine = np.exp(-d2[ok] / (0.32 * big[ok]) ** 2) * np.minimum(big[ok] / 6, 1)
                    np.maximum.at(reflex, at, shine.astype(np.float32))
    return VesselMaps(chord, radius, reflex)


def _discs(vessel: Vessel, step_mm: float) -> F64:
    """Return ``[n, (v, u, radius)]`` along `vessel`, no further apart than `step_mm`."""
    steps = np.linalg.norm(np.diff(vessel.points_mm, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.arange(0.0, along[-1], step_mm)
    columns = (vessel.points_mm[:, 0], vessel.points_mm[:, 1], vessel.radius_mm)
    return np.stack([np.interp(at, along, c) for c in columns], axis=1)


def choroid_tree(seed: int, radius_mm: tuple[float, float], n: int, layer: int) -> list[Vessel]:
    """Grow a layer of choroidal vessels: `n` meandering, merging, roughly parallel courses.

    Their common direction wanders over the fundus, so that B-scans cut some along and some across.
    """
    rng = stream(seed, Stream.CHOROID, layer)
    direction = SmoothField(rng, 3.0)
    lean = rng.uniform(-0.6, 0.6)
    lengths = rng.integers(30, 90, n)
    turns = rng.normal(0, 0.25, (int(lengths.max()), n))
    points = [rng.uniform(-4.0, 4.0, (n, 2))]
    curl = np.zeros(n)
    for turn in turns:
        curl = 0.8 * curl + turn
        heading = lean + 0.7 * direction.at(points[-1][:, 0], points[-1][:, 1]) + 0.45 * curl
        points.append(points[-1] + 0.08 * np.stack([np.sin(heading), np.cos(heading)], 1))
    courses = np.stack(points, axis=1)
    vessels: list[Vessel] = []
    for course, length in zip(courses, lengths, strict=True):
        wobble = 1 + 0.3 * np.sin(np.linspace(0, rng.uniform(6, 20), length))
        vessels.append(Vessel(course[:length], rng.uniform(*radius_mm) * wobble, False))
    return vessels
