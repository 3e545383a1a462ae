"""Drawing one B-scan from the eye's geometry: reflectivity, shadows, speckle, noise.

Reflectivities are given in the display grey of a Heidelberg export, which is the fourth root of
intensity less a black level. Edges are laid at sub-pixel depth by area coverage: a pixel is as
bright as the share of it that lies below the edge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.scan import FLUID_SCHEME
from mirage_core.simulate.anatomy import SURFACE_NAMES
from mirage_core.simulate.appearance import AS_DRAWN, TISSUES
from mirage_core.simulate.bands import detached_share, ellipsoid_px, elm_half_px
from mirage_core.simulate.drawing import Steps
from mirage_core.simulate.fields import Stream, smoothstep, stream
from mirage_core.simulate.light import (
    draw_disc,
    draw_trail,
    draw_vitreous,
    lit_levels,
    streaked,
)
from mirage_core.simulate.looks import LOOKS
from mirage_core.simulate.parameters import EyeParameters
from mirage_core.simulate.pockets import RPE_HALF_UM
from mirage_core.simulate.structure import EyeStructure, Padding
from mirage_core.simulate.textures import Textures, own_textures

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]

WHITE = 255
"""Grey of padding; tissue stays below it."""
_BLACK_LEVEL = 60.0
_TAIL_GREY = 62.0
"""Below this grey the choroid's linear loss with depth turns into an exponential tail."""
_POCKET_GREY = {"IRF": 14.0, "SRF": 9.0, "PED": 34.0, "SHRM": 168.0, "DRUSEN": 130.0}
_TEXTURE_OF = {"IRF": 0.1, "SRF": 0.05, "PED": 0.3, "SHRM": 1.0, "DRUSEN": 0.8}


