"""The eye's geometry: true surfaces, pockets, vessels and padding on the grid of the scan.

Everything here is computed once per eye, for all B-scans together and in the frame of a right eye
(A-scans run from temporal to nasal); B-scans are then drawn one by one from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.scan import FLUID_SCHEME
from mirage_core.simulate.anatomy import (
    LAYERS,
    SURFACE_NAMES,
    Macula,
    healthy_macula,
)
from mirage_core.simulate.fields import SmoothField, Stream, smoothstep, stream
from mirage_core.simulate.lesions import Cyst, Lesions, grow_lesions, rpe_lift_um
from mirage_core.simulate.parameters import EyeParameters
from mirage_core.simulate.vessels import (
    VesselMaps,
    choroid_tree,
    draw_tree,
    grow_tree,
)

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]

RPE_HALF_UM = 8.0
"""The RPE band reaches this far above its ridge; fluid above the RPE ends there."""
_BELOW_RIDGE_UM = 9.0
_BM_LINE_UM = 4.0
_MIN_LAYER_UM = 2.0
_CYST_WALL_UM = 5.0


@dataclass(frozen=True, eq=False)
class Pocket:
    """A lesion's cross-section in one B-scan: columns ``x0 ..``, rows from `top` to `bottom`.

    `top` and `bottom` are float32 ``[n]``, px from the top; `value` is the class of
    :data:`~mirage_core.scan.FLUID_SCHEME`.
    """

    value: int
    x0: int
    top: F32
    bottom: F32


@dataclass(frozen=True, slots=True)
class Padding:
    """White registration padding of one B-scan.

    `columns` fully white columns at the `right` or left edge, and a wedge along the top whose
    height falls from `wedge_px` to 0 towards the other side.
    """

    columns: int = 0
    right: bool = False
    wedge_px: float = 0.0
    wedge_right: bool = False


@dataclass(frozen=True, eq=False)
class EyeStructure:
    """The geometry of one simulated eye.

    Attributes
    ----------
    surfaces : float32 array ``[s, b, x]``
        All of :data:`SURFACE_NAMES` in px from the top, finite everywhere, as the painter needs
        them; :mod:`mirage_core.simulate.convention` writes the truth from them. Edges lie at
        their continuous depth, half a pixel less than they are written. ILM and the inner
        boundaries are the edges between two greys; ELM and EZ are the centre lines of their
        bright bands; OS/RPE is the tips of the outer segments (upper edge of the interdigitation
        zone, or the roof of subretinal fluid); RPE is the bright ridge of the RPE band; BM is
        the band's lower edge, 21 um deeper in health; CSI is the choroid's lower edge.
    pockets : list of list of Pocket
        Per B-scan.
    lesions : Lesions
    macula : Macula
    vessel_maps : VesselMaps
        On the SLO.
    half_chord_um, vessel_radius_um : float32 arrays ``[b, x]``
        The retinal vessels where the A-scans pass them.
    choroid_vessels : list of (float32 ``[b, x]``, float32 ``[b, x]``)
        Per vascular layer of the choroid: centre depth and half chord, px.
    signal : float32 array ``[b, x]``
        Share of light that reaches and leaves the retina, about 1.
    padding : list of Padding or None
        Per B-scan.
    fovea : (float, float)
        B-scan and column index of the bottom of the pit, as recorded.
    """

    surfaces: F32
    pockets: list[list[Pocket]]
    lesions: Lesions
    macula: Macula
    vessel_maps: VesselMaps
    half_chord_um: F32
    vessel_radius_um: F32
    choroid_vessels: list[tuple[F32, F32]]
    signal: F32
    padding: list[Padding | None]
    fovea: tuple[float, float]


def slo_axes_mm(parameters: EyeParameters) -> tuple[F64, F64]:
    """Return the SLO's rows and columns in mm from the scan's centre (superior, nasal)."""
    px, n = parameters.slo_mm_per_px, parameters.slo_px
    offset: F64 = np.arange(n, dtype=np.float64) - (n - 1) / 2
    return (
        parameters.slo_offset_mm[0] - offset * px,
        parameters.slo_offset_mm[1] + offset * px,
    )


def build_structure(parameters: EyeParameters, seed: int) -> EyeStructure:
    """Build the geometry of eye `seed`."""
    macula = healthy_macula(parameters, seed)
    lesions = grow_lesions(parameters, macula, seed)
    maps, half_chord_um, radius_um = _retinal_vessels(parameters, macula, seed)
    surfaces_um = _surfaces_um(macula, lesions, half_chord_um)
    surfaces_um = _place_in_depth(surfaces_um, parameters)
    motion = stream(seed, Stream.MOTION).standard_normal(parameters.shape[0])
    limit = 0.03 * parameters.field_mm[1] * 1000
    shift = np.clip(motion * parameters.motion_axial_um, -limit, limit)
    um_per_px = parameters.spacing_mm[1] * 1000
    surfaces = ((surfaces_um + shift[None, :, None]) / um_per_px).astype(np.float32)
    db, _, dx = parameters.spacing_mm
    n_b, _, n_x = parameters.shape
    fovea_v, fovea_u = parameters.fovea_offset_mm
    sense = -1.0 if parameters.superior_to_inferior else 1.0
    return EyeStructure(
        surfaces=surfaces,
        pockets=_pockets(surfaces, lesions, macula, um_per_px),
        lesions=lesions,
        macula=macula,
        vessel_maps=maps,
        half_chord_um=half_chord_um,
        vessel_radius_um=radius_um,
        choroid_vessels=_choroid_vessels(parameters, macula, surfaces, seed),
        signal=_signal(parameters, macula, seed),
        padding=_padding(parameters, surfaces, seed),
        fovea=(sense * fovea_v / db + (n_b - 1) / 2, fovea_u / dx + (n_x - 1) / 2),
    )


def _retinal_vessels(
    parameters: EyeParameters, macula: Macula, seed: int
) -> tuple[VesselMaps, F32, F32]:
    """Draw the vessels on the SLO and read them off at every A-scan."""
    v_axis, u_axis = slo_axes_mm(parameters)
    fovea_v, fovea_u = parameters.fovea_offset_mm
    px = parameters.slo_mm_per_px
    maps = draw_tree(grow_tree(parameters, seed), v_axis - fovea_v, u_axis - fovea_u, px)
    places = ((v_axis[0] - macula.v_mm) / px, (macula.u_mm - u_axis[0]) / px)
    chord, radius = (
        ndimage.map_coordinates(image, places, order=1, mode="nearest") * np.float32(1000)
        for image in (maps.half_chord_mm, maps.radius_mm)
    )
    return maps, chord, radius


def _surfaces_um(macula: Macula, lesions: Lesions, half_chord_um: F32) -> F64:
    """Stack the layers on Bruch's membrane; depths ``[s, b, x]`` in um from any level."""
    layers = dict(macula.layers_um)
    swelling = {"INL": np.zeros_like(macula.bm_um), "ONL": np.zeros_like(macula.bm_um)}
    for cyst in lesions.cysts:
        shape = np.maximum(1.0 - _rho2(cyst, macula, 1.2, 0.28), 0.0) ** 2
        room = 2.3 * cyst.half_height_um + 14.0 - 0.75 * layers[cyst.layer]
        swelling[cyst.layer] = np.maximum(swelling[cyst.layer], np.maximum(room, 0) * shape)
    swelling = {name: 1.25 * _bent(room, macula, 0.17) for name, room in swelling.items()}
    detached = lesions.srf_um + lesions.shrm_um
    lift = rpe_lift_um(lesions) + detached
    onl = layers["ONL"]
    # The outer nuclear layer takes up what is steep, so that the inner retina bends gently.
    give = np.clip(_bent(lift, macula, 0.17) - lift, -0.5 * onl, 0.4 * onl)
    layers["ONL"] = onl + give + swelling["ONL"]
    layers["INL"] = layers["INL"] + swelling["INL"]
    layers["RNFL"] = (
        layers["RNFL"] + 0.12 * half_chord_um + 0.5 * lesions.erm_um + lesions.erm_folds_um
    )
    layers["GCL"] = layers["GCL"] - 0.5 * lesions.erm_folds_um
    layers["OS-RPE"] = layers["OS-RPE"] + detached
    rpe = macula.bm_um - rpe_lift_um(lesions)
    stack = [macula.bm_um, rpe]
    for name in reversed(LAYERS):
        stack.append(stack[-1] - np.maximum(layers[name], _MIN_LAYER_UM))
    surfaces = np.stack([*stack[::-1], macula.bm_um + macula.choroid_um])
    assert len(surfaces) == len(SURFACE_NAMES)
    return surfaces


