"""Before and after: what teaching gained on held-out B-scans, and how sure that is. No torch.

Intervals are percentile bootstraps over patients where there are several, else over B-scans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirage_core.training.finetune.scores import Structure, Sums, score

F64 = NDArray[np.float64]

_DRAWS = 1000
_SEED = 20_250
_LEVEL = 0.95
_LEAST_GROUPS = 3
_LESS = 0.99
"""An error that is less than a hundredth smaller is no gain."""
_COVERED = 0.95
_SURE = 0.9
"""Share of draws in which a model must be the better one to be suggested."""


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % confidence interval; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class StructureGain:
    """One structure before and after.

    Attributes
    ----------
    kind, name : str
    n_b_scans : int
        Held-out B-scans on which there was anything to compare.
    before, after : Interval
        Mean error in px of a surface, Dice of all else; `before` is empty where the base model
        does not know the structure.
    before_um, after_um : float or None
        Of surfaces, where the depth scale of every held-out B-scan is known.
    before_bias_px, after_bias_px : float or None
        Of surfaces: how much too deep on average.
    before_coverage, after_coverage : float or None
        Of surfaces: of the A-scans where the truth is known, the share in which the model tells.
    """

    kind: str
    name: str
    n_b_scans: int
    before: Interval
    after: Interval
    before_um: float | None = None
    after_um: float | None = None
    before_bias_px: float | None = None
    after_bias_px: float | None = None
    before_coverage: float | None = None
    after_coverage: float | None = None


@dataclass(frozen=True)
class Gain:
    """What teaching gained.

    Attributes
    ----------
    structures : tuple of StructureGain
    n_b_scans, n_patients : int
        Held-out ones.
    ratio : Interval
        Error after over error before, the mean over structures; below 1 is better.
    score_before, score_after : float or None
        0..1, see :func:`~.scores.score`.
    beats_parent : bool or None
        None where there is nothing to compare with.
    sentence : str
    """

    structures: tuple[StructureGain, ...]
    n_b_scans: int
    n_patients: int
    ratio: Interval
    score_before: float | None
    score_after: float | None
    beats_parent: bool | None
    sentence: str

    def as_fields(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class HeldOut:
    """One held-out B-scan, scored.

    Attributes
    ----------
    patient : str
    dz_um : float or None
        Depth of a px.
    before, after : tuple of Sums
        By structure; no `before` where the base model has no such head.
    """

    patient: str
    dz_um: float | None
    before: tuple[Sums, ...] | None
    after: tuple[Sums, ...]


def gain(what: Sequence[Structure], held_out: Sequence[HeldOut]) -> Gain | None:
    """Return what was gained on held-out B-scans; None without any."""
    if not held_out or not what:
        return None
    nothing = (Sums(),) * len(what)
    old = np.array([h.before or nothing for h in held_out], np.float64)
    new = np.array([h.after for h in held_out], np.float64)
    weights = np.concatenate([np.ones((1, len(held_out))), _draws(held_out)])
    # Of every choice of B-scans, all of them first: [draw, structure, 5].
    before, after = (np.einsum("dn,nsk->dsk", weights, sums) for sums in (old, new))
    ratio = _ratios(what, before, after)
    interval = _interval(ratio)
    gained = tuple(
        _structure(s, held_out, (old[:, i], new[:, i]), (before[:, i], after[:, i]))
        for i, s in enumerate(what)
    )
    lost = [s.name for s in gained if _is_lost(s)]
    beats = None
    if interval.value is not None:
        sure = float(np.mean(ratio[1:][np.isfinite(ratio[1:])] < 1))
        beats = interval.value < _LESS and sure >= _SURE and not lost
    return Gain(
        gained,
        len(held_out),
        len({h.patient for h in held_out}),
        interval,
        _number(score(what, before[0])),
        _number(score(what, after[0])),
        beats,
        _sentence(interval, beats, len(held_out), lost),
    )


def _draws(held_out: Sequence[HeldOut]) -> F64:
    """Return how often each draw of the bootstrap takes each B-scan, whole patients if it can."""
    patients = sorted({h.patient for h in held_out})
    group = np.arange(len(held_out))
    if len(patients) >= _LEAST_GROUPS:
        group = np.array([patients.index(h.patient) for h in held_out])
    n = int(group.max()) + 1
    chosen = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    return chosen[:, group].astype(np.float64)


def _values(totals: F64) -> F64:
    """Return mean error in px, or Dice, of :class:`Sums` ``[..., 5]``; NaN of nothing."""
    below = totals[..., 3]
    return np.where(below > 0, totals[..., 0] / np.where(below > 0, below, 1), np.nan)


def _ratios(what: Sequence[Structure], before: F64, after: F64) -> F64:
    """Return error after over error before, ``[draw]``, the mean over structures.

    Regions between surfaces are left out, as surfaces say the same.
    """
    counted = [i for i, s in enumerate(what) if s.kind != "region"]
    surface = np.array([what[i].kind == "surface" for i in counted])
    old, new = (_values(totals[:, counted]) for totals in (before, after))
    old, new = np.where(surface, old, 1 - old), np.where(surface, new, 1 - new)
    ratio = np.where(old > 0, new / np.where(old > 0, old, 1), np.nan)
    known = np.isfinite(ratio)
    n = known.sum(axis=1)
    return np.where(n > 0, np.where(known, ratio, 0).sum(axis=1) / np.maximum(n, 1), np.nan)


def _structure(
    what: Structure,
    held_out: Sequence[HeldOut],
    each: tuple[F64, F64],
    totals: tuple[F64, F64],
) -> StructureGain:
    """Return one structure's gain; `each` are sums by B-scan, `totals` by draw."""
    there = int((each[1][:, 3] > 0).sum())
    before, after = (_interval(_values(t)) for t in totals)
    if what.kind != "surface":
        return StructureGain(what.kind, what.name, there, before, after)
    dz_um = np.array([np.nan if h.dz_um is None else h.dz_um for h in held_out])
    um = [_um(sums, dz_um) for sums in each]
    bias = [_number(t[0, 1] / t[0, 3]) if t[0, 3] else None for t in totals]
    coverage = [float(t[0, 3] / t[0, 4]) if t[0, 4] else None for t in totals]
    return StructureGain(what.kind, what.name, there, before, after, *um, *bias, *coverage)


