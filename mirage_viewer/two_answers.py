"""Two answers about one B-scan, laid over each other: two graders, two models, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.annotated import Annotated, depths
from mirage_core.scan import LabelScheme, renumbering

SAME_PX = 0.5
"""Curves no further apart than this cannot be told apart by eye."""

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]


class Answer(NamedTuple):
    """What somebody or something says of one B-scan.

    Attributes
    ----------
    curves : float32 array ``[s, x]``
        Surfaces in px from the top, NaN undefined.
    labels : integer array ``[z, x]``
        Mask classes, 0 for background; -1 for a class that the scheme agreed on does not have.
    """

    curves: F32
    labels: NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class TwoAnswers:
    """What :class:`~mirage_viewer.canvas.comparison_layer.Compared` asks for.

    Attributes
    ----------
    one, other : float32 arrays ``[s, x]``
        Surfaces of either, row by row the same ones, px from the top, NaN undefined.
    differs : bool array ``[s, x]``
        Both are defined, further apart than is tolerated.
    draw_one, draw_other : bool arrays ``[s, x]``
        Where a curve is worth drawing.
    masks_differ : bool array ``[z, x]``
        Pixels marked differently.
    mask_one : uint8 array ``[z, x]`` or None
        Marks of the first that are drawn.
    only_one : bool array ``[z, x]`` or None
        Pixels that differ because the first alone marks them; None: it does not matter who does.
    solid_one : bool
        The curves of the first are drawn as lines, so that those of the other can be seen dashed
        over them where both run together.
    """

    one: F32
    other: F32
    differs: Bool
    draw_one: Bool
    draw_other: Bool
    masks_differ: Bool
    mask_one: U8 | None = None
    only_one: Bool | None = None
    solid_one: bool = False


def answer_of(annotated: Annotated, b: int, names: Sequence[str], scheme: LabelScheme) -> Answer:
    """Return what an annotation says of B-scan `b`, to be compared with others.

    Parameters
    ----------
    annotated : Annotated
    b : int
    names : sequence of str
        The surfaces, row by row; NaN throughout where there is none of a name.
    scheme : LabelScheme
        Whose numbers the mask classes get; they are matched by name.
    """
    labels: NDArray[np.integer] = annotated.masks.labels[b]
    if annotated.masks.scheme != scheme:
        labels = renumbering(annotated.masks.scheme, scheme)[labels]
    return Answer(np.stack([depths(annotated, name)[b] for name in names]), labels)


def laid_over(one: Answer, other: Answer, shown: Answer | None, tolerance_px: float) -> TwoAnswers:
    """Return where two answers about a B-scan differ, and what of them is worth drawing.

    Parameters
    ----------
    one, other, shown : Answer
        All with the same surfaces row by row, and labels of one scheme. What is shown already is
        not drawn again; `shown` is None where that is `one`, of which nothing is drawn then.
    tolerance_px : float
        Surfaces no further apart than this do not differ.
    """
    with np.errstate(invalid="ignore"):
        differs = np.abs(one.curves - other.curves) > tolerance_px
    draw_other = apart(other.curves, one.curves)
    draw_one, mask = np.zeros_like(draw_other), None
    if shown is not None:
        draw_one = apart(one.curves, shown.curves)
        draw_other &= apart(other.curves, shown.curves)
        mask = np.where(one.labels != shown.labels, one.labels, 0).clip(0).astype(np.uint8)
    return TwoAnswers(
        one.curves,
        other.curves,
        differs,
        draw_one,
        draw_other,
        one.labels != other.labels,
        mask,
    )


def side_by_side(one: Answer, other: Answer, tolerance_px: float) -> TwoAnswers:
    """Return two answers about a B-scan to be drawn whole, whatever else is shown.

    Parameters
    ----------
    one, other : Answer
        With the same surfaces row by row, and labels of one scheme.
    tolerance_px : float
        Surfaces no further apart than this do not differ.
    """
    with np.errstate(invalid="ignore"):
        differs = np.abs(one.curves - other.curves) > tolerance_px
    marked, differ = one.labels != 0, one.labels != other.labels
    return TwoAnswers(
        one.curves,
        other.curves,
        differs,
        np.isfinite(one.curves),
        np.isfinite(other.curves),
        differ,
        np.where(differ, 0, one.labels).clip(0).astype(np.uint8),
        differ & marked & (other.labels == 0),
        solid_one=True,
    )


def apart(curves: F32, from_: F32) -> Bool:
    """Return where `curves` ``[s, x]`` are defined and can be told from others by eye."""
    with np.errstate(invalid="ignore"):
        near = np.abs(curves - from_) <= SAME_PX
    return np.asarray(np.isfinite(curves) & ~near)
