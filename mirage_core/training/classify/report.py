"""How well classes are told on what was held back, with intervals over patients. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.calibration import calibration_error
from mirage_core.measure.confusion import Confusion
from mirage_core.measure.ranking import auroc, average_precision

F64 = NDArray[np.float64]

_DRAWS = 1000
_LEVEL = 0.95
_LEAST_GROUPS = 3
_BINS = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % bootstrap interval; None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """What was reached for one class against all others.

    Attributes
    ----------
    name : str
    n : int
        Examples of it.
    auroc, auprc : Figure
    sensitivity, specificity : float or None
        Of the most likely class, or, of a multi-label set, at a probability of a half.
    """

    name: str
    n: int
    auroc: Figure
    auprc: Figure
    sensitivity: float | None
    specificity: float | None


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Answers of one range of probability: how many, how sure, how often right."""

    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class ClassReport:
    """How well classes are told.

    Attributes
    ----------
    n, patients : int
        Examples measured on, and their patients.
    multi_label : bool
    auroc, auprc : Figure
        Means over the classes that occur, each against the rest.
    balanced_accuracy : Figure
        Mean of the classes' sensitivities; of a multi-label set, the mean over classes of the
        mean of sensitivity and specificity.
    calibration_error : float or None
        Expected calibration error, of the answer's probability; of a multi-label set, of every
        class's.
    classes : tuple of ClassFigures
    confusion : tuple of tuples of int, ``[true class][answer]``
        Empty for a multi-label set.
    calibration : tuple of CalibrationBin
        Ranges without an answer are left out.
    """

    n: int
    patients: int
    multi_label: bool
    auroc: Figure
    auprc: Figure
    balanced_accuracy: Figure
    calibration_error: float | None
    classes: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: tuple[CalibrationBin, ...]

    def as_fields(self) -> dict[str, Any]:
        """Return the report as what JSON takes."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """The report in a sentence."""
        of = "1 patient" if self.patients == 1 else f"{self.patients} patients"
        what = f"On {self.n} examples of {of} held back"
        if self.auroc.value is None:
            return f"{what}, all of one kind, nothing can be said of telling them apart."
        low, high = self.auroc.low, self.auroc.high
        interval = "" if low is None else f" (95 % {low:.2f} to {high:.2f})"
        accuracy = self.balanced_accuracy.value
        also = "" if accuracy is None else f", the balanced accuracy {accuracy:.2f}"
        return f"{what}, the mean AUROC is {self.auroc.value:.2f}{interval}{also}."


def class_report(
    probabilities: NDArray[np.floating],
    targets: NDArray[np.floating],
    patients: Sequence[str],
    labels: Sequence[str],
    *,
    multi_label: bool,
    seed: int = 0,
) -> ClassReport:
    """Return what was reached.

    Parameters
    ----------
    probabilities : float array ``[example, class]``
    targets : float array of the same shape
        1 where a class holds, else 0.
    patients : sequence of str
        Whose each example is. The bootstrap draws patients where there are three or more, else
        examples.
    labels : sequence of str
    multi_label : bool
    seed : int
        Of the bootstrap.

    Raises
    ------
    ValueError
        If there is no example, or the shapes do not belong together.
    """
    p, holds = np.asarray(probabilities, np.float64), np.asarray(targets) > 0.5
    if p.shape != holds.shape or p.shape != (len(patients), len(labels)) or not len(p):
        raise ValueError(f"probabilities {p.shape} and truths {holds.shape} of no common examples")
    draws = np.concatenate([np.ones((1, len(p))), _draws(patients, seed)])
    sensitivity, specificity = _rates(draws, holds, _found(p, multi_label))
    areas = [
        (auroc(p[:, k], holds[:, k], draws), average_precision(p[:, k], holds[:, k], draws))
        for k in range(len(labels))
    ]
    classes = tuple(
        ClassFigures(
            name,
            int(holds[:, k].sum()),
            _figure(areas[k][0]),
            _figure(areas[k][1]),
            _number(sensitivity[0, k]),
            _number(specificity[0, k]),
        )
        for k, name in enumerate(labels)
    )
    confidence, hit = _answers(p, holds, multi_label)
    return ClassReport(
        n=len(p),
        patients=len(set(patients)),
        multi_label=multi_label,
        auroc=_figure(_mean(np.stack([a for a, _ in areas], axis=1))),
        auprc=_figure(_mean(np.stack([a for _, a in areas], axis=1))),
        balanced_accuracy=_figure(_balanced(sensitivity, specificity, multi_label)),
        calibration_error=_number(calibration_error(confidence, hit, _BINS)),
        classes=classes,
        confusion=() if multi_label else _confusion(p, holds),
        calibration=_calibration(confidence, hit),
    )


def _draws(patients: Sequence[str], seed: int) -> F64:
    """Return how often each draw takes each example ``[draw, example]``."""
    names = sorted(set(patients))
    group = np.arange(len(patients))
    if len(names) >= _LEAST_GROUPS:
        group = np.array([names.index(p) for p in patients])
    n = int(group.max()) + 1
    taken = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    return taken[:, group].astype(np.float64)


def balanced_accuracy(
    probabilities: NDArray[np.floating], targets: NDArray[np.floating], *, multi_label: bool
) -> float:
    """Return what :attr:`ClassReport.balanced_accuracy` is, NaN where nothing tells."""
    p, holds = np.asarray(probabilities, np.float64), np.asarray(targets) > 0.5
    rates = _rates(np.ones((1, len(p))), holds, _found(p, multi_label))
    return float(_balanced(*rates, multi_label)[0])


def _found(p: F64, multi_label: bool) -> NDArray[np.bool_]:
    """Return which classes each answer says hold, ``[example, class]``."""
    if multi_label:
        return p >= 0.5
    return np.asarray(p.argmax(axis=1)[:, None] == np.arange(p.shape[1]))


def _balanced(sensitivity: F64, specificity: F64, multi_label: bool) -> F64:
    return _mean((sensitivity + specificity) / 2 if multi_label else sensitivity)


def _rates(draws: F64, holds: NDArray[np.bool_], found: NDArray[np.bool_]) -> tuple[F64, F64]:
    """Return sensitivity and specificity ``[draw, class]``, NaN where nothing tells."""
    return (
        _ratio(draws @ (holds & found), draws @ holds),
        _ratio(draws @ (~holds & ~found), draws @ ~holds),
    )


def _ratio(above: F64, below: F64) -> F64:
    return np.asarray(
        np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0)
    )


def _mean(values: F64) -> F64:
    """Return the mean over classes ``[draw]`` of what is defined."""
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1))


def _answers(p: F64, holds: NDArray[np.bool_], multi_label: bool) -> tuple[F64, NDArray[np.bool_]]:
    """Return how sure each answer is, and whether it is right."""
    if multi_label:
        sure = np.maximum(p, 1 - p).ravel()
        return sure, ((p >= 0.5) == holds).ravel()
    answer = p.argmax(axis=1)
    return p.max(axis=1), holds[np.arange(len(p)), answer]


def _confusion(p: F64, holds: NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    counts = Confusion.of(p.argmax(axis=1), holds.argmax(axis=1), p.shape[1]).counts
    return tuple(tuple(int(n) for n in row) for row in counts)


def _calibration(confidence: F64, hit: NDArray[np.bool_]) -> tuple[CalibrationBin, ...]:
    at = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return tuple(
        CalibrationBin(
            int((at == k).sum()), float(confidence[at == k].mean()), float(hit[at == k].mean())
        )
        for k in range(_BINS)
        if (at == k).any()
    )


def _figure(by_draw: F64) -> Figure:
    """Return the first of some figures, that of all examples, with the interval of the others."""
    value, drawn = _number(by_draw[0]), by_draw[1:][np.isfinite(by_draw[1:])]
    if value is None or not drawn.size:
        return Figure(value)
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Figure(value, float(low), float(high))


def _number(x: float) -> float | None:
    return float(x) if np.isfinite(x) else None
