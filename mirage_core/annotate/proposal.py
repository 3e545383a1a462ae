"""Proposal: what an engine offers for some B-scans, and how it becomes patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import MASKS, Annotation, State, Target
from mirage_core.annotate.draft import differing
from mirage_core.annotate.edit import Patch
from mirage_core.annotate.ordering import clamp_between, ordered_count
from mirage_core.scan import Masks, Surfaces, enforce_order

F32 = NDArray[np.float32]


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

    A structure on a B-scan that a human edited or approved is left alone unless the proposal
    holds it and `overwrite` is set. Where surfaces would cross, what a human drew stays, the
    proposed ones give way to it, and what an engine or the device had drawn before and is not
    proposed anew gives way to both.
    """
    patches: list[Patch] = []
    for n, b in enumerate(proposal.b_scans):
        human = annotation.states[:, b] >= State.EDITED
        patches += _surface_patches(annotation, proposal, n, human[:-1] & (not overwrite))
        if proposal.masks is not None and (overwrite or not human[-1]):
            patches += _mask_patches(annotation, proposal.masks.labels[n], b)
    return tuple(patches)


def _surface_patches(
    annotation: Annotation, proposal: Proposal, n: int, kept: NDArray[np.bool_]
) -> list[Patch]:
    b = proposal.b_scans[n]
    names = annotation.surfaces.names
    old = annotation.surfaces.values[:, b]
    curves, confidence = old.copy(), annotation.confidence[:, b].copy()
    proposed = np.zeros(len(names), bool)
    for i, name in enumerate(proposal.surfaces.names):
        if name in names and not kept[names.index(name)]:
            row = names.index(name)
            proposed[row] = True
            curves[row] = proposal.surfaces.values[i, n]
            confidence[row] = np.nan
            if proposal.confidence is not None:
                confidence[row] = proposal.confidence[i, n]
    human = ~proposed & (annotation.states[:-1, b] >= State.EDITED)
    m = ordered_count(names)
    _settle(curves[:m], proposed[:m], human[:m])
    moved = differing(curves, old).any(axis=1)
    patches = []
    for row in np.flatnonzero(proposed | moved).tolist():
        for target, new in ((Target.SURFACES, curves[row]), (Target.CONFIDENCE, confidence[row])):
            was = annotation.array(target)[row, b].astype(np.float32)
            if differing(was, new).any():
                patches.append(Patch(target, (row, b, 0), was[None, None], new[None, None].copy()))
        patches += _to_predicted(annotation, row, b)
    return patches


def _settle(curves: F32, proposed: NDArray[np.bool_], human: NDArray[np.bool_]) -> None:
    """Bring the ordered surfaces ``[s, x]`` of one B-scan into order, in place."""
    firm = np.flatnonzero(proposed | human)
    fixed = np.broadcast_to(human[firm, None], (len(firm), curves.shape[1]))
    curves[firm] = clamp_between(curves[firm], fixed)
    curves[proposed] = enforce_order(curves[proposed])
    fixed = np.broadcast_to((proposed | human)[:, None], curves.shape)
    curves[...] = clamp_between(curves, fixed)


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