class BScanPainter:
    """Draws the B-scans of one eye, each from its own random stream, in any order.

    Parameters
    ----------
    parameters : EyeParameters
    structure : EyeStructure
    seed : int
    textures : Textures, optional
        Those of other eyes, to save the time of making them; by default the eye's own.
    """

    def __init__(
        self,
        parameters: EyeParameters,
        structure: EyeStructure,
        seed: int,
        textures: Textures | None = None,
    ) -> None:
        self._parameters = parameters
        self._structure = structure
        self._seed = seed
        self._look = LOOKS[parameters.vendor]
        self._appearance = parameters.appearance
        self._um_per_px = parameters.spacing_mm[1] * 1000
        self._dx_um = parameters.spacing_mm[2] * 1000
        self._rows = np.arange(parameters.shape[1], dtype=np.float32)[:, None]
        self._textures = textures or own_textures(parameters, seed)
        self._pocket_name = {c.value: c.name for c in FLUID_SCHEME}

    def b_scan(self, b: int) -> U8:
        """Return B-scan `b` as uint8 ``[z, x]``, in the frame of a right eye."""
        rng = stream(self._seed, Stream.B_SCAN, b)
        textures = self._textures.crop(rng)
        light = stream(self._seed, Stream.LIGHT, b)
        grey = self._layers(b, light)
        self._choroid(grey, b, textures["choroid"])
        self._foci(grey, b)
        self._pockets(grey, b, textures["choroid"])
        self._vessels(grey, b)
        self._media(grey, b, textures["choroid"], light)
        grey *= 1 + np.float32(0.055) * textures["tissue"]
        # The beam's depth of focus and width: half a pixel's blur each way.
        grey[1:-1] = 0.25 * grey[:-2] + 0.5 * grey[1:-1] + 0.25 * grey[2:]
        grey[:, 1:-1] = 0.12 * grey[:, :-2] + 0.76 * grey[:, 1:-1] + 0.12 * grey[:, 2:]
        image = self._detect(grey, b, textures)
        padding = self._structure.padding[b]
        if padding is not None:
            _whiten(image, padding)
        return image

    def _layers(self, b: int, light: np.random.Generator) -> F32:
        """Return mean grey ``[z, x]`` of the layers, without lesions, vessels or noise."""
        n_z, n_x = self._parameters.shape[1:]
        s = dict(zip(SURFACE_NAMES, self._structure.surfaces[:, b].astype(np.float64), strict=True))
        px = 1.0 / self._um_per_px
        steps = Steps(n_z, n_x)
        levels = self._levels(b, s, px)
        look, lesions = self._appearance, self._structure.lesions
        if look.gains:
            levels = [(z, g * gain) for (z, g), gain in zip(levels, look.gains, strict=True)]
        if look is not AS_DRAWN:
            levels = lit_levels(levels, lesions, b, look, self._dx_um, light)
        for depth, level in levels:
            steps.level(depth, level)
        slope = np.full(n_x, -self._look.choroid_slope * self._um_per_px * look.fading)
        if lesions.atrophy is not None:
            slope = slope * (1 - 0.5 * lesions.atrophy[b])
        steps.ramp(s["BM"] + 25 * px, slope)
        grey = steps.image()
        if look.trail[0] > 0:
            share, reach_um = look.trail
            above, under = (levels[TISSUES.index(n)][1] for n in ("RPE edge", "choriocapillaris"))
            light_below = share * np.clip(np.subtract(above, under), 0, None)
            draw_trail(grey, s["BM"], light_below, reach_um / self._um_per_px)
        return grey

    def _levels(self, b: int, s: dict[str, F64], px: float) -> list[tuple[F64, F64 | float]]:
        """Return ``(depth in px, grey from there on)`` from the vitreous to the choroid."""
        lesions, macula = self._structure.lesions, self._structure.macula
        rnfl_um = (s["RNFL/GCL"] - s["ILM"]) * self._um_per_px
        thick = smoothstep((rnfl_um - 6) / 26)
        inner_limit = np.minimum(s["ILM"] + 7 * px, s["RNFL/GCL"])
        membrane = lesions.erm_um[b]
        limit_grey = 172 + 30 * thick + 45 * smoothstep(membrane / 10)
        # Henle's fibres are bright where the beam meets them end on, which tilt decides.
        slope_um = np.gradient(s["BM"]) * self._um_per_px / (self._parameters.spacing_mm[2] * 1000)
        radius = np.hypot(macula.fovea_v_mm[b], macula.fovea_u_mm[b])
        facing = np.sign(macula.fovea_u_mm[b]) * slope_um * np.exp(-((radius - 1.0) ** 2) / 0.8)
        henle = 72 + np.clip(160 * facing, -4, 34)
        henle_end = s["OPL/ONL"] + 0.45 * (s["ELM"] - s["OPL/ONL"])
        foveal = np.exp(-((radius / 0.45) ** 2))
        lifted = np.maximum(lesions.drusen_um[b], 0.25 * lesions.ped_um[b])
        intact = np.clip(1 - lifted / self._appearance.frailty_um, 0.35, 1) * np.where(
            lesions.shrm_um[b] > 20, 0.6, 1.0
        )
        apart = detached_share(lesions)[b]
        ez_inner, ez_outer = ellipsoid_px(s, self._um_per_px)
        elm_half = elm_half_px(self._um_per_px)
        iz_grey = 196 - 30 * apart
        core = 5 * px * self._appearance.rpe_width
        separate = smoothstep(np.maximum(lesions.drusen_um[b], lesions.ped_um[b]) / 15)
        return [
            (np.full_like(s["ILM"], -1.0), 4.0),
            (s["ILM"], limit_grey),
            (inner_limit, 146 + 62 * thick),
            (s["RNFL/GCL"], 132.0),
            (s["GCL/IPL"], 143.0),
            (s["IPL/INL"], 88.0 + 6 * foveal),
            (s["INL/OPL"], 130.0 - 14 * foveal),
            (s["OPL/ONL"], henle),
            (henle_end, 70.0),
            (s["ELM"] - elm_half, 108.0),
            (s["ELM"] + elm_half, 84.0),
            (ez_inner, 100 + 122 * intact),
            (ez_outer, 156 - 8 * foveal),
            (s["OS/RPE"], iz_grey),
            (np.minimum(s["OS/RPE"] + 11 * px, s["RPE"] - RPE_HALF_UM * px), iz_grey - 8),
            (s["RPE"] - RPE_HALF_UM * px, 212.0),
            (s["RPE"] - core, 240.0),
            (s["RPE"] + core, 226.0 - 18 * separate),
            (s["RPE"] + 9 * px, 216.0),
            (s["BM"], 132.0),
            (s["BM"] + 12 * px, 148.0),
            (s["BM"] + 30 * px, 156.0),
        ]

    def _choroid(self, grey: F32, b: int, texture: F32) -> None:
        """Add dark lumina, mottled stroma and the sclera's faint edge below Bruch's membrane."""
        bm, csi = self._structure.surfaces[-2:, b]
        first = max(int(bm.min()), 0)
        rows, part = self._rows[first:], grey[first:]
        below = np.clip(rows + 0.5 - bm, 0, 1)
        dim = np.float32(_TAIL_GREY)
        tail = dim * np.exp(np.minimum(part / dim - 1, 0))
        part += below * (np.where(part < dim, tail, part) - part)
        for (centre, half), depth in zip(
            self._structure.choroid_vessels, (0.30, 0.50), strict=True
        ):
            columns = np.flatnonzero(half[b] > 0.6)
            if len(columns) == 0:
                continue
            middle, reach = centre[b, columns], half[b, columns]
            top = max(int((middle - reach).min()) - 8, 0)
            bottom = min(int((middle + reach).max()) + 9, len(grey))
            # Multiple scattering blurs edges this deep, so that lumina have soft walls.
            rho = (self._rows[top:bottom] - middle) / (reach + 2.5)
            grey[top:bottom, columns] *= 1 - np.float32(depth) * _bell(rho)
        sclera = np.clip(rows + 0.5 - csi, 0, 1)
        fade = np.exp(-np.maximum(rows - csi, 0) * (self._um_per_px / 130))
        part += sclera * fade * 13
        part *= 1 + below * texture[first:] * np.float32(self._appearance.mottle)

    def _pockets(self, grey: F32, b: int, texture: F32) -> None:
        contents = dict(self._appearance.contents)
        soft, rough = self._appearance.softness_px, self._appearance.lesion_texture
        for pocket in self._structure.pockets[b]:
            name = self._pocket_name[pocket.value]
            x = slice(pocket.x0, pocket.x0 + len(pocket.top))
            margin = int(soft)
            first = max(int(pocket.top.min()) - margin, 0)
            last = min(int(pocket.bottom.max()) + 2 + margin, len(grey))
            if last <= first:
                continue
            rows = self._rows[first:last]
            inside = _covered(rows - pocket.top, soft) - _covered(rows - pocket.bottom, soft)
            fill = contents.get(name, _POCKET_GREY[name]) * (
                1 + 0.2 * rough * _TEXTURE_OF[name] * texture[first:last, x]
            )
            part = grey[first:last, x]
            part += inside * (fill - part)

    def _vessels(self, grey: F32, b: int) -> None:
        """Draw each retinal vessel's wall and lumen, and its shadow down to the choroid."""
        half_um, radius_um = self._structure.half_chord_um[b], self._structure.vessel_radius_um[b]
        columns = np.flatnonzero(half_um > 3.0)
        if len(columns) == 0:
            return
        px = np.float32(1.0 / self._um_per_px)
        ilm = self._structure.surfaces[0, b, columns]
        half, radius = half_um[columns], radius_um[columns]
        # Broad shadows are those of more blood.
        half = half * np.float32(self._appearance.shadow_width)
        centre = ilm + (9 + np.maximum(radius, 12.0)) * px
        strength = self._parameters.shadow_strength
        loss = np.clip(strength * 0.5 * (half / 62) ** 0.75, 0, 0.8).astype(np.float32)
        # Forward scattering fills the shadow in: soft start, and lighter again in the choroid.
        start = np.clip((self._rows - centre) / np.maximum(2 * half * px, 2) + 0.2, 0, 1)
        part = grey[:, columns] * (1 - loss * start)
        height = np.maximum(half, 5.0) * px
        top, bottom = centre - height, centre + height
        inside = np.clip(self._rows + 0.5 - top, 0, 1) - np.clip(self._rows + 0.5 - bottom, 0, 1)
        cap = np.clip(
            1 - np.abs(self._rows - (top + 0.22 * height)) / np.maximum(0.5 * height, 1.5), 0, 1
        )
        solid = np.clip(half / 14, 0, 1) * 0.8
        part += inside * solid * (132 + 104 * cap - part)
        grey[:, columns] = part

    def _foci(self, grey: F32, b: int) -> None:
        surfaces = self._structure.surfaces[:, b]
        dx_um = self._parameters.spacing_mm[2] * 1000
        elm = surfaces[SURFACE_NAMES.index("ELM")]
        for focus in self._structure.lesions.foci:
            if focus.b != b:
                continue
            z = surfaces[0, focus.x] + focus.depth * (elm[focus.x] - surfaces[0, focus.x])
            rz, rx = max(focus.radius_um / self._um_per_px, 0.8), max(focus.radius_um / dx_um, 0.6)
            z0, z1 = max(int(z - 3 * rz), 0), min(int(z + 3 * rz) + 1, len(grey))
            x0, x1 = max(int(focus.x - 3 * rx), 0), min(int(focus.x + 3 * rx) + 2, grey.shape[1])
            rows, columns = np.mgrid[z0:z1, x0:x1]
            spot = np.exp(-(((rows - z) / rz) ** 2) - ((columns - focus.x) / rx) ** 2)
            part = grey[z0:z1, x0:x1]
            part += spot * np.maximum(215 - part, 0)
            if self._appearance.focus_shadow > 0:
                taken = np.exp(-(((np.arange(x0, x1) - focus.x) / rx) ** 2))
                grey[z1:, x0:x1] *= 1 - np.float32(self._appearance.focus_shadow) * taken

    def _media(self, grey: F32, b: int, texture: F32, light: np.random.Generator) -> None:
        """Draw what is no layer: the disc, uneven transmission, the vitreous."""
        look, lesions = self._appearance, self._structure.lesions
        ilm = self._structure.surfaces[0, b]
        if lesions.disc is not None:
            draw_disc(grey, lesions.disc[b], ilm, self._um_per_px, texture, light)
        if look.streaks > 0:
            streaked(grey, ilm, look.streaks, self._dx_um, light)
        if not look.clear_vitreous:
            draw_vitreous(grey, ilm, look, self._um_per_px, light)
        if look.blur_px > 0:
            ndimage.gaussian_filter(grey, look.blur_px, output=grey, truncate=2.5)

    def _detect(self, grey: F32, b: int, textures: dict[str, F32]) -> U8:
        """Return the camera's image of `grey`: attenuation, speckle, noise, contrast curve."""
        p, look = self._parameters, self._look
        roll_off = 1 - look.roll_off * self._rows / np.float32(len(grey))
        grey *= np.float32(look.gain) * self._structure.signal[b] * roll_off.astype(np.float32)
        frames = p.averaging or look.frames
        speckle = np.float32(look.speckle * p.speckle / np.sqrt(frames))
        black = np.float32(_BLACK_LEVEL)
        grey += black
        grey *= 1 + speckle * textures["speckle"]
        grey += np.float32(look.noise * p.noise) * textures["noise"]
        grey += np.float32(look.background + p.brightness) - black
        if p.contrast != 1.0:
            grey -= 100
            grey *= np.float32(p.contrast)
            grey += 100
        over = np.maximum(grey - np.float32(look.knee), 0)
        grey -= np.float32(0.45) * over
        np.clip(grey, 0, WHITE - 1, out=grey)
        image = np.rint(grey).astype(np.uint8)
        gamma, exposure = self._appearance.gamma, self._appearance.exposure
        if gamma != 1.0 or exposure != 1.0:
            curve = (WHITE - 1) * exposure * (np.arange(256) / (WHITE - 1)) ** gamma
            image = np.rint(np.clip(curve, 0, WHITE - 1)).astype(np.uint8)[image]
        return image


def _covered(below_px: F32, soft_px: float) -> F32:
    """Return the share of pixels that lie below an edge `soft_px` wide."""
    share: F32 = np.clip(below_px / np.float32(soft_px) + np.float32(0.5), 0, 1)
    return share


def _bell(rho: F32) -> F32:
    """Return a bump of height 1 at 0 that ends at +-1 with no slope."""
    out: F32 = np.maximum(1 - rho * rho, 0) ** 1.5
    return out


def _whiten(image: U8, padding: Padding) -> None:
    """Lay `padding` over `image` in place."""
    n_z, n_x = image.shape
    if padding.columns:
        image[:, n_x - padding.columns :] = (
            WHITE if padding.right else image[:, n_x - padding.columns :]
        )
        if not padding.right:
            image[:, : padding.columns] = WHITE
    ramp = np.linspace(0, 1, n_x) if padding.wedge_right else np.linspace(1, 0, n_x)
    image[np.arange(n_z)[:, None] < np.rint(padding.wedge_px * ramp)] = WHITE
