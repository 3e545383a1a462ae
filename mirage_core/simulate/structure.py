"""The eye's geometry: true surfaces, pockets, vessels and padding on the grid of the scan.

Everything here is computed once per eye, for all B-scans together and in the frame of a right eye
(A-scans run from temporal to nasal); B-scans are then drawn one by one from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.simulate.anatomy import (
    LAYERS,
    SURFACE_NAMES,
    Macula,
    healthy_macula,
)
from mirage_core.simulate.fields import SmoothField, Stream, stream
from mirage_core.simulate.lesions import Lesions, grow_lesions, rpe_lift_um
from mirage_core.simulate.parameters import EyeParameters
from mirage_core.simulate.pockets import Pocket, cut_pockets, rho2_of
from mirage_core.simulate.vessels import (
    Vessel,
    VesselMaps,
    choroid_tree,
    draw_tree,
    grow_tree,
)
from mirage_core.simulate.wasting import excavation_um, outer_loss, waste

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]

_MIN_LAYER_UM = 2.0
# Radius range in mm, number of vessels, depth as a share of the choroid.
_CHOROID_LAYERS = (((0.018, 0.04), 130, 0.30), ((0.04, 0.095), 46, 0.62))


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
    tree = grow_tree(parameters, seed)
    half_mm = max(parameters.field_mm[0], parameters.field_mm[2]) / 2 + 0.6
    return assembled(parameters, seed, macula, lesions, tree, choroid_maps(seed, half_mm))


def assembled(
    parameters: EyeParameters,
    seed: int,
    macula: Macula,
    lesions: Lesions,
    tree: list[Vessel],
    choroid: ChoroidMaps,
) -> EyeStructure:
    """Put a healthy eye, its lesions and its vessels together."""
    maps, half_chord_um, radius_um = _retinal_vessels(parameters, macula, tree)
    if lesions.tissue is not None:
        whole = np.clip(lesions.tissue * 2 - 1, 0, 1).astype(np.float32)
        half_chord_um, radius_um = half_chord_um * whole, radius_um * whole
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
        pockets=cut_pockets(surfaces, lesions, macula, um_per_px),
        lesions=lesions,
        macula=macula,
        vessel_maps=maps,
        half_chord_um=half_chord_um,
        vessel_radius_um=radius_um,
        choroid_vessels=_choroid_vessels(parameters, macula, surfaces, seed, choroid),
        signal=_signal(parameters, macula, seed),
        padding=_padding(parameters, surfaces, seed),
        fovea=(sense * fovea_v / db + (n_b - 1) / 2, fovea_u / dx + (n_x - 1) / 2),
    )


def _retinal_vessels(
    parameters: EyeParameters, macula: Macula, tree: list[Vessel]
) -> tuple[VesselMaps, F32, F32]:
    """Draw the vessels on the SLO and read them off at every A-scan."""
    v_axis, u_axis = slo_axes_mm(parameters)
    fovea_v, fovea_u = parameters.fovea_offset_mm
    px = parameters.slo_mm_per_px
    maps = draw_tree(tree, v_axis - fovea_v, u_axis - fovea_u, px)
    places = ((v_axis[0] - macula.v_mm) / px, (macula.u_mm - u_axis[0]) / px)
    chord, radius = (
        ndimage.map_coordinates(image, places, order=1, mode="nearest") * np.float32(1000)
        for image in (maps.half_chord_mm, maps.radius_mm)
    )
    return maps, chord, radius


def _surfaces_um(macula: Macula, lesions: Lesions, half_chord_um: F32) -> F64:
    """Stack the layers on Bruch's membrane; depths ``[s, b, x]`` in um from any level."""
    layers = {
        name: um * lesions.scales[name] if name in lesions.scales else um
        for name, um in macula.layers_um.items()
    }
    swelling = {name: np.zeros_like(macula.bm_um) for name in ("GCL", "INL", "ONL")}
    for cyst in lesions.cysts:
        shape = np.maximum(1.0 - rho2_of(cyst, macula, 1.2, 0.28), 0.0) ** 2
        room = 2.3 * cyst.half_height_um + 14.0 - 0.75 * layers[cyst.layer]
        swelling[cyst.layer] = np.maximum(swelling[cyst.layer], np.maximum(room, 0) * shape)
    swelling = {
        name: 1.25 * _bent(room, macula, 0.17) if room.any() else room
        for name, room in swelling.items()
    }
    detached = lesions.srf_um + lesions.shrm_um
    rpe_um = rpe_lift_um(lesions)
    lift = rpe_um + detached
    if lesions.atrophy is not None:
        gently = _bent(lesions.atrophy, macula, 0.17)
        lift = lift - outer_loss(layers, lesions.atrophy, gently)
    onl = layers["ONL"]
    # The outer nuclear layer takes up what is steep, so that the inner retina bends gently.
    give = np.clip(_bent(lift, macula, 0.17) - lift, -0.5 * onl, 0.4 * onl)
    layers["ONL"] = onl + give + swelling["ONL"]
    layers["INL"] = layers["INL"] + swelling["INL"]
    layers["GCL"] = layers["GCL"] + swelling["GCL"]
    layers["RNFL"] = (
        layers["RNFL"] + 0.12 * half_chord_um + 0.5 * lesions.erm_um + lesions.erm_folds_um
    )
    layers["GCL"] = layers["GCL"] - 0.5 * lesions.erm_folds_um
    layers["OS-RPE"] = layers["OS-RPE"] + detached
    rpe = macula.bm_um - rpe_um
    stack = [macula.bm_um, rpe]
    thick = {name: np.maximum(um, _MIN_LAYER_UM) for name, um in layers.items()}
    if lesions.tissue is not None or lesions.disc is not None:
        waste(thick, lesions)
    for name in reversed(LAYERS):
        stack.append(stack[-1] - thick[name])
    choroid = macula.choroid_um * lesions.scales.get("choroid", 1.0)
    surfaces = np.stack([*stack[::-1], macula.bm_um + choroid])
    if lesions.disc is not None:
        surfaces[0] += excavation_um(lesions)
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


@dataclass(frozen=True, eq=False)
class ChoroidMaps:
    """Half chords in mm of Sattler's and Haller's layers on a square of `half_mm` around 0."""

    half_mm: float
    step_mm: float
    half_chord_mm: tuple[F32, ...]


def choroid_maps(seed: int, half_mm: float) -> ChoroidMaps:
    """Grow and draw the choroidal vessels of eye `seed`."""
    step = 0.03
    axis = np.arange(-half_mm, half_mm + step, step)
    trees = [choroid_tree(seed, radii, n, i) for i, (radii, n, _) in enumerate(_CHOROID_LAYERS)]
    maps = (draw_tree(tree, axis[::-1], axis, step).half_chord_mm for tree in trees)
    return ChoroidMaps(half_mm, step, tuple(maps))


def _choroid_vessels(
    parameters: EyeParameters, macula: Macula, surfaces: F32, seed: int, maps: ChoroidMaps
) -> list[tuple[F32, F32]]:
    """Return centre depth and half chord (px ``[b, x]``) of Sattler's and Haller's layers."""
    um_per_px = parameters.spacing_mm[1] * 1000
    bm, csi = surfaces[-2], surfaces[-1]
    half, step = maps.half_mm, maps.step_mm
    places = ((half - macula.v_mm) / step, (macula.u_mm + half) / step)
    layers: list[tuple[F32, F32]] = []
    for layer, (_, _, share) in enumerate(_CHOROID_LAYERS):
        chord_mm = ndimage.map_coordinates(
            maps.half_chord_mm[layer], places, order=1, mode="nearest"
        )
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
