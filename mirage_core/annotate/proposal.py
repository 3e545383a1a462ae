"""Proposal: what an engine offers for some B-scans, and how it becomes patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import Annotation, State, Target
from mirage_core.annotate.draft import differing
from mirage_core.annotate.edit import Patch
from mirage_core.annotate.ordering import clamp_between, ordered_count
from mirage_core.annotate.relabel import mask_patch
from mirage_core.scan import LabelScheme, Masks, Surfaces, enforce_order, renumbering

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
        uint8 ``[n, z, x]``; its classes are found in the annotation's label scheme by name.
    tool, title : str
        Short name and name for people of the engine.
    model_sha256 : str
    remarks : tuple of str
        Sentences for the user about how it came about.
    holds : bool array ``[s + 1, n]`` or None
        Which of its surfaces, and in the last row whether masks, it holds on which of its
        B-scans; None where it holds all of them on all. What it does not hold stays, values and
        state.
    """

    b_scans: tuple[int, ...]
    surfaces: Surfaces
    confidence: NDArray[np.float32] | None
    masks: Masks | None
    tool: str
    title: str
    model_sha256: str = ""
    remarks: tuple[str, ...] = ()
    holds: NDArray[np.bool_] | None = None

    def holds_surface(self, i: int) -> NDArray[np.bool_]:
        """Return on which of its B-scans ``[n]`` it holds its surface in row `i`."""
        every = np.ones(len(self.b_scans), bool)
        return every if self.holds is None else self.holds[i]

    def holds_masks(self) -> NDArray[np.bool_]:
        """Return on which of its B-scans ``[n]`` it holds masks."""
        if self.masks is None:
            return np.zeros(len(self.b_scans), bool)
        return self.holds_surface(-1)


def proposal_patches(
    annotation: Annotation, proposal: Proposal, *, overwrite: bool
) -> tuple[Patch, ...]:
    """Return the patches that take `proposal` over.

    A structure on a B-scan that a human edited or approved is left alone unless the proposal
    holds it and `overwrite` is set; so is the whole of a B-scan whose surfaces are approved,
    since what joined them would be approved by nobody. Where surfaces would cross, what a human
    drew stays, the proposed ones give way to it, and what an engine or the device had drawn
    before and is not proposed anew gives way to both. Depths that are not in the image count as
    undefined.

    Raises
    ------
    ValueError
        If the proposal is of another grid, or holds a mask class that the annotation has not.
    """
    _check_grid(annotation, proposal)
    b_scans = np.asarray(proposal.b_scans, np.intp)
    before = annotation.states[:, b_scans]
    human = before >= State.EDITED
    approved = (before == State.APPROVED) | (before == State.UNSEEN)
    whole = approved.all(axis=0) & human[:-1].any(axis=0)
    kept = (human | whole) & (not overwrite)
    patches, taken = _surface_patches(annotation, proposal, b_scans, human[:-1], kept[:-1])
    masks_taken = proposal.holds_masks() & ~kept[-1]
    if proposal.masks is not None:
        values = _values_by_name(proposal.masks, annotation.masks.scheme)
        for n in np.flatnonzero(masks_taken).tolist():
            labels = values[proposal.masks.labels[n]]
            patch = mask_patch(annotation, int(b_scans[n]), labels)
            if patch is not None:
                patches.append(patch)
    taken = np.concatenate([taken, masks_taken[None]])
    predicted = np.where(taken, np.uint8(State.PREDICTED), before)
    return (*patches, *_blocks(Target.STATES, b_scans, before, predicted))


def _check_grid(annotation: Annotation, proposal: Proposal) -> None:
    n = len(proposal.b_scans)
    n_b_scans, height, width = annotation.masks.labels.shape
    surfaces, confidence, masks = proposal.surfaces.values, proposal.confidence, proposal.masks
    if (
        len(set(proposal.b_scans)) != n
        or any(not 0 <= b < n_b_scans for b in proposal.b_scans)
        or surfaces.shape[1:] != (n, width)
        or (confidence is not None and confidence.shape != surfaces.shape)
        or (masks is not None and masks.labels.shape != (n, height, width))
        or (proposal.holds is not None and proposal.holds.shape != (len(surfaces) + 1, n))
    ):
        raise ValueError("what the engine returned does not fit this scan")


