"""Vendor surfaces of a Heidelberg .vol file: named, sorted, never repaired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Surfaces, anatomical_order, order_violations

# The device numbers its boundaries 0 to 16 (heyex order: ILM, BM, RNFL, GCL, IPL, INL, OPL, ONL,
# ELM, IOS, OPT, CHO, VIT, ANT, PR1, PR2, RPE). The first two are always there. Slots whose
# anatomical place is not published carry no name here and are left out.
_SLOT_NAMES: dict[int, str] = {
    0: "ILM",
    1: "BM",
    2: "RNFL/GCL",
    3: "GCL/IPL",
    4: "IPL/INL",
    5: "INL/OPL",
    6: "OPL/ONL",
    8: "ELM",
    14: "EZ",
    15: "OS/RPE",
    16: "RPE",
}


@dataclass(frozen=True, slots=True)
class VendorLayers:
    """The surfaces found, None without any, and what the user should know about them."""

    surfaces: Surfaces | None
    notes: tuple[str, ...]


def vendor_layers(layers: NDArray[np.float32], depth_px: int) -> VendorLayers:
    """Return the surfaces in the device's segmentation vectors, in anatomical order.

    Parameters
    ----------
    layers : float32 array ``[slot, b, x]``
        Depths in px from the top, NaN where not set.
    depth_px : int
        Height of the B-scans; depths outside the image are taken as not set.

    Notes
    -----
    Values are kept as they are, also where the order of surfaces is violated: correcting is the
    grader's, and a note says how much there is.
    """
    notes: list[str] = []
    with np.errstate(invalid="ignore"):
        outside = (layers < -1) | (layers > depth_px)
    if outside.any():
        layers = np.where(outside, np.float32(np.nan), layers)
        notes.append(
            "Places of the device's layers outside the image, taken as undefined: "
            f"{int(outside.sum())}."
        )
    filled = [slot for slot in range(len(layers)) if np.isfinite(layers[slot]).any()]
    empty = [_SLOT_NAMES[s] for s in range(len(layers)) if s in _SLOT_NAMES and s not in filled]
    unnamed = [slot for slot in filled if slot not in _SLOT_NAMES]
    slots = [slot for slot in filled if slot in _SLOT_NAMES]
    if empty:
        notes.append(f"The device stored no place for {', '.join(empty)}.")
    if unnamed:
        notes.append(
            f"Layers of the device left out because their meaning is not published: {len(unnamed)}."
        )
    if not slots:
        return VendorLayers(None, tuple(notes))
    names = tuple(_SLOT_NAMES[slot] for slot in slots)
    order = anatomical_order(names)
    values = layers[[slots[i] for i in order]]
    wrong = order_violations(values).any(axis=0)
    if wrong.any():
        notes.append(
            f"The device's layers cross in {int(wrong.sum())} of {wrong.size} A-scans; they are "
            "shown as stored."
        )
    return VendorLayers(Surfaces(values, tuple(names[i] for i in order)), tuple(notes))
