"""Masks corrected by hand on one B-scan, carried to the B-scans around it.

Each piece is followed from B-scan to B-scan (:mod:`mirage_core.annotate.carry`) until the image
no longer shows it, or too far away to be meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.annotate import Annotation, Edit, State, Target
from mirage_core.annotate.carry import Passage
from mirage_core.annotate.tools import TOOLS
from mirage_core.annotate.whereabouts import may_lie
from mirage_core.scan import Scan

Bool = NDArray[np.bool_]
U8 = NDArray[np.uint8]

FURTHEST_UM = 250.0
"""How far from a corrected B-scan its masks are carried; the next B-scan is always asked."""
_BY_HAND = frozenset(name for name, tool in TOOLS.items() if tool.draws == "mask") | {
    "pocket",
    "tidy",
    "whereabouts",
}
_SAME = 0.9
"""Dice from which on what is there already is left as it is."""
_REPLACED = 0.5
"""Share of a piece that what is carried covers if it takes its place."""
_UNWANTED = 0.4
"""Dice from which on a piece counts as the one that was removed."""
_NEAR_PX = 3


@dataclass(frozen=True, eq=False)
class MaskCorrection:
    """How the masks of one B-scan were corrected.

    Attributes
    ----------
    b : int
    before, after : uint8 array ``[z, x]``
        Its labels.
    """

    b: int
    before: U8
    after: U8


@dataclass(frozen=True, eq=False)
class _Piece:
    """A piece of one class on its way from B-scan `source`; `gone` if it was removed by hand."""

    source: int
    value: int
    region: Bool
    gone: bool = False
    away_um: float = 0.0


def mask_corrections(annotation: Annotation, done: Sequence[Edit]) -> tuple[MaskCorrection, ...]:
    """Return what was corrected by hand since an engine, or an offer, last drew the masks.

    Parameters
    ----------
    annotation : Annotation
        As it is now.
    done : sequence of Edit
        The edits in effect, oldest first.

    Returns
    -------
    tuple of MaskCorrection
        By B-scan.
    """
    now = annotation.masks.labels
    before: dict[int, U8] = {}
    closed: set[int] = set()
    for edit in reversed(done):
        if Target.MASKS not in edit.targets or closed.issuperset(edit.b_scans):
            continue  # what it did need not be read
        for patch in reversed(edit.patches):
            if patch.target is not Target.MASKS:
                continue
            for b in patch.b_scans:
                if edit.tool not in _BY_HAND:
                    closed.add(b)
                elif b not in closed:
                    labels = before.setdefault(b, now[b].copy())
                    labels[patch.where[1:]] = patch.old[b - patch.origin[0]]
    return tuple(
        MaskCorrection(b, labels, now[b].copy())
        for b, labels in sorted(before.items())
        if (labels != now[b]).any()
    )


def carried_masks(
    scan: Scan,
    annotation: Annotation,
    corrections: Sequence[MaskCorrection],
    targets: Sequence[int],
    gap_um: float,
    locked: frozenset[int] = frozenset(),
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[int, U8]:
    """Return the labels that the B-scans around corrected ones would have.

    Pieces that a correction touched are carried, and take the place of what an engine drew of
    them. Where a piece was removed, what corresponds to it is removed. Between two corrected
    B-scans what comes from both sides is blended by nearness.

    Parameters
    ----------
    scan : Scan
    annotation : Annotation
        As it is now. B-scans whose masks a human edited or approved are no targets, and nothing
        is carried across them.
    corrections : sequence of MaskCorrection
    targets : sequence of int
        B-scans to offer them to.
    gap_um : float
        Between neighbouring B-scans.
    locked : frozenset of int
        Classes whose marks stay as they are.
    cancelled : callable
        Asked between B-scans.

    Returns
    -------
    dict of int to uint8 array ``[z, x]``
        By B-scan, where anything would change.
    """
    open_to = {b for b in targets if _is_open(annotation, b)}
    arrived: dict[int, list[_Piece]] = {}
    for correction in corrections:
        for step in (-1, 1):
            for b, pieces in _followed(scan, annotation, correction, step, open_to, gap_um):
                if cancelled():
                    return {}
                arrived.setdefault(b, []).extend(pieces)
    changed = {}
    for b, pieces in sorted(arrived.items()):
        labels = annotation.masks.labels[b]
        new = _settled(labels, _blended(pieces), locked)
        if (new != labels).any():
            changed[b] = new
    return changed


def _is_open(annotation: Annotation, b: int) -> bool:
    """Return whether nobody drew the masks of a B-scan or approved it as a whole."""
    whole = annotation.b_scan_state(b) is State.APPROVED
    return bool(annotation.states[-1, b] < State.EDITED) and not whole


def _followed(
    scan: Scan,
    annotation: Annotation,
    correction: MaskCorrection,
    step: int,
    open_to: set[int],
    gap_um: float,
) -> Iterator[tuple[int, list[_Piece]]]:
    """Yield the pieces of a correction on B-scan after B-scan, as long as there are any."""
    names = {c.value: c.name for c in annotation.masks.scheme}
    rows = np.arange(annotation.masks.labels.shape[1], dtype=np.float32)
    pieces = list(_touched(correction))
    b, away_um = correction.b, 0.0
    while pieces:
        away_um += gap_um
        far = away_um > FURTHEST_UM and away_um > gap_um
        if b + step not in open_to or far:
            return
        passage = Passage.between(scan, annotation, b, b + step)
        b += step
        curves = annotation.surfaces.values[:, b]
        landed = []
        for piece in pieces:
            if piece.gone:
                region: Bool | None = passage.moved(piece.region)
            else:
                allowed = may_lie(
                    names.get(piece.value, ""), annotation.surfaces.names, curves, rows
                )
                region = passage.carry(piece.region, allowed)
            if region is not None and region.any():
                landed.append(replace(piece, region=region, away_um=away_um))
        pieces = landed
        yield b, pieces


def _touched(correction: MaskCorrection) -> Iterator[_Piece]:
    """Yield the pieces that a correction drew or changed, and those that it removed."""
    differs = correction.before != correction.after
    beside = ndimage.binary_dilation(differs)
    for value in np.unique(correction.after[beside]).tolist():
        if value:
            for region in _pieces(correction.after == value, beside):
                yield _Piece(correction.b, value, region)
    for value in np.unique(correction.before[differs]).tolist():
        if value:
            for region in _pieces(correction.before == value, differs):
                if not correction.after[region].any():
                    yield _Piece(correction.b, value, region, gone=True)


def _pieces(region: Bool, touching: Bool) -> Iterator[Bool]:
    """Yield the connected pieces of a region that touch another one."""
    parts, _ = ndimage.label(region)
    for number in np.unique(parts[touching & region]).tolist():
        yield parts == number


def _blended(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Return pieces of one class that came from both sides and meet as one, by nearness."""
    out: list[_Piece] = []
    for piece in pieces:
        same = next(
            (
                i
                for i, other in enumerate(out)
                if other.source != piece.source
                and (other.value, other.gone) == (piece.value, piece.gone)
                and (other.region & piece.region).any()
            ),
            None,
        )
        if same is None:
            out.append(piece)
            continue
        other = out[same]
        share = other.away_um / (other.away_um + piece.away_um)
        inside = share * _distance(piece.region) + (1 - share) * _distance(other.region) > 0
        out[same] = replace(other, region=inside, away_um=min(other.away_um, piece.away_um))
    return out


