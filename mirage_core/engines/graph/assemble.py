"""From first curves to the result: refined surfaces, confidence, NaN on padding, masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph.curves import upsample
from mirage_core.engines.graph.flatten import Flat
from mirage_core.engines.graph.fluid import fluid_candidates
from mirage_core.engines.graph.layers import CHAIN, ELM, OS_RPE, SURFACE_NAMES
from mirage_core.engines.graph.prepare import Prepared
from mirage_core.engines.graph.refine import Refined, refine
from mirage_core.engines.graph.rpe import refine_rpe
from mirage_core.engines.graph.scale import Scale
from mirage_core.scan import enforce_order

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

_SHADOW = 0.6  # share of the usual brightness below which an A-scan lies in a shadow


@dataclass(eq=False)
class Assembled:
    """Surfaces ``[s, b, x]`` (px, NaN undefined), their confidence, and masks ``[b, z, x]``."""

    curves: F32
    confidence: F32
    masks: U8

    @classmethod
    def empty(cls, n: int, height: int, width: int) -> Assembled:
        """Return room for `n` B-scans, undefined everywhere."""
        shape = (len(SURFACE_NAMES), n, width)
        return cls(
            np.full(shape, np.nan, np.float32),
            np.full(shape, np.nan, np.float32),
            np.zeros((n, height, width), np.uint8),
        )

    def put(self, place: int, other: Assembled, k: int) -> None:
        """Copy B-scan `k` of `other` to `place`."""
        self.curves[:, place] = other.curves[:, k]
        self.confidence[:, place] = other.confidence[:, k]
        self.masks[place] = other.masks[k]


def assemble(prepared: Prepared, flat: Flat, curves: F32, scale: Scale) -> Assembled:
    """Refine first curves ``[s, b, X]`` of a chunk and derive everything that is returned."""
    grey, padding = prepared.grey, prepared.padding
    n, width, height = grey.shape
    first = upsample(curves - flat.base_row + flat.base, flat.across, width)
    gain = upsample(flat.gain, flat.across, width)
    found = _refine_all(grey, first, gain, scale)
    depths = enforce_order(np.stack([found[name].depth for name in SURFACE_NAMES]))
    np.clip(depths, 0, height - 1, out=depths)
    confidence = _confidence([found[name].contrast for name in SURFACE_NAMES], gain, scale)
    masks = np.zeros((n, height, width), np.uint8)
    for b in range(n):
        if prepared.blank[b]:
            continue
        named = dict(zip(SURFACE_NAMES, depths[:, b], strict=True))
        masks[b] = fluid_candidates(grey[b], padding[b], named, gain[b], scale)
    _undefine(depths, confidence, prepared)
    return Assembled(depths, confidence, masks)


def _refine_all(grey: F32, first: F32, gain: F32, scale: Scale) -> dict[str, Refined]:
    """Refine the chain, then find the boundaries that hang on it."""
    estimate = dict(zip((b.name for b in CHAIN), first, strict=True))
    alone = [b for b in CHAIN if b.name != "RPE"]
    refined = refine(grey, [estimate[b.name] for b in alone], gain, alone, scale)
    found = dict(zip((b.name for b in alone), refined, strict=True))
    ez, bm = found["EZ"].depth, found["BM"].depth
    found["RPE"] = refine_rpe(grey, estimate["RPE"], ez, bm, gain, scale)
    about = [ez - scale.z_px(ELM.gap_um[0]), ez + scale.z_px(OS_RPE.gap_um[0])]
    found["ELM"], found["OS/RPE"] = refine(grey, about, gain, (ELM, OS_RPE), scale)
    return found


def _confidence(contrasts: list[F32], gain: F32, scale: Scale) -> F32:
    """Return 0..1 per surface and A-scan ``[s, b, x]``.

    The contrast of each boundary is compared with what is usual for it in the same B-scan, and
    lowered where the retina as a whole is darker than its surroundings, as in a shadow.
    """
    usual_gain = ndimage.median_filter(
        gain, size=(1, max(3, round(scale.x_px(900)) | 1)), mode="nearest"
    )
    light = np.clip(gain / (_SHADOW * usual_gain + 1e-6), 0, 1)
    out = np.empty((len(contrasts), *gain.shape), np.float32)
    for k, contrast in enumerate(contrasts):
        seen = np.maximum(contrast, 0)
        usual = np.median(seen, axis=1, keepdims=True)
        ratio = np.clip(seen / (usual + 1e-6), 0, 1) * light**2
        out[k] = ndimage.gaussian_filter1d(ratio, scale.x_px(15), axis=1, mode="nearest")
    return np.clip(out, 0, 1)


def _undefine(depths: F32, confidence: F32, prepared: Prepared) -> None:
    """Make surfaces NaN in place: in padding, in wholly padded A-scans, in blank B-scans."""
    rows = np.rint(depths).astype(np.int64)
    n, width, _ = prepared.padding.shape
    b, x = np.arange(n)[:, None], np.arange(width)
    gone = prepared.padding[b, x, rows] | prepared.padding.all(axis=2)
    gone |= prepared.blank[:, None]
    depths[gone] = np.nan
    confidence[gone] = np.nan
