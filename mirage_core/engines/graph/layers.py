"""The layered retina: which boundaries are sought, how each looks and how far apart they lie.

Where each surface runs is told in ``docs/conventions.md``; :class:`Look` and the table below say by
what it is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Look(Enum):
    """How a boundary shows along depth."""

    RISE = "rise"
    FALL = "fall"
    RIDGE = "ridge"
    VALLEY = "valley"


@dataclass(frozen=True, slots=True)
class Boundary:
    """How a boundary is sought.

    Attributes
    ----------
    name : str
        Name in :mod:`mirage_core.scan.labels`.
    look : Look
    weight : float
        Its say in the joint search.
    gap_um : (float, float)
        Usual distance from the boundary above, in µm; less or more is allowed at a price.
    thin_cost, thick_cost : float
        Price per µm below or above that range, in units of one full edge.
    thick_limit : float
        The most that thickness may cost: fluid swells layers.
    gap_by_disc_um : (float, float) or None
        The same around the optic disc, where nerve fibres are thick and ganglion cells few;
        None where it is no other.
    vanishes : (float, float)
        The layer above the boundary has its usual thickness where the retina is as thick as the
        second share of its flanks, and may be missing where it is down to the first:
        inner layers in the foveal pit, outer nuclei in a macular hole.
    smooth_um : float
        Lateral smoothing when the boundary is refined, in µm.
    band_um : float
        Reach of that refinement up and down, in µm.
    step_cost : float
        Price of a step of one px from one A-scan to the next, when refined.
    full : float
        Response, in units of the retina's mean grey, that counts as a fully seen boundary.
    sharp_um : float
        Axial width (standard deviation) of the detector when refined, in µm.
    """

    name: str
    look: Look
    weight: float
    gap_um: tuple[float, float]
    thin_cost: float
    thick_cost: float
    thick_limit: float = 0.8
    gap_by_disc_um: tuple[float, float] | None = None
    vanishes: tuple[float, float] = (0.2, 0.4)
    smooth_um: float = 30.0
    band_um: float = 24.0
    step_cost: float = 0.15
    full: float = 0.12
    sharp_um: float = 6.0


_IN_PIT = (0.65, 0.9)

CHAIN: tuple[Boundary, ...] = (
    Boundary(
        "ILM", Look.RISE, 2.0, (0, 0), 0, 0, smooth_um=15, band_um=40, step_cost=0.05, full=0.25
    ),
    Boundary(
        "RNFL/GCL",
        Look.FALL,
        1.0,
        (8, 30),
        0.01,
        0.004,
        gap_by_disc_um=(20, 160),
        vanishes=_IN_PIT,
        smooth_um=40,
    ),
    Boundary(
        "IPL/INL",
        Look.FALL,
        1.0,
        (30, 110),
        0.006,
        0.01,
        gap_by_disc_um=(30, 80),
        vanishes=_IN_PIT,
        smooth_um=70,
        step_cost=0.25,
    ),
    Boundary(
        "INL/OPL",
        Look.RISE,
        1.0,
        (22, 45),
        0.02,
        0.015,
        vanishes=_IN_PIT,
        smooth_um=70,
        step_cost=0.25,
    ),
    Boundary(
        "OPL/ONL",
        Look.FALL,
        1.0,
        (18, 40),
        0.02,
        0.015,
        vanishes=_IN_PIT,
        smooth_um=70,
        step_cost=0.25,
    ),
    Boundary("EZ", Look.RISE, 2.0, (70, 130), 0.02, 0.006, smooth_um=18, band_um=28, full=0.3),
    Boundary("RPE", Look.RIDGE, 2.0, (24, 56), 0.03, 0.02, thick_limit=0.3, full=0.5),
    Boundary("BM", Look.FALL, 1.5, (16, 50), 0.05, 0.002, smooth_um=100, step_cost=0.5, full=0.15),
)
"""The boundaries of the joint search, top to bottom."""

ELM = Boundary("ELM", Look.RISE, 1.0, (26, 26), 0, 0, smooth_um=80, band_um=12, step_cost=0.3)
"""Sought above a known EZ, ``gap_um`` away."""

OS_RPE = Boundary(
    "OS/RPE", Look.VALLEY, 1.0, (14, 14), 0, 0, smooth_um=60, band_um=10, step_cost=0.3, sharp_um=4
)
"""Sought between a known EZ and RPE, ``gap_um`` below the EZ."""

SURFACE_NAMES: tuple[str, ...] = (
    "ILM",
    "RNFL/GCL",
    "IPL/INL",
    "INL/OPL",
    "OPL/ONL",
    "ELM",
    "EZ",
    "OS/RPE",
    "RPE",
    "BM",
)
"""All surfaces the engine emits, top to bottom."""