def _place_in_depth(surfaces_um: F64, parameters: EyeParameters) -> F64:
    """Move (and if it must be, flatten) the retina so that all of it is in the image."""
    depth_um = parameters.field_mm[1] * 1000
    bm = surfaces_um[-2]
    for _ in range(24):
        span = surfaces_um[-1].max() - surfaces_um[0].min()
        if span <= 0.86 * depth_um:
            break
        # Too steep for this depth: the operator would have moved the chin rest.
        surfaces_um = surfaces_um - 0.15 * (bm - bm.mean())
        bm = surfaces_um[-2]
    middle = (surfaces_um[0].mean() + bm.mean()) / 2
    offset = 0.40 * depth_um - middle
    offset = min(offset, 0.95 * depth_um - surfaces_um[-1].max())
    offset = max(offset, 0.05 * depth_um - surfaces_um[0].min())
    out: F64 = surfaces_um + offset
    return out


def _bent(lift_um: F64, macula: Macula, stiffness_mm: float) -> F64:
    """Return how far a stiff sheet over `lift_um` rises: its blur over `stiffness_mm`."""
    sigma = [
        stiffness_mm / max(float(np.abs(np.diff(place, axis=axis)).mean()), 1e-3)
        if place.shape[axis] > 1
        else 0.0
        for axis, place in enumerate((macula.v_mm, macula.u_mm))
    ]
    out: F64 = ndimage.gaussian_filter(lift_um, sigma, mode="nearest", truncate=3.0)
    return out


