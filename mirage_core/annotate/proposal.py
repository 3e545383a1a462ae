"""Proposal: what an engine offers for some B-scans, and how it becomes patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import MASKS, Annotation, State, Target
from mirage_core.annotate.edit import Patch
from mirage_core.scan import Masks, Surfaces, enforce_order


@dataclass(frozen=True, eq=False)
class Proposal:
    """Surfaces and masks that an engine offers for `b_scans`.

    Attributes
    ----------
    b_scans : tuple of int
        B-scans of the scan, in the order of the arrays' ``n`` axis.
    surfaces : Surfaces
        ``[s, n, x]`` px; names need not cover all of the annotation's.
    confidence : float32 array ``[s, n, x]`` or None
    masks : Masks or None
        uint8 ``[n, z, x]``, in the annotation's label scheme.
    tool, title : str
        Short name and name for people of the engine.
    model_sha256 : str
    """

    b_scans: tuple[int, ...]
    surfaces: Surfaces
    confidence: NDArray[np.float32] | None
    masks: Masks | None
    tool: str
    title: str
    model_sha256: str = ""


def proposal_patches(
    annotation: Annotation, proposal: Proposal, *, overwrite: bool
) -> tuple[Patch, ...]:
    """Return the patches that take `proposal` over.

    A structure on a B-scan that a human edited or approved is left alone unless `overwrite`;
    where kept surfaces and proposed ones would cross, the proposed ones give way.
    """
    patches: list[Patch] = []
    for n, b in enumerate(proposal.b_scans):
        kept = annotation.states[:, b] >= State.EDITED
        if overwrite:
            kept = np.zeros_like(kept)
        patches += _surface_patches(annotation, proposal, n, b, kept)
        if proposal.masks is not None and not kept[-1]:
            patches += _mask_patches(annotation, proposal.masks.labels[n], b)
    return tuple(patches)


def _surface_patches(
    annotation: Annotation, proposal: Proposal, n: int, b: int, kept: NDArray[np.bool_]
) -> list[Patch]:
    curves = annotation.surfaces.values[:, b].copy()
    confidence = annotation.confidence[:, b].copy()
    rows = []
    for i, name in enumerate(proposal.surfaces.names):
        if name not in annotation.surfaces.names:
            continue
        row = annotation.surfaces.index(name)
        if kept[row]:
            continue
        rows.append(row)
        curves[row] = proposal.surfaces.values[i, n]
        if proposal.confidence is not None:
            confidence[row] = proposal.confidence[i, n]
    _yield_to_kept(curves, kept[:-1], rows)
    patches = []
    for row in rows:
        for target, new in ((Target.SURFACES, curves[row]), (Target.CONFIDENCE, confidence[row])):
            old = annotation.array(target)[row, b]
            if not np.array_equal(old, new, equal_nan=True):
                patches.append(
                    Patch(target, (row, b, 0), old[None, None].copy(), new[None, None].copy())
                )
        patches += _to_predicted(annotation, row, b)
    return patches


def _yield_to_kept(curves: NDArray[np.float32], kept: NDArray[np.bool_], rows: list[int]) -> None:
    """Clamp the proposed `rows` of `curves` between the kept ones, then order them."""
    if kept.any():
        fixed = np.where(kept[:, None], curves, np.nan)
        lower = np.fmax.accumulate(fixed, axis=0)
        upper = np.fmin.accumulate(fixed[::-1], axis=0)[::-1]
        for row in rows:
            clamped = np.fmin(np.fmax(curves[row], lower[row]), upper[row])
            curves[row] = np.where(np.isnan(curves[row]), np.nan, clamped)
    ordered = enforce_order(curves[rows])
    curves[rows] = ordered


def _mask_patches(annotation: Annotation, labels: NDArray[np.uint8], b: int) -> list[Patch]:
    old = annotation.masks.labels[b]
    differs = old != labels
    patches = []
    if differs.any():
        rows = np.flatnonzero(differs.any(axis=1))
        columns = np.flatnonzero(differs.any(axis=0))
        z, x = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        patches.append(
            Patch(
                Target.MASKS,
                (b, int(rows[0]), int(columns[0])),
                old[z, x][None].copy(),
                labels[z, x][None].copy(),
            )
        )
    return patches + _to_predicted(annotation, annotation.structures.index(MASKS), b)


def _to_predicted(annotation: Annotation, row: int, b: int) -> list[Patch]:
    old = annotation.states[row, b]
    if old == State.PREDICTED:
        return []
    new = np.array([[State.PREDICTED]], np.uint8)
    return [Patch(Target.STATES, (row, b), np.array([[old]], np.uint8), new)]