def _is_lost(s: StructureGain) -> bool:
    """Return whether a surface is told in clearly fewer A-scans than before."""
    before, after = s.before_coverage, s.after_coverage
    return bool(before) and after is not None and after < _COVERED * (before or 0)


def _um(sums: F64, dz_um: F64) -> float | None:
    """Return the mean error in µm; None if a scale that is needed is unknown."""
    there = sums[:, 3] > 0
    if not there.any() or np.isnan(dz_um[there]).any():
        return None
    return float((sums[there, 0] * dz_um[there]).sum() / sums[there, 3].sum())


def _interval(by_draw: F64) -> Interval:
    """Return the first of some figures, that of all B-scans, with the interval of the others."""
    found, drawn = float(by_draw[0]), by_draw[1:][np.isfinite(by_draw[1:])]
    if found != found or not drawn.size:
        return Interval(_number(found), None, None)
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(found, float(low), float(high))


def _number(x: float) -> float | None:
    return float(x) if x == x else None


def _sentence(ratio: Interval, beats: bool | None, n: int, lost: Sequence[str]) -> str:
    if beats is None or ratio.value is None:
        return "The base model knows nothing of what was taught, so there is nothing to compare."
    percent = round(100 * (1 - ratio.value))
    on = "1 B-scan" if n == 1 else f"{n} B-scans"
    if beats:
        return f"On {on} held back, the error is {percent} % smaller than the base model's."
    if lost:
        return (
            f"On {on} held back, this model finds {', '.join(lost)} in clearly fewer places than "
            "the one it was taught from: it is not suggested."
        )
    if ratio.value < _LESS:
        return (
            f"On {on} held back, the error is {percent} % smaller than the base model's, which may "
            "be chance: this model is not suggested. More corrected B-scans would tell."
        )
    return (
        f"On {on} held back, this model is no better than the one it was taught from (error after "
        f"over before {ratio.value:.2f}): it is not suggested."
    )
