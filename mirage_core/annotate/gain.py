"""How much looking at a B-scan is likely to bring: where an engine may be wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import Annotation
from mirage_core.annotate.doubt import doubt_of_b_scans
from mirage_core.annotate.whereabouts import count_violations

F32 = NDArray[np.float32]

_APART_PX = 3.0
"""Disagreement with the neighbours that counts half."""
_MISPLACED_PX = 200.0
_WEIGHTS = (1.0, 1.0, 0.5, 0.25)


def expected_gain(annotation: Annotation, quality: F32 | None = None) -> F32:
    """Return how much looking at every B-scan is likely to bring ``[b]``, 0 and more.

    Added up are the engine's doubt, how far the surfaces lie from those of the B-scans beside,
    marks that lie outside of their layers, and how much worse than usual the device found the
    B-scan.

    Parameters
    ----------
    annotation : Annotation
    quality : float32 array ``[b]``, optional
        The device's figure, more is better.
    """
    doubt = np.nan_to_num(doubt_of_b_scans(annotation))
    apart = disagreement_px(annotation)
    misplaced = count_violations(annotation)
    parts = (
        doubt,
        apart / (apart + _APART_PX),
        misplaced / (misplaced + _MISPLACED_PX),
        _worse(quality, len(doubt)),
    )
    gain = np.zeros(len(doubt), np.float32)
    for weight, part in zip(_WEIGHTS, parts, strict=True):
        gain += (weight * part).astype(np.float32)
    return gain


def disagreement_px(annotation: Annotation) -> F32:
    """Return how far the surfaces of every B-scan lie from those beside it ``[b]``, px.

    Compared is the mean of the two B-scans beside, moved as a whole to where the B-scan lies: the
    eye moves between B-scans. 0 where it cannot be said.
    """
    values = annotation.surfaces.values
    out = np.zeros(values.shape[1], np.float32)
    if values.shape[1] < 3:
        return out
    away = values[:, 1:-1] - (values[:, :-2] + values[:, 2:]) / 2
    for b, here in enumerate(np.moveaxis(away, 1, 0), start=1):
        known = here[np.isfinite(here)]
        if known.size:
            out[b] = np.abs(known - np.median(known)).mean()
    return out


def _worse(quality: F32 | None, n: int) -> F32:
    """Return 0..1: how far below the usual one a B-scan's quality is."""
    if quality is None or len(quality) != n or not np.isfinite(quality).any():
        return np.zeros(n, np.float32)
    usual = float(np.nanmedian(quality))
    if usual <= 0:
        return np.zeros(n, np.float32)
    worse: F32 = np.clip(1 - np.nan_to_num(quality, nan=usual) / usual, 0, 1).astype(np.float32)
    return worse
