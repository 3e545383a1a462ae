"""How a device's B-scans look: grain, background, contrast and loss of signal with depth."""

from __future__ import annotations

from dataclasses import dataclass

from mirage_core.simulate.parameters import VendorLook


@dataclass(frozen=True, slots=True)
class Look:
    """Constants of one device's images. Grey values are display grey, 0..255.

    Attributes
    ----------
    frames : int
        Frames usually averaged.
    speckle : float
        Speckle contrast of a single frame after the display's fourth-root curve.
    grain_px : (float, float)
        Speckle size ``(z, x)``: sigma of the correlation.
    noise : float
        Standard deviation of the additive noise, grey.
    background : float
        Mean grey of clear vitreous before clipping at black.
    gain : float
        Slope from the reference tissue grey to this device's.
    choroid_slope : float
        Grey lost per um below Bruch's membrane.
    roll_off : float
        Share of the signal lost from the top to the bottom of the image.
    knee : float
        Grey above which the contrast curve flattens.
    """

    frames: int
    speckle: float
    grain_px: tuple[float, float]
    noise: float
    background: float
    gain: float
    choroid_slope: float
    roll_off: float
    knee: float


LOOKS: dict[VendorLook, Look] = {
    VendorLook.SPECTRALIS: Look(16, 0.155, (1.0, 0.75), 10.5, 2.0, 1.0, 0.34, 0.03, 215.0),
    VendorLook.CIRRUS: Look(1, 0.105, (1.0, 0.7), 13.0, 48.0, 0.74, 0.40, 0.10, 190.0),
    VendorLook.TOPCON: Look(4, 0.150, (0.8, 0.95), 11.0, 30.0, 0.82, 0.30, 0.12, 200.0),
}
