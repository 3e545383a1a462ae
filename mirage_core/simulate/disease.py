"""Diseases of many kinds and degrees, for the source of B-scans: more varied than `Pathology`.

A disease is several lesions around one place: neovascular AMD has a detachment, material under the
retina, fluid and cysts; diabetic oedema has swelling, cysts, foci. All shapes are irregular, and
the first of each lies on a B-scan.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.simulate.anatomy import DISC_MM, LAYERS, Macula
from mirage_core.simulate.fields import SmoothField, log_uniform, smoothstep
from mirage_core.simulate.fundus import DISC_HALF_MM
from mirage_core.simulate.lesions import (
    Cyst,
    Lesions,
    epiretinal_membrane,
    on_b_scan,
    place_around,
    scattered_foci,
    unit_dome,
)
from mirage_core.simulate.parameters import EyeParameters

F64 = NDArray[np.float64]


class Disease(StrEnum):
    """What an eye suffers from."""

    NONE = "none"
    DRUSEN = "drusen"
    NEOVASCULAR = "neovascular"
    OEDEMA = "oedema"
    SEROUS = "serous"
    ATROPHY = "atrophy"
    HOLE = "hole"
    MEMBRANE = "membrane"
    MIXED = "mixed"


_OFTEN: dict[Disease, float] = {
    Disease.NONE: 0.14,
    Disease.DRUSEN: 0.2,
    Disease.NEOVASCULAR: 0.24,
    Disease.OEDEMA: 0.18,
    Disease.SEROUS: 0.06,
    Disease.ATROPHY: 0.05,
    Disease.HOLE: 0.025,
    Disease.MEMBRANE: 0.025,
    Disease.MIXED: 0.08,
}


def random_disease(rng: np.random.Generator) -> Disease:
    """Draw a disease, far more often than in a clinic."""
    kinds = list(_OFTEN)
    return kinds[int(rng.choice(len(kinds), p=list(_OFTEN.values())))]


def grow_disease(
    disease: Disease, parameters: EyeParameters, macula: Macula, rng: np.random.Generator
) -> Lesions:
    """Grow the lesions of `disease` on the scan's grid."""
    eye = _Ill(parameters, macula, rng)
    mixed = disease is Disease.MIXED

    def has(*kinds: Disease) -> bool:
        return disease in kinds or (mixed and rng.random() < 0.4)

    hub = on_b_scan(place_around(rng, 0.0, 0.9), eye.lines)
    if has(Disease.OEDEMA):
        eye.swell(hub)
        if rng.random() < 0.9:
            eye.add_cysts(hub)
        if rng.random() < 0.25:
            eye.add_fluid(np.zeros(2), (30, 200), (0.3, 1.0))
    if has(Disease.NEOVASCULAR):
        eye.neovascular(hub)
    if has(Disease.SEROUS):
        eye.add_fluid(place_around(rng, 0.0, 0.8), (40, 450), (0.5, 2.4))
        if rng.random() < 0.4:
            eye.add_detachment(hub, (40, 200), (0.2, 0.6))
    if has(Disease.ATROPHY):
        eye.add_atrophy()
    if has(Disease.DRUSEN) or (disease is Disease.NEOVASCULAR and rng.random() < 0.5):
        eye.add_drusen()
        if disease is Disease.DRUSEN and rng.random() < 0.15:
            eye.add_detachment(hub, (60, 350), (0.25, 0.8))
    if has(Disease.ATROPHY) and rng.random() < 0.4:
        eye.add_drusen()
    if has(Disease.MEMBRANE) or rng.random() < 0.08:
        eye.add_membrane()
    if disease is Disease.HOLE:
        eye.open_hole()
    if disease is not Disease.NONE:
        eye.weaken()
    return eye.lesions()


