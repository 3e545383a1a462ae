"""What the simulated eye is like: anatomy, lesions, device, noise. Every field has a meaning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from mirage_core.scan import Laterality
from mirage_core.simulate.appearance import AS_DRAWN, Appearance


class Pathology(StrEnum):
    """Lesions the simulator can grow."""

    DRUSEN = "drusen"
    PED = "ped"
    IRF = "irf"
    SRF = "srf"
    SHRM = "shrm"
    ERM = "erm"


class VendorLook(StrEnum):
    """Whose images the B-scans resemble: grain, background, contrast, depth roll-off."""

    SPECTRALIS = "spectralis"
    CIRRUS = "cirrus"
    TOPCON = "topcon"


@dataclass(frozen=True, slots=True)
class Lesion:
    """A pathology and how much of it, `severity` from just visible (0) to severe (1)."""

    kind: Pathology
    severity: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Pathology(self.kind))
        if not 0.0 <= self.severity <= 1.0:
            raise ValueError(f"severity must lie between 0 and 1, not {self.severity}")


HEALTHY: tuple[Lesion, ...] = ()
"""No lesions."""
MIXED_DISEASE: tuple[Lesion, ...] = (
    Lesion(Pathology.DRUSEN, 0.45),
    Lesion(Pathology.PED, 0.35),
    Lesion(Pathology.IRF, 0.5),
    Lesion(Pathology.SRF, 0.4),
)
"""Mild drusen and PED with a few cysts and one pocket of subretinal fluid: something to correct."""

# Depth and lateral sampling of each device's usual macular cube.
_NATIVE_GRID: dict[VendorLook, tuple[tuple[int, int, int], tuple[float, float, float], bool]] = {
    VendorLook.SPECTRALIS: ((49, 496, 512), (49 * 0.12, 496 * 0.00387, 512 * 0.0115), False),
    VendorLook.CIRRUS: ((128, 1024, 512), (6.0, 2.0, 6.0), True),
    VendorLook.TOPCON: ((128, 885, 512), (6.0, 2.3, 6.0), True),
}
_MAX_FIELD_MM = 6.8


@dataclass(frozen=True, slots=True)
class EyeParameters:
    """Parameters of a simulated eye. Immutable; vary one with :func:`dataclasses.replace`.

    Attributes
    ----------
    shape : (int, int, int)
        Volume size ``(b, z, x)``.
    field_mm : (float, float, float)
        Extent ``(b, z, x)`` in mm; the spacing is ``field_mm / shape``. The optic disc stays
        outside fields of up to 6.8 mm, larger ones are refused unless `disc_in_view`.
    slo_px : int
        Rows and columns of the (square) SLO image.
    slo_field_mm : float
        Side of the SLO image in mm.
    slo_offset_mm : (float, float)
        Where the SLO's centre lies from the scan's centre: mm towards superior, towards nasal.
    laterality : Laterality
        OD or OS. An OS eye is the mirror image of the OD eye of the same seed.
    superior_to_inferior : bool
        Whether B-scan 0 is the superior one; Heidelberg volumes start inferior.
    pathology : tuple of Lesion
        At most one entry per kind; empty is a healthy eye.
    vendor : VendorLook
    averaging : int or None
        Frames averaged per B-scan; speckle contrast falls with its square root. None takes the
        look's usual number.
    speckle : float
        Multiplies the speckle contrast, 1 = the look's own.
    noise : float
        Multiplies the additive noise, 1 = the look's own.
    contrast : float
        Multiplies the distance of every grey value from the middle of the retina's range.
    brightness : float
        Grey levels added before saturation at 0 and 254.
    tilt_um_per_mm : (float, float)
        Slope of the retina towards superior and towards nasal; positive is deeper.
    curvature_um_per_mm2 : float
        Bowl of the posterior pole: Bruch's membrane rises by this times the squared distance.
    motion_axial_um, motion_lateral_um : float
        Standard deviations of each B-scan's displacement. Lateral motion moves what is seen, not
        the recorded position, as in a real eye whose tracker slipped.
    fovea_offset_mm : (float, float)
        Place of the fovea from the scan's centre: mm towards superior, towards nasal.
    thickness_scale : float
        Multiplies every retinal layer's thickness.
    variation : float
        How far the eye departs from the population mean, 0 = the mean eye, 1 = usual spread.
    choroid_um : float
        Choroidal thickness under the fovea.
    vessel_density : float
        Number of retinal vessel branches, 1 = usual, 0 = trunks only.
    shadow_strength : float
        Darkness of shadows under vessels, 1 = usual.
    media_opacity : float
        Patchy loss of signal from cataract and floaters, 0..1.
    padding_fraction : float
        Mean share of pixels of a B-scan that are white registration padding (255), up to 0.12.
    appearance : Appearance
        How tissue, lesions and the media look.
    disc_in_view : bool
        Whether the scan may reach the optic disc: fields of up to 9.2 mm, the fovea up to 3 mm
        from the centre. Only :mod:`mirage_core.simulate.source` draws a disc in B-scans.
    """

    shape: tuple[int, int, int] = _NATIVE_GRID[VendorLook.SPECTRALIS][0]
    field_mm: tuple[float, float, float] = _NATIVE_GRID[VendorLook.SPECTRALIS][1]
    slo_px: int = 768
    slo_field_mm: float = 8.76
    slo_offset_mm: tuple[float, float] = (0.05, 0.55)
    laterality: Laterality = Laterality.OD
    superior_to_inferior: bool = False
    pathology: tuple[Lesion, ...] = MIXED_DISEASE
    vendor: VendorLook = VendorLook.SPECTRALIS
    averaging: int | None = None
    speckle: float = 1.0
    noise: float = 1.0
    contrast: float = 1.0
    brightness: float = 0.0
    tilt_um_per_mm: tuple[float, float] = (6.0, 14.0)
    curvature_um_per_mm2: float = 9.0
    motion_axial_um: float = 4.0
    motion_lateral_um: float = 0.0
    fovea_offset_mm: tuple[float, float] = (0.05, -0.08)
    thickness_scale: float = 1.0
    variation: float = 1.0
    choroid_um: float = 290.0
    vessel_density: float = 1.0
    shadow_strength: float = 1.0
    media_opacity: float = 0.05
    padding_fraction: float = 0.0
    appearance: Appearance = AS_DRAWN
    disc_in_view: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "vendor", VendorLook(self.vendor))
        object.__setattr__(self, "pathology", tuple(self.pathology))
        if self.laterality not in (Laterality.OD, Laterality.OS):
            raise ValueError("a simulated eye is OD or OS")
        b, z, x = self.shape
        if b < 1 or z < 96 or x < 64:
            raise ValueError(f"shape must be at least (1, 96, 64), not {self.shape}")
        most_mm, off_mm = (9.2, 3.0) if self.disc_in_view else (_MAX_FIELD_MM, 0.5)
        if not (0 < self.field_mm[0] <= most_mm and 0 < self.field_mm[2] <= most_mm):
            raise ValueError(f"the field must be within {most_mm} mm, not {self.field_mm}")
        if not 1.6 <= self.field_mm[1] <= 4.0:
            raise ValueError(f"depth must be 1.6 to 4 mm, not {self.field_mm[1]}")
        if self.slo_px < 64:
            raise ValueError("the SLO must have at least 64 px a side")
        for axis, offset in ((0, self.slo_offset_mm[0]), (2, self.slo_offset_mm[1])):
            if self.field_mm[axis] / 2 + abs(offset) > self.slo_field_mm / 2:
                raise ValueError("the B-scans must lie inside the SLO")
        if max(map(abs, self.fovea_offset_mm)) > off_mm:
            raise ValueError(f"the fovea must lie within {off_mm} mm of the centre")
        kinds = [lesion.kind for lesion in self.pathology]
        if len(set(kinds)) != len(kinds):
            raise ValueError("name each pathology once")
        if not 0.0 <= self.padding_fraction <= 0.12:
            raise ValueError("padding_fraction must lie between 0 and 0.12")
        if self.averaging is not None and self.averaging < 1:
            raise ValueError("averaging counts frames: at least 1")
        if not 0.6 <= self.thickness_scale <= 1.4 or not 120 <= self.choroid_um <= 450:
            raise ValueError("thickness_scale must be 0.6..1.4 and choroid_um 120..450")
        non_negative = (
            self.speckle, self.noise, self.motion_axial_um, self.motion_lateral_um,
            self.variation, self.vessel_density, self.shadow_strength, self.media_opacity,
        )  # fmt: skip
        if min(non_negative) < 0 or self.contrast <= 0:
            raise ValueError("amounts of noise, motion and vessels cannot be negative")

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Spacing ``(db, dz, dx)`` in mm."""
        (fb, fz, fx), (b, z, x) = self.field_mm, self.shape
        return fb / b, fz / z, fx / x

    @property
    def slo_mm_per_px(self) -> float:
        """Scale of the SLO in mm per px, the same along rows and columns."""
        return self.slo_field_mm / self.slo_px

    def severity(self, kind: Pathology) -> float | None:
        """Return the severity of pathology `kind`, None where the eye does not have it."""
        return next((lesion.severity for lesion in self.pathology if lesion.kind is kind), None)

    @classmethod
    def of_vendor(cls, vendor: VendorLook) -> EyeParameters:
        """Return the default eye on the usual macular cube of `vendor`, with its look."""
        shape, field_mm, superior_first = _NATIVE_GRID[vendor]
        return cls(
            shape=shape, field_mm=field_mm, vendor=vendor, superior_to_inferior=superior_first
        )

    @classmethod
    def random(
        cls, rng: np.random.Generator, shape: tuple[int, int, int] | None = None
    ) -> EyeParameters:
        """Draw an eye, its lesions and its device within physically sensible ranges.

        Parameters
        ----------
        rng : numpy.random.Generator
        shape : (int, int, int), optional
            Volume size ``(b, z, x)``; by default the usual cube of the vendor drawn.
        """
        vendor = list(VendorLook)[int(rng.choice(3, p=[0.5, 0.25, 0.25]))]
        base = cls.of_vendor(vendor)
        present = rng.random(len(Pathology)) < np.array([0.35, 0.2, 0.3, 0.25, 0.12, 0.12])
        healthy = rng.random() < 0.2
        severities = rng.uniform(0.1, 1.0, len(Pathology))
        lesions = tuple(
            Lesion(kind, float(severity))
            for kind, severity, here in zip(Pathology, severities, present, strict=True)
            if here and not healthy
        )

        def uniform(low: float, high: float) -> float:
            return float(rng.uniform(low, high))

        return replace(
            base,
            shape=shape or base.shape,
            laterality=Laterality.OD if rng.random() < 0.5 else Laterality.OS,
            superior_to_inferior=bool(rng.random() < 0.5),
            pathology=lesions,
            averaging=int(rng.choice([1, 2, 4, 9, 16, 25, 50])),
            speckle=uniform(0.7, 1.3),
            noise=uniform(0.6, 1.7),
            contrast=uniform(0.75, 1.2),
            brightness=uniform(-14.0, 14.0),
            tilt_um_per_mm=(uniform(-25, 25), uniform(-60, 60)),
            curvature_um_per_mm2=uniform(2, 18),
            motion_axial_um=uniform(0, 15),
            motion_lateral_um=uniform(0, 20),
            fovea_offset_mm=(uniform(-0.4, 0.4), uniform(-0.4, 0.4)),
            thickness_scale=uniform(0.88, 1.12),
            variation=uniform(0.5, 1.5),
            choroid_um=uniform(150, 420),
            vessel_density=uniform(0.4, 1.8),
            shadow_strength=uniform(0.5, 1.4),
            media_opacity=float(rng.random() ** 2 * 0.5),
            padding_fraction=uniform(0.01, 0.08) if rng.random() < 0.25 else 0.0,
        )