def _distance(region: Bool) -> NDArray[np.float64]:
    """Return the distance to the outline ``[z, x]`` in px, positive inside."""
    distance: NDArray[np.float64] = ndimage.distance_transform_edt(region)
    distance -= ndimage.distance_transform_edt(~region)
    return distance


def _settled(labels: U8, pieces: Sequence[_Piece], locked: frozenset[int]) -> U8:
    """Return labels with `pieces` in the place of what corresponds to them."""
    out = labels.copy()
    held = np.isin(labels, [*locked])
    arriving = [p for p in pieces if not p.gone and not _is_there(labels, p)]
    around = np.zeros(labels.shape, bool)
    for piece in arriving:
        around |= piece.region
    around = ndimage.binary_dilation(around, iterations=_NEAR_PX)
    for region, value in _marks(labels):
        covered = np.count_nonzero(region & around) / np.count_nonzero(region)
        removed = any(
            p.gone and p.value == value and _dice(region, p.region) >= _UNWANTED for p in pieces
        )
        if value not in locked and (covered >= _REPLACED or removed):
            out[region] = 0
    for piece in arriving:
        free = (out == 0) | (out == piece.value)
        out[piece.region & free & ~held] = piece.value
    return out


def _is_there(labels: U8, piece: _Piece) -> bool:
    """Return whether an engine drew nearly the same."""
    drawn = labels == piece.value
    return any(_dice(region, piece.region) >= _SAME for region in _pieces(drawn, piece.region))


def _marks(labels: U8) -> Iterator[tuple[Bool, int]]:
    """Yield every connected piece of every class with its label."""
    for value in np.unique(labels).tolist():
        if value:
            for region in _pieces(labels == value, np.ones(labels.shape, bool)):
                yield region, value


def _dice(a: Bool, b: Bool) -> float:
    both = np.count_nonzero(a) + np.count_nonzero(b)
    return 2 * np.count_nonzero(a & b) / both if both else 0.0
