"""The pictures of a report, drawn on axes of matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.annotated import Annotated
from mirage_core.measure.circle_rows import profile_of
from mirage_core.measure.etdrs import RADII_MM, SUBFIELDS
from mirage_core.measure.fovea import Fovea
from mirage_core.measure.layer_rows import MEAN
from mirage_core.measure.maps import sample_square, thickness_map
from mirage_core.measure.plane import Plane
from mirage_core.measure.tables import ScanFigures
from mirage_core.scan import Laterality, Scan, surface_kind
from mirage_core.scan.fundus_map import FundusMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

F64 = NDArray[np.float64]

_COLOURS = "viridis"
"""Even to colour-blind eyes and in grey."""
_CURVES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Of Okabe and Ito: told apart by colour-blind eyes."""
_RANGE_UM = (150.0, 450.0)
_BAR_UM = 200.0


def draw_fundus(
    axes: Axes, scan: Scan, annotated: Annotated, plane: Plane | None, fovea: Fovea | None
) -> str:
    """Draw the SLO with the thickness map and the grid on it; return what is shown."""
    axes.set_axis_off()
    geometry = scan.geometry
    values = _retina_um(scan, annotated)
    if scan.slo is None:
        return _draw_map(axes, values, plane, fovea)
    axes.imshow(scan.slo, cmap="gray", vmin=0, vmax=255)
    size = scan.slo.shape
    if not geometry.positions:
        return "SLO; where the B-scans lie is not known"
    if values is not None:
        painted = FundusMap(geometry, (size[0], size[1])).painted(values)
        extent = (-0.5, size[1] - 0.5, size[0] - 0.5, -0.5)
        low, high = _RANGE_UM
        axes.imshow(painted, cmap=_COLOURS, vmin=low, vmax=high, alpha=0.6, extent=extent)
    shown = "SLO, retinal thickness (ILM to BM)" if values is not None else "SLO"
    if plane is not None and fovea is not None and plane.from_positions:
        scale = geometry.slo_mm_per_px
        assert scale is not None
        x, y = plane.place_mm(fovea.b, fovea.x)
        _draw_circles(axes, (x / scale[1], -y / scale[0]), (1 / scale[1], 1 / scale[0]))
    for b, position in enumerate(geometry.positions):
        if fovea is not None and b != round(fovea.b):
            continue
        row, col = position.points(128).T
        axes.plot(col, row, color="white", lw=0.8)
    axes.set_xlim(-0.5, size[1] - 0.5)
    axes.set_ylim(size[0] - 0.5, -0.5)
    if geometry.positions_assumed:
        shown += "; places assumed"
    return shown


def _retina_um(scan: Scan, annotated: Annotated) -> NDArray[np.float32] | None:
    names = annotated.surfaces.names
    if scan.spacing.z.mm is None or not {"ILM", "BM"} <= set(names):
        return None
    return thickness_map(annotated.surfaces, "ILM", "BM", scan.spacing).values


def _draw_map(
    axes: Axes, values: NDArray[np.float32] | None, plane: Plane | None, fovea: Fovea | None
) -> str:
    """Draw the thickness map alone, in mm, where there is no SLO."""
    if plane is None or fovea is None or values is None:
        axes.text(0.5, 0.5, "no map", ha="center", va="center", transform=axes.transAxes)
        return "No SLO and no map"
    centre = plane.place_mm(fovea.b, fovea.x)
    square = sample_square(plane, values, centre, 3.4)
    low, high = _RANGE_UM
    axes.imshow(square, cmap=_COLOURS, vmin=low, vmax=high, extent=(-3.4, 3.4, -3.4, 3.4))
    _draw_circles(axes, (0.0, 0.0), (1.0, 1.0), colour="black")
    return "Retinal thickness (ILM to BM); no SLO"


def _draw_circles(
    axes: Axes, centre: tuple[float, float], per_mm: tuple[float, float], colour: str = "white"
) -> None:
    turn = np.linspace(0, 2 * np.pi, 181)
    for radius in RADII_MM:
        axes.plot(
            centre[0] + radius * per_mm[0] * np.cos(turn),
            centre[1] + radius * per_mm[1] * np.sin(turn),
            color=colour,
            lw=0.8,
        )
    for angle in np.radians([45, 135, 225, 315]):
        ray = np.array([RADII_MM[0], RADII_MM[-1]])
        axes.plot(
            centre[0] + ray * per_mm[0] * np.cos(angle),
            centre[1] + ray * per_mm[1] * np.sin(angle),
            color=colour,
            lw=0.8,
        )