def _values_by_name(masks: Masks, scheme: LabelScheme) -> NDArray[np.uint8]:
    """Return the table ``[256]`` from the values of `masks` to those of `scheme`.

    An annotation keeps the classes of the day it was begun; equal numbers need not mean the
    same there.
    """
    table = renumbering(masks.scheme, scheme)
    used = np.bincount(masks.labels.ravel(), minlength=256) > 0
    for value in np.flatnonzero(used & (table < 0)).tolist():
        raise ValueError(
            f"this annotation has no mask class {masks.scheme.name_of(value)}, which the engine "
            "found"
        )
    return table.clip(0).astype(np.uint8)


def _surface_patches(
    annotation: Annotation,
    proposal: Proposal,
    b_scans: NDArray[np.intp],
    human: NDArray[np.bool_],
    kept: NDArray[np.bool_],
) -> tuple[list[Patch], NDArray[np.bool_]]:
    """Return the patches of the surfaces, and which ``[s, n]`` are now the engine's."""
    names = annotation.surfaces.names
    old, old_confidence = annotation.surfaces.values[:, b_scans], annotation.confidence[:, b_scans]
    curves, confidence = old.copy(), old_confidence.copy()
    proposed = np.zeros(human.shape, bool)
    height = annotation.masks.labels.shape[1]
    for i, name in enumerate(proposal.surfaces.names):
        if name not in names:
            continue
        row = names.index(name)
        proposed[row] = proposal.holds_surface(i) & ~kept[row]
        taken = proposed[row, :, None]
        depths = proposal.surfaces.values[i]
        # As with a device's surfaces: a pixel beyond the border is its rounding, no more.
        seen = (depths >= -1) & (depths <= height)
        curves[row] = np.where(taken, np.where(seen, depths, np.nan), curves[row])
        sure = np.nan if proposal.confidence is None else proposal.confidence[i]
        confidence[row] = np.where(taken, np.where(seen, sure, np.nan), confidence[row])
    m = ordered_count(names)
    _settle(curves[:m], proposed[:m, :, None], (human & ~proposed)[:m, :, None])
    moved = differing(curves, old).any(axis=2)
    patches = _blocks(Target.SURFACES, b_scans, old, curves)
    patches += _blocks(Target.CONFIDENCE, b_scans, old_confidence, confidence)
    return patches, proposed | moved


def _settle(curves: F32, proposed: NDArray[np.bool_], human: NDArray[np.bool_]) -> None:
    """Bring the ordered surfaces ``[s, n, x]`` into order, in place; masks are ``[s, n, 1]``."""
    offered = np.where(proposed, curves, np.float32(np.nan))
    if human.any():
        offered = clamp_between(np.where(human, curves, offered), _like(curves, human))
        offered[_like(curves, ~proposed)] = np.nan
    curves[...] = np.where(proposed, enforce_order(offered), curves)
    firm = proposed | human
    if np.isfinite(curves[~firm[:, :, 0]]).any():
        curves[...] = clamp_between(curves, _like(curves, firm))


def _like(curves: F32, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.broadcast_to(mask, curves.shape)


def _blocks(
    target: Target,
    b_scans: NDArray[np.intp],
    old: NDArray[np.generic],
    new: NDArray[np.generic],
) -> list[Patch]:
    """Return one patch per row and run of neighbouring B-scans that differ.

    `old` and `new` are ``[row, n]`` or ``[row, n, x]``. Runs keep the number of patches of a
    whole volume small, and hold only B-scans that changed.
    """
    differs = ~((old == new) | ((old != old) & (new != new)))
    changed = differs.any(axis=2) if differs.ndim == 3 else differs
    patches = []
    for row in np.flatnonzero(changed.any(axis=1)).tolist():
        places = np.flatnonzero(changed[row])
        gaps = np.flatnonzero((np.diff(places) > 1) | (np.diff(b_scans[places]) != 1)) + 1
        for run in np.split(places, gaps):
            cut = (slice(row, row + 1), slice(run[0], run[-1] + 1))
            origin = (row, int(b_scans[run[0]]), *([0] if old.ndim == 3 else []))
            patches.append(Patch(target, origin, old[cut].copy(), new[cut].copy()))
    return patches
