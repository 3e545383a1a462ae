"""Colours of maps: even steps to the eye, also to colour-blind eyes and in grey. No Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U32 = NDArray[np.uint32]

# Every sixteenth of the way, from the tables of matplotlib.
_STOPS = {
    "Viridis": "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 "
    "3fbc73 5ec962 84d44b addc30 d8e219 fde725",
    "Cividis": "00224e 002e6a 1a386f 32436d 434e6c 535a6d 61656f 6f7073 7d7c78 8c8878 9b9476 "
    "aba072 bcae6c cdbb63 dec958 f0d846 fee838",
    "Magma": "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 d0416f e75263 "
    "f56b5c fc8961 fea772 fec488 fde2a3 fcfdbf",
}
COLOR_MAPS = tuple(_STOPS)
"""Names, the usual one first."""
DIFFERENCE = "Difference"
"""From less (blue) over none (white) to more (red), told apart by colour-blind eyes too."""
# RdBu of ColorBrewer, from its blue end.
_STOPS_BOTH_WAYS = {
    DIFFERENCE: "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f"
}


def color_table(name: str) -> U32:
    """Return 256 values ``0xffRRGGBB``: clear for what is not known (0), then from low to high."""
    stops = np.array(
        [list(bytes.fromhex(stop)) for stop in (_STOPS | _STOPS_BOTH_WAYS)[name].split()], float
    )
    at = np.linspace(0, len(stops) - 1, 255)
    table = np.zeros(256, np.uint32)
    for channel, shift in enumerate((16, 8, 0)):
        values = np.interp(at, np.arange(len(stops)), stops[:, channel])
        table[1:] |= np.rint(values).astype(np.uint32) << np.uint32(shift)
    table[1:] |= np.uint32(0xFF000000)
    return table


def color_index(values: NDArray[np.floating], low: float, high: float) -> NDArray[np.uint8]:
    """Return where `values` stand in a :func:`color_table` from `low` to `high`; NaN is 0."""
    share = np.clip((values - low) / max(high - low, 1e-9), 0.0, 1.0)
    out: NDArray[np.uint8] = np.where(np.isfinite(values), np.nan_to_num(share * 254) + 1, 0)
    return out.astype(np.uint8)