def draw_grid(
    axes: Axes, figures: ScanFigures, laterality: Laterality, *, superior_known: bool
) -> str:
    """Draw the nine subfields of the whole retina with their figures; return what is shown.

    Sides are named only where they are known: without superior, nasal is not either.
    """
    from matplotlib import colormaps
    from matplotlib.patches import Wedge

    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-3.5, 3.5)
    axes.set_ylim(-3.5, 3.5)
    found = {r.region: r.measured for r in figures.rows if _of_retina(r.structure, r.figure)}
    nasal = -1.0 if laterality is Laterality.OS else 1.0
    middle = {"superior": 90.0, "inferior": 270.0}
    middle |= {"nasal": 0.0 if nasal > 0 else 180.0, "temporal": 180.0 if nasal > 0 else 0.0}
    low, high = _RANGE_UM
    for region in SUBFIELDS:
        measured = found.get(region)
        if measured is None:
            continue
        share = float(np.clip((measured.value - low) / (high - low), 0, 1))  # NaN if refused
        colour = "0.9" if measured.reason else colormaps[_COLOURS](share)
        ring, _, side = region.partition(" ")
        inner, outer = {"central": (0, 0.5), "inner": (0.5, 1.5), "outer": (1.5, 3.0)}[ring]
        first, last, at = 0.0, 360.0, (0.0, 0.0)
        if side:
            first, last = middle[side] - 45, middle[side] + 45
            along = np.radians(middle[side])
            out = (inner + outer) / 2
            at = (out * float(np.cos(along)), out * float(np.sin(along)))
        axes.add_patch(
            Wedge((0, 0), outer, first, last, width=outer - inner, fc=colour, ec="black", lw=0.6)
        )
        dark = not measured.reason and share < 0.55
        axes.text(
            *at, measured.text, ha="center", va="center", fontsize=7, color="w" if dark else "k"
        )
    sides = [("S", 0.0, 1.0), ("I", 0.0, -1.0)] if superior_known else []
    if superior_known and laterality is not Laterality.UNKNOWN:
        sides += [("N", nasal, 0.0), ("T", -nasal, 0.0)]
    for words, x, y in sides:
        axes.text(3.3 * x, 3.3 * y, words, ha="center", va="center", fontsize=7)
    return f"ETDRS, ILM to BM, µm; colours from {low:.0f} to {high:.0f} µm"


def _of_retina(structure: str, figure: str) -> bool:
    return structure == "ILM..BM" and figure == MEAN


def draw_profile(axes: Axes, figures: ScanFigures, circles: Sequence[str]) -> str:
    """Draw the TSNIT profile of the nerve fibre layer of `circles`; return what is shown."""
    drawn = False
    for i, circle in enumerate(circles):
        points = profile_of(figures.rows, circle)
        if not points:
            continue
        degrees, um = zip(*[*points, (360.0, points[0][1])], strict=True)
        colour = _CURVES[i % len(_CURVES)] if len(circles) > 1 else "black"
        axes.plot(degrees, um, color=colour, lw=1, label=circle)
        drawn = True
    if not drawn:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no profile", ha="center", va="center", transform=axes.transAxes)
        return "No profile around the disc"
    if 1 < len(circles) <= len(_CURVES):
        axes.legend(fontsize=5, frameon=False, ncols=len(circles), loc="lower center")
    axes.set_xlim(0, 360)
    axes.set_ylim(bottom=0)
    axes.set_xticks([0, 90, 180, 270, 360], ["T", "S", "N", "I", "T"])
    axes.tick_params(labelsize=6)
    axes.set_ylabel("µm", fontsize=6)
    which = f", {circles[0]}" if len(circles) == 1 and circles[0] else ""
    return f"Nerve fibre layer around the disc{which}"


def draw_b_scan(axes: Axes, scan: Scan, annotated: Annotated, b: int) -> str:
    """Draw a B-scan with its surfaces, lesions and a scale bar; return what is shown."""
    image = scan.b_scan(b)
    height, width = image.shape
    dz, dx = scan.spacing.z.mm, scan.spacing.x.mm
    known = dz is not None and dx is not None
    aspect = float(dz / dx) if dz is not None and dx is not None else height / width
    axes.set_axis_off()
    axes.set_anchor("N")
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, aspect=aspect)
    labels = annotated.masks.labels[b]
    overlay = np.zeros((height, width, 4), np.uint8)
    for mask_class in annotated.masks.scheme:
        overlay[labels == mask_class.value] = (*mask_class.color, 120)
    axes.imshow(overlay, aspect=aspect, interpolation="nearest")
    for name, depths in zip(annotated.surfaces.names, annotated.surfaces.values[:, b], strict=True):
        if np.isfinite(depths).any():
            colour = np.array(surface_kind(name).color) / 255
            axes.plot(np.arange(width), depths - 0.5, color=colour, lw=0.5)
    drawn = annotated.surfaces.values[:, b]
    if np.isfinite(drawn).any():
        margin = 0.08 * height
        axes.set_ylim(
            min(height - 0.5, float(np.nanmax(drawn)) + margin),
            max(-0.5, float(np.nanmin(drawn)) - margin),
        )
    axes.set_xlim(-0.5, width - 0.5)
    if known and dz is not None and dx is not None:
        bottom = axes.get_ylim()[0] - 8
        across, down = _BAR_UM / 1000 / dx, _BAR_UM / 1000 / dz
        axes.plot([12, 12 + across], [bottom, bottom], color="white", lw=1.2)
        axes.plot([12, 12], [bottom, bottom - down], color="white", lw=1.2)
    bar = f", bars {_BAR_UM:.0f} µm" if known else ", scale unknown"
    return f"B-scan {b + 1} of {scan.n_b_scans}{bar}"