def _rho2(cyst: Cyst, macula: Macula, widen: float = 1.0, margin_mm: float = 0.0) -> F64:
    """Return the squared distance from the cyst's axis in units of its (widened) half axes."""
    dv = (macula.fovea_v_mm - cyst.v_mm) / (cyst.half_v_mm * widen + margin_mm)
    du = (macula.fovea_u_mm - cyst.u_mm) / (cyst.half_u_mm * widen + margin_mm)
    out: F64 = dv**2 + du**2
    return out


def _pockets(
    surfaces: F32, lesions: Lesions, macula: Macula, um_per_px: float
) -> list[list[Pocket]]:
    """Cut every lesion along every B-scan."""
    value = {c.name: c.value for c in FLUID_SCHEME}
    found: list[list[Pocket]] = [[] for _ in range(surfaces.shape[1])]

    def cut(name: str, top: F64, height_px: F64) -> None:
        here = height_px > 0
        for b in np.flatnonzero(here.any(axis=1)):
            columns = np.flatnonzero(here[b])
            for run in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
                upper = top[b, run].astype(np.float32)
                lower = (top[b, run] + height_px[b, run]).astype(np.float32)
                if (np.rint(lower) > np.rint(upper)).any():
                    found[b].append(Pocket(value[name], int(run[0]), upper, lower))

    named = {name: surfaces[i].astype(np.float64) for i, name in enumerate(SURFACE_NAMES)}
    for cyst in lesions.cysts:
        rho2 = _rho2(cyst, macula)
        upper, lower = ("OPL/ONL", "ELM") if cyst.layer == "ONL" else ("IPL/INL", "INL/OPL")
        room = (named[lower] - named[upper]) / 2 - _CYST_WALL_UM / um_per_px
        half = cyst.half_height_um / um_per_px * np.sqrt(np.maximum(1 - rho2, 0))
        half = np.minimum(half, np.maximum(room, 0))
        half[half < 0.6] = 0
        cut("IRF", (named[upper] + named[lower]) / 2 - half, 2 * half)
    detached = lesions.srf_um + lesions.shrm_um
    floor = named["RPE"] - RPE_HALF_UM / um_per_px
    band = np.maximum(macula.layers_um["OS-RPE"] - RPE_HALF_UM, 0)
    height = (detached + band * smoothstep(detached / 20.0)) / um_per_px
    solid = height * np.divide(
        lesions.shrm_um, detached, out=np.zeros_like(detached), where=detached > 0
    )
    cut("SRF", floor - height, height - solid)
    cut("SHRM", floor - solid, solid)
    lift = np.maximum(lesions.drusen_um, lesions.ped_um)
    roof = named["RPE"] + _BELOW_RIDGE_UM / um_per_px
    hidden = RPE_HALF_UM * smoothstep(lift / 15.0)
    height = (lift + hidden) / um_per_px
    wide = lesions.ped_um >= lesions.drusen_um
    cut("PED", roof, np.where(wide, height, 0))
    cut("DRUSEN", roof, np.where(wide, 0, height))
    return found