class _Ill:
    """The lesions of one eye while they grow."""

    def __init__(self, parameters: EyeParameters, macula: Macula, rng: np.random.Generator) -> None:
        self._parameters, self._macula, self._rng = parameters, macula, rng
        self._v, self._u = macula.fovea_v_mm, macula.fovea_u_mm
        self.lines = self._v[:, 0]
        self._dx_um = parameters.spacing_mm[2] * 1000
        zero = np.zeros_like(self._v)
        self._drusen, self._ped, self._srf, self._shrm = (zero.copy() for _ in range(4))
        self._membrane, self._folds = zero.copy(), zero.copy()
        self._cysts: list[Cyst] = []
        self._scales: dict[str, F64] = {}
        self._atrophy: F64 | None = None
        self._tissue: F64 | None = None
        self._lost: F64 | None = None
        self._foci_per_ten = float(rng.choice([0, 0, 0, 3, 20]))
        self._constitution()

    def _constitution(self) -> None:
        """Thin nerve fibres of some, a thin choroid of others."""
        rng, one = self._rng, np.ones_like(self._v)
        if rng.random() < 0.12:
            for name in ("RNFL", "GCL", "IPL"):
                self._scales[name] = one * rng.uniform(0.35, 0.9)
        if rng.random() < 0.2:
            self._scales["choroid"] = one * rng.uniform(0.15, 0.6)

    def _ragged(self, scale_um: float) -> F64:
        """Return unit variance that differs from B-scan to B-scan, smooth over `scale_um`."""
        noise = self._rng.standard_normal(self._v.shape)
        smooth = ndimage.gaussian_filter1d(noise, max(scale_um / self._dx_um, 0.5), axis=1)
        out: F64 = smooth / max(float(smooth.std()), 1e-9)
        return out

    def _lump(self, centre: F64, peak_um: float, half_mm: float, rough: float) -> F64:
        """Return a lump of irregular outline and height."""
        rng = self._rng
        warp = SmoothField(rng, max(0.6 * half_mm, 0.12))
        dv = rough * half_mm * warp.at(self._v, self._u)
        du = rough * half_mm * warp.at(self._u, self._v)
        axes = (half_mm * rng.uniform(0.7, 1.3), half_mm)
        power = log_uniform(rng, 0.5, 1.8)
        height = peak_um * unit_dome(self._v + dv, self._u + du, centre, axes, power)
        bumps = 1 + rough * self._ragged(log_uniform(rng, 40, 250))
        out: F64 = height * np.clip(bumps, 0.2, 1.8)
        return out

    def add_drusen(self) -> None:
        """Drusen of one kind: few or many, small and hard or large, soft and confluent."""
        rng = self._rng
        n, typical = round(log_uniform(rng, 4, 100)), log_uniform(rng, 0.04, 0.24)
        steep, spread = rng.uniform(0.25, 0.8), log_uniform(rng, 0.25, 1.6)
        hubs = [place_around(rng, 0.0, 1.8) for _ in range(int(rng.integers(1, 5)))]
        for i in range(n):
            half = float(np.clip(typical * rng.lognormal(0, 0.45), 0.022, 0.6))
            centre = hubs[i % len(hubs)] + spread * rng.standard_normal(2)
            centre = on_b_scan(centre, self.lines)
            centre[0] += rng.uniform(-0.8, 0.8) * half * (i > 1)
            peak = np.clip(half * 1000 * steep * rng.uniform(0.6, 1.4), 12, 320)
            dome = unit_dome(
                self._v, self._u, centre, (half * rng.uniform(0.7, 1.4), half), rng.uniform(0.6, 2)
            )
            self._drusen = np.maximum(self._drusen, peak * dome)
        self._drusen *= np.clip(
            1 + rng.uniform(0, 0.35) * self._ragged(log_uniform(rng, 12, 50)), 0.3, 2
        )
        if rng.random() < 0.4:
            self._foci_per_ten = max(self._foci_per_ten, rng.uniform(2, 12))

    def add_detachment(
        self, hub: F64, peak_um: tuple[float, float], half_mm: tuple[float, float]
    ) -> None:
        """A detachment of the RPE, of one to three lumps."""
        rng = self._rng
        rough = float(rng.choice([0.03, 0.08, 0.15]))
        half = log_uniform(rng, *half_mm)
        peak = min(log_uniform(rng, *peak_um), 900 * half)
        for i in range(int(rng.integers(1, 4))):
            away = np.array([0.0, rng.normal(0, half)]) if i else np.zeros(2)
            share = rng.uniform(0.4, 1) if i else 1.0
            lump = self._lump(hub + away, peak * share, half * share, rough)
            self._ped = np.maximum(self._ped, lump)

    def add_fluid(
        self, hub: F64, peak_um: tuple[float, float], half_mm: tuple[float, float]
    ) -> None:
        """Subretinal fluid, with a smooth roof."""
        rng = self._rng
        centre = on_b_scan(hub, self.lines)
        lump = self._lump(
            centre, log_uniform(rng, *peak_um), log_uniform(rng, *half_mm), rng.uniform(0, 0.06)
        )
        self._srf = np.maximum(self._srf, lump)

    def add_material(self, hub: F64) -> None:
        """Hyperreflective material on the RPE."""
        rng = self._rng
        half = log_uniform(rng, 0.2, 1.7)
        peak = min(log_uniform(rng, 50, 400), 600 * half)
        lump = self._lump(hub, peak, half, rng.uniform(0.05, 0.25))
        self._shrm = np.maximum(self._shrm, lump)

    def neovascular(self, hub: F64) -> None:
        """A membrane and what leaks from it."""
        rng = self._rng
        near = (0.0, 0.4)
        if rng.random() < 0.75:
            self.add_detachment(hub, (40, 500), (0.25, 1.3))
        if rng.random() < 0.75:
            self.add_material(on_b_scan(hub + place_around(rng, *near), self.lines))
        if rng.random() < 0.6:
            for _ in range(int(rng.integers(1, 3))):
                side = hub + np.array([0.0, rng.normal(0, 0.8)])
                self.add_fluid(side, (20, 350), (0.25, 1.5))
        if rng.random() < 0.5:
            self.add_cysts(hub + place_around(rng, *near))
        if rng.random() < 0.4:
            self.swell(hub)

    def add_cysts(self, hub: F64) -> None:
        """Cysts of one pattern: specks, a row in the INL, petals at the fovea, giants."""
        rng = self._rng
        pattern = int(rng.choice(4, p=[0.15, 0.25, 0.35, 0.25]))
        n = int((rng.integers(6, 45), rng.integers(8, 36), rng.integers(5, 24), 1)[pattern])
        reach = (0.9, 1.2, 0.45, 0.1)[pattern]
        centre = np.zeros(2) if pattern >= 2 and rng.random() < 0.7 else hub
        for i in range(n + (int(rng.integers(0, 8)) if pattern == 3 else 0)):
            giant = pattern == 3 and i == 0
            at = on_b_scan(centre + reach * rng.uniform(-1, 1, 2) * (not giant), self.lines)
            if pattern == 3 and not giant:
                at = at + np.array([0.0, rng.choice([-1, 1]) * rng.uniform(0.25, 0.7)])
            layer = str(rng.choice(["INL", "ONL", "GCL"], p=_CYST_LAYERS[pattern]))
            if giant:
                half, high, layer = log_uniform(rng, 0.16, 0.6), log_uniform(rng, 120, 340), "ONL"
            elif pattern == 2 or layer == "ONL":
                half, high = log_uniform(rng, 0.035, 0.26), log_uniform(rng, 40, 260)
            else:
                half, high = log_uniform(rng, 0.025, 0.2), log_uniform(rng, 12, 75)
            if np.hypot(*at) < 0.4 and layer != "ONL":
                layer = "ONL"
            at[0] += rng.uniform(-0.5, 0.5) * half
            self._place_cyst(at, half, high, layer)
        self._foci_per_ten = max(self._foci_per_ten, float(rng.choice([0, 8, 40])))

    def _place_cyst(self, at: F64, half_mm: float, half_um: float, layer: str) -> None:
        """Add a cyst unless another of its layer is in the way; septa between them stay thin."""
        apart = self._rng.uniform(0.5, 1.1)
        for other in self._cysts:
            if other.layer == layer:
                du = (other.u_mm - at[1]) / (other.half_u_mm + half_mm)
                dv = (other.v_mm - at[0]) / (other.half_v_mm + half_mm)
                if du**2 + dv**2 < apart:
                    return
        self._cysts.append(
            Cyst(
                float(at[0]),
                float(at[1]),
                half_mm * self._rng.uniform(0.8, 1.6),
                half_mm,
                half_um,
                layer,
                log_uniform(self._rng, 0.55, 1.4),
            )
        )

    def swell(self, hub: F64) -> None:
        """Diffuse swelling to twice the thickness, with or without a pit left."""
        rng = self._rng
        half = rng.uniform(0.7, 2.6)
        warp = SmoothField(rng, 0.8).at(self._v, self._u)
        area = unit_dome(self._v, self._u, hub, (half, half), 1.0)
        area = smoothstep(area * (1.3 + 0.25 * warp))
        most = rng.uniform(0.2, 1.3)
        for name, share in (("GCL", 0.4), ("IPL", 0.4), ("INL", 1.0), ("OPL", 1.0), ("ONL", 1.0)):
            scale = self._scales.get(name, np.ones_like(self._v))
            self._scales[name] = scale * (1 + most * share * rng.uniform(0.5, 1.1) * area)

    def add_atrophy(self) -> None:
        """Patches without RPE and photoreceptors, sharply bounded."""
        rng = self._rng
        bare = np.zeros_like(self._v)
        for _ in range(int(rng.integers(1, 4))):
            centre = on_b_scan(place_around(rng, 0.0, 1.4), self.lines)
            lump = self._lump(centre, 1.0, log_uniform(rng, 0.2, 1.9), 0.12)
            bare = np.maximum(bare, lump)
        self._atrophy = smoothstep((bare - 0.08) / rng.uniform(0.06, 0.3)) * rng.uniform(0.8, 1)

    def add_membrane(self) -> None:
        """An epiretinal membrane, smooth to deeply folded."""
        rng = self._rng
        thick, folds = epiretinal_membrane(rng, self._v, self._u, float(rng.uniform(0, 1)))
        self._membrane, self._folds = thick, folds * log_uniform(rng, 0.4, 4.0)

    def open_hole(self) -> None:
        """A full-thickness macular hole with rounded, swollen edges."""
        rng = self._rng
        centre = on_b_scan(rng.uniform(-0.1, 0.1, 2), self.lines)
        radius, edge = rng.uniform(0.06, 0.4), rng.uniform(0.08, 0.35)
        r = np.hypot(self._v - centre[0], self._u - centre[1])
        self._tissue = smoothstep((r - radius) / edge) ** rng.uniform(0.4, 0.9)
        cuff = np.exp(-(((r - radius - edge) / 0.45) ** 2))
        swollen = 1 + rng.uniform(0.1, 0.7) * cuff
        for name in ("INL", "OPL", "ONL"):
            self._scales[name] = self._scales.get(name, np.ones_like(r)) * swollen
        for side in (-1, 1):
            for _ in range(int(rng.integers(0, 4))):
                away = radius + edge + rng.uniform(0.08, 0.4)
                at = centre + np.array([0.0, side * away])
                self._place_cyst(at, log_uniform(rng, 0.03, 0.1), log_uniform(rng, 15, 60), "ONL")
        lifted = rng.uniform(0, 90) * np.exp(-(((r - radius) / 0.25) ** 2))
        self._srf = np.maximum(self._srf, np.where(lifted > 8, lifted, 0))

    def weaken(self) -> None:
        """Loss of the ellipsoid zone in patches, and over what lifts it."""
        rng = self._rng
        if rng.random() > 0.6:
            return
        lifted = np.maximum.reduce([self._drusen, self._ped, self._shrm * 2, self._srf * 0.5])
        lost = smoothstep((lifted - rng.uniform(10, 60)) / 60)
        field = SmoothField(rng, log_uniform(rng, 0.08, 0.5)).at(self._v, self._u)
        patches = smoothstep((field - rng.uniform(0.6, 2.0)) / 0.6)
        near = np.exp(-((self._v**2 + self._u**2) / 1.5**2))
        self._lost = np.clip(np.maximum(lost, patches * near) * rng.uniform(0.4, 1), 0, 1)

    def lesions(self) -> Lesions:
        """Return what has grown."""
        tissue = self._tissue
        below = np.maximum(self._drusen, self._ped)
        fluid, material = self._srf, self._shrm
        if tissue is not None:
            there = smoothstep(tissue * 3)
            fluid, material = fluid * there, material * there
        if self._atrophy is not None:
            fluid, material = fluid * (1 - self._atrophy), material
        disc = None
        if self._parameters.disc_in_view:
            dv = (self._v - DISC_MM[0]) / DISC_HALF_MM[0]
            disc = np.hypot(dv, (self._u - DISC_MM[1]) / DISC_HALF_MM[1])
            clear = smoothstep((disc - 1.2) / 0.4)
            fluid, material, below = fluid * clear, material * clear, below * clear
        foci = []
        if self._foci_per_ten > 0:
            foci = scattered_foci(
                self._rng, self._parameters, self._macula, round(self._foci_per_ten)
            )
        wide = self._ped >= self._drusen
        return Lesions(
            drusen_um=np.where(wide, 0, below),
            ped_um=np.where(wide, below, 0),
            # Fluid levels out what stands up from its floor.
            srf_um=fluid - np.minimum(below, 0.6 * fluid),
            shrm_um=material,
            erm_um=self._membrane,
            erm_folds_um=self._folds,
            cysts=self._cysts,
            foci=foci,
            scales={n: s for n, s in self._scales.items() if n in (*LAYERS, "choroid")},
            atrophy=self._atrophy,
            tissue=tissue,
            disc=disc,
            ellipsoid_loss=self._lost,
        )


_CYST_LAYERS = ([0.5, 0.35, 0.15], [0.85, 0.1, 0.05], [0.2, 0.75, 0.05], [0.4, 0.5, 0.1])
