"""From micrometres to pixels, with stated fall-backs where the spacing is unknown."""

from __future__ import annotations

from dataclasses import dataclass

from mirage_core.scan import Spacing

# Used for the search only, never for a measurement: the axial pixel of the commonest devices lies
# between 2 and 6 um, and macular B-scans are mostly 6 mm wide.
DEFAULT_AXIAL_UM = 3.9
DEFAULT_WIDTH_MM = 6.0
_AXIAL_RANGE_UM = (1.0, 12.0)
_LATERAL_RANGE_UM = (3.0, 60.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """Size of a pixel in µm along depth and along the B-scan, as the search uses it.

    ``gap_um`` is the distance of neighbouring B-scans, None when unknown.
    """

    axial_um: float
    lateral_um: float
    gap_um: float | None

    def z_px(self, um: float) -> float:
        """Return a depth of `um` µm in px."""
        return um / self.axial_um

    def x_px(self, um: float) -> float:
        """Return a lateral distance of `um` µm in px."""
        return um / self.lateral_um


def working_scale(spacing: Spacing, width: int) -> Scale:
    """Return the scale the search works in.

    Parameters
    ----------
    spacing : Spacing
    width : int
        A-scans per B-scan.

    Returns
    -------
    Scale
        The spacing where it is known and plausible, else the defaults above.
    """
    db, dz, dx = spacing.as_mm()
    axial = DEFAULT_AXIAL_UM if dz is None else dz * 1000
    lateral = DEFAULT_WIDTH_MM * 1000 / width if dx is None else dx * 1000
    return Scale(
        axial_um=min(max(axial, _AXIAL_RANGE_UM[0]), _AXIAL_RANGE_UM[1]),
        lateral_um=min(max(lateral, _LATERAL_RANGE_UM[0]), _LATERAL_RANGE_UM[1]),
        gap_um=None if db is None else db * 1000,
    )