def _choroid_vessels(
    parameters: EyeParameters, macula: Macula, surfaces: F32, seed: int
) -> list[tuple[F32, F32]]:
    """Return centre depth and half chord (px ``[b, x]``) of Sattler's and Haller's layers."""
    um_per_px = parameters.spacing_mm[1] * 1000
    bm, csi = surfaces[-2], surfaces[-1]
    half = max(parameters.field_mm[0], parameters.field_mm[2]) / 2 + 0.6
    step = 0.03
    axis = np.arange(-half, half + step, step)
    places = ((half - macula.v_mm) / step, (macula.u_mm + half) / step)
    layers: list[tuple[F32, F32]] = []
    # Radius range in mm, number of vessels, depth as a share of the choroid.
    for layer, (radii, n, share) in enumerate(
        (((0.018, 0.04), 130, 0.30), ((0.04, 0.095), 46, 0.62))
    ):
        maps = draw_tree(choroid_tree(seed, radii, n, layer), axis[::-1], axis, step)
        chord_mm = ndimage.map_coordinates(maps.half_chord_mm, places, order=1, mode="nearest")
        wander = SmoothField(stream(seed, Stream.CHOROID, 10 + layer), 0.5).at(
            macula.v_mm, macula.u_mm
        )
        centre = bm + (csi - bm) * (share + 0.06 * wander)
        room = np.minimum(centre - bm - 22 / um_per_px, csi - centre - 10 / um_per_px)
        chord = np.minimum(1.15 * chord_mm * 1000 / um_per_px, np.maximum(room, 0))
        layers.append((centre.astype(np.float32), chord.astype(np.float32)))
    return layers


def _signal(parameters: EyeParameters, macula: Macula, seed: int) -> F32:
    """Return the light's way through cornea, lens and vitreous as a factor ``[b, x]``."""
    rng = stream(seed, Stream.ANATOMY, 1)
    v, u = macula.v_mm, macula.u_mm
    wide, small = SmoothField(rng, 2.0).at(v, u), SmoothField(rng, 0.7).at(v, u)
    b_scan = 1 + 0.012 * rng.standard_normal(len(v))[:, None]
    patches = np.maximum(small, 0) * parameters.media_opacity * 0.35
    out = (1 + 0.03 * wide) * b_scan * np.clip(1 - patches, 0.35, 1)
    return out.astype(np.float32)


def _padding(parameters: EyeParameters, surfaces: F32, seed: int) -> list[Padding | None]:
    """Draw the padding of each B-scan; a wedge never reaches the retina."""
    rng = stream(seed, Stream.PADDING)
    n_b, n_z, n_x = parameters.shape
    out: list[Padding | None] = []
    for b in range(n_b):
        share, strip = rng.uniform(0.5, 1.5), rng.uniform(0.3, 0.8)
        right, wedge_right = rng.random(2) < 0.5
        if parameters.padding_fraction == 0:
            out.append(None)
            continue
        fraction = min(share * parameters.padding_fraction, 0.12)
        columns = max(round(strip * fraction * n_x), 1)
        wedge = 2 * (1 - strip) * fraction * n_z
        ramp = np.linspace(0, 1, n_x) if wedge_right else np.linspace(1, 0, n_x)
        free = np.maximum(surfaces[0, b] - 0.02 * n_z, 0) / np.maximum(ramp, 1e-6)
        wedge = min(wedge, float(free.min()))
        out.append(Padding(columns, bool(right), wedge, bool(wedge_right)))
    return out
