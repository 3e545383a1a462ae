"""The last pixel of a surface, found in the image near where a model puts it.

A model sees the B-scan on a square of its own and says to about a pixel where a surface runs; the
edge itself is in the image. What is searched is a band around the model's curve, by the detectors
of the graph search, so that the model decides what is found and the image exactly where.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mirage_core.engines.graph.curves import filled
from mirage_core.engines.graph.layers import CHAIN
from mirage_core.engines.graph.refine import refine
from mirage_core.engines.graph.resolve import gather_evidence
from mirage_core.engines.graph.rpe import refine_rpe
from mirage_core.engines.graph.scale import working_scale
from mirage_core.scan import Spacing, Surfaces, enforce_order

_BOUNDARIES = {b.name: b for b in CHAIN if b.name != "RPE"}
_RPE_NEEDS = ("EZ", "RPE", "BM")


def sharpened(
    surfaces: Surfaces, names: Sequence[str], b_scans: NDArray[np.uint8], spacing: Spacing
) -> Surfaces:
    """Return `surfaces` with some of them moved to their edges in the image.

    Parameters
    ----------
    surfaces : Surfaces
        ``[s, n, x]`` px, ordered. Where one is undefined it stays so.
    names : sequence of str
        Those to move; one of which the graph search does not know how it looks stays where it is,
        and the RPE, which is sought between its neighbours, where EZ or BM is not there.
    b_scans : uint8 array ``[n, z, x]``
    spacing : Spacing
    """
    first = {n: filled(surfaces[n]) for n in surfaces.names if np.isfinite(surfaces[n]).any()}
    if not first:
        return surfaces
    scale = working_scale(spacing, surfaces.values.shape[2])
    evidence = gather_evidence(b_scans, scale, first.get("ILM"), first.get("BM"))
    grey, gain = evidence.grey, evidence.gain
    found = {}
    chosen = [n for n in names if n in _BOUNDARIES and n in first]
    if chosen:
        curves, boundaries = [first[n] for n in chosen], [_BOUNDARIES[n] for n in chosen]
        refined = refine(grey, curves, gain, boundaries, scale)
        found = {n: r.depth for n, r in zip(chosen, refined, strict=True)}
    if "RPE" in names and all(n in first for n in _RPE_NEEDS):
        bm = found.get("BM", first["BM"])
        found["RPE"] = refine_rpe(grey, first["RPE"], first["EZ"], bm, gain, scale).depth
    values = surfaces.values.copy()
    for name, curve in found.items():
        row = surfaces.index(name)
        inside = np.clip(curve, 0, b_scans.shape[1] - 1)
        values[row] = np.where(np.isfinite(values[row]), inside, np.nan)
    return Surfaces(_in_order(values), surfaces.names)


def _in_order(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``[s, n, x]`` in order: halfway between what pushes down and what pushes up.

    Where two curves cross neither is known to be the wrong one.
    """
    down = enforce_order(values)
    up = -enforce_order(-values[::-1])[::-1]
    return np.asarray((down + up) / 2, np.float32)
